"""openapi.json is what the real server does: to those who make requests from it, and to the
clients that are made from it for Python and TypeScript."""
import dataclasses
import json
import pathlib
import re
import subprocess
import unittest

from calls import DESCRIPTION, Description, typescript
from conformance import Service
from tools import BUILD, HERE, ROOT, programs

MODULES = BUILD / "contract/node_modules"  # lint.mjs has fetched them
SEED = "20260131"


def run(*command, **more):
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, timeout=120, **more)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(Service())
        cls.authorization = {"Authorization": f"Bearer {cls.stack.key}"}
        cls.addresses = [f"http://127.0.0.1:{port}" for port in (cls.stack.port, cls.stack.admin_port)]
        cls.calls = Description(cls.known()).calls()

    def setUp(self):
        """What a client has deleted is there again for the next."""
        self.stack.post("/interactions", {"user_id": "user_7", "item_id": 10}, self.authorization)
        self.stack.post("/items", {"item_id": 10, "title": "Kettle"}, self.authorization)
        self.stack.request("PUT", "/rules/homepage", {"exclude": [666]}, self.authorization)

    @classmethod
    def known(cls):
        """What no description can have examples of."""
        accepted = cls.stack.post("/predict", {"history": [10, 20, 30]}, cls.authorization)[1]
        page = cls.stack.get("/docs")[1].decode()
        return {"request_id": accepted["request_id"], "asset.name": re.search(r'assets/([^"]+)', page)[1]}

    def check_all_were_made(self, made):
        self.assertEqual(set(made), {call.operation_id for call in self.calls})
        self.assertEqual({status // 100 for status in made.values()}, {2}, made)

    def test_requests_made_from_the_description(self):
        """Few of them; tests/contract/schemathesis makes more."""
        status, made, printed = self.stack.ask_all("--seed", SEED,
                                                   "--phases", "examples,fuzzing", "--max-examples", "4")
        self.assertEqual(status, 0, printed)
        self.assertGreater(made, 100, printed)

    def test_a_client_made_for_python(self):
        folder = self.stack.folder / "generated_client"
        bin = programs("clients")
        run(bin / "openapi-python-client", "generate", "--path", DESCRIPTION, "--meta", "none",
            "--config", HERE / "generated_python.yaml", "--output-path", folder)
        made = run(bin / "python", HERE / "generated_python.py", folder, *self.addresses, self.stack.key,
                   input=json.dumps([dataclasses.asdict(call) for call in self.calls]))
        self.check_all_were_made(json.loads(made))

    def test_a_client_made_for_typescript(self):
        folder = self.stack.folder / "typescript"
        folder.mkdir()
        (folder / "node_modules").symlink_to(MODULES)
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "calls.ts").write_text(typescript(self.calls))
        run("node", MODULES / "openapi-typescript/bin/cli.js", DESCRIPTION, "--default-non-nullable=false",
            "-o", folder / "openapi.d.ts")
        (folder / "tsconfig.json").write_text(json.dumps({"files": ["calls.ts"], "compilerOptions": {
            "strict": True, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
            "skipLibCheck": True, "types": []}}))
        run("node", MODULES / "typescript/bin/tsc", cwd=folder)
        self.check_all_were_made(json.loads(run("node", "calls.js", *self.addresses, self.stack.key, cwd=folder)))

    def test_our_own_client_is_typed(self):
        run(programs("clients") / "mypy", "--strict", "--cache-dir", BUILD / "contract/mypy",
            ROOT / "clients/python/sasrec_client.py")


if __name__ == "__main__":
    unittest.main()
