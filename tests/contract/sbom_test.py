"""ops/sbom over the program that was built: valid SPDX by the tools of those who wrote it, and
equal to what the loader and the package manager say."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from tools import BUILD, ROOT, programs


def run(*command, **more):
    return subprocess.run(command, text=True, capture_output=True, **more)


def make(out, *arguments, page=BUILD / "ui/dist", program=BUILD / "sasrec"):
    return run(ROOT / "ops/sbom", program, out, "--page", page, *arguments,
               env=os.environ | {"SOURCE_DATE_EPOCH": "1764000000"})


class Sbom(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="sasrec-sbom-"))
        cls.out = pathlib.Path(folder, "sasrec.spdx.json")
        done = make(cls.out, "--beside", "tzdata", "--static", "libgcc-12-dev")
        assert done.returncode == 0, done.stderr
        cls.document = json.loads(cls.out.read_text())
        cls.packages = {part["name"]: part for part in cls.document["packages"]}
        cls.kinds = {row["relatedSpdxElement"]: row["relationshipType"]
                     for row in cls.document["relationships"]}

    def kind(self, name):
        return self.kinds[self.packages[name]["SPDXID"]]

    def test_it_is_valid_spdx(self):
        done = run(programs("spdx") / "pyspdxtools", "-i", self.out)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_tools_refuse_what_is_wrong(self):
        """Else the test above would say nothing."""
        wrong = json.loads(self.out.read_text())
        wrong["packages"][1]["licenseDeclared"] = "LicenseRef-nobody-knows"
        path = self.out.with_name("wrong.spdx.json")
        path.write_text(json.dumps(wrong))
        self.assertNotEqual(run(programs("spdx") / "pyspdxtools", "-i", path).returncode, 0)

    def test_every_library_is_of_a_package_that_it_lists(self):
        paths = list(map(os.path.realpath,
                         re.findall(r"=> (/\S+)", run("ldd", BUILD / "sasrec").stdout)))
        self.assertGreater(len(paths), 20)
        known = run("dpkg-query", "-S", *paths, *(p.removeprefix("/usr") for p in paths)).stdout
        for path in paths:
            owner = re.search(rf"^(\S+?):.* (/usr)?{re.escape(path.removeprefix('/usr'))}$",
                              known, re.M)[1]
            version = run("dpkg-query", "-W", "-f", "${Version}", owner).stdout
            self.assertEqual(self.packages[owner]["versionInfo"], version)

    def test_how_each_is_part_of_it(self):
        self.assertEqual(self.kind("sasrec"), "DESCRIBES")
        self.assertEqual(self.kind("libpq5"), "DYNAMIC_LINK")
        self.assertEqual(self.kind("libkrb5-3"), "DEPENDS_ON")  # through libpq
        self.assertEqual(self.kind("libgcc-12-dev"), "STATIC_LINK")
        self.assertEqual(self.kind("tzdata"), "DEPENDS_ON")

    def test_the_page_is_in_it(self):
        wanted = json.loads((ROOT / "ui/package.json").read_text())["devDependencies"]
        wanted.pop("esbuild")  # makes the page, is no part of it
        for name, version in wanted.items():
            self.assertEqual(self.packages[name]["versionInfo"], version)
            self.assertEqual(self.kind(name), "CONTAINS")
        self.assertEqual(self.packages["preact"]["licenseDeclared"], "MIT")

    def test_licences_are_as_debian_declares_them(self):
        for name, licence in {"libpq5": "PostgreSQL", "libulfius2.7": "LGPL-2.1-only",
                              "libzstd1": "BSD-3-Clause OR GPL-2.0-only",
                              "libkrb5-3": "LicenseRef-krb5"}.items():
            self.assertEqual(self.packages[name]["licenseDeclared"], licence)
        texts = {t["licenseId"]: t["extractedText"]
                 for t in self.document["hasExtractedLicensingInfos"]}
        self.assertIn("Massachusetts Institute of Technology", texts["LicenseRef-krb5"])

    def test_the_same_again(self):
        again = self.out.with_name("again.spdx.json")
        make(again, "--beside", "tzdata", "--static", "libgcc-12-dev")
        self.assertEqual(again.read_bytes(), self.out.read_bytes())

    def test_what_is_missing_is_said(self):
        out = self.out.with_name("none")
        for more, words in (({"page": ROOT / "ui/src"}, "names no package of the page"),
                            ({"program": "/usr/bin/nothing"}, "nothing")):
            done = make(out, **more)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)
            self.assertFalse(out.exists())


if __name__ == "__main__":
    unittest.main()
