"""ops/compose.yaml as docker-compose reads it: what people were promised is in it, each image has
an exact version, nothing is reached from outside this machine, and every file it mounts is there.
Run by Debian's python3, which has PyYAML with docker-compose."""
import pathlib
import re
import subprocess
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "ops/compose.yaml"


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = subprocess.run(["docker-compose", "-f", FILE, "--profile", "train", "config"],
                              text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        cls.file = yaml.safe_load(done.stdout)
        cls.services = cls.file["services"]

    def test_everything_is_in_it(self):
        self.assertLessEqual(
            {"api", "worker", "db-writer", "kafka", "postgres", "seeder", "dbt", "prometheus",
             "grafana", "trainer"}, set(self.services))
        self.assertEqual(self.services["trainer"]["profiles"], ["train"])

    def test_ports_are_of_this_machine_alone(self):
        ports = {int(str(port).split(":")[1]): port for service in self.services.values()
                 for port in service.get("ports", [])}
        self.assertEqual(set(ports), {8000, 8501, 3000, 9090})
        for port in ports.values():
            self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_only_what_this_machine_reaches_is_open(self):
        """The image listens to others; without SASREC_OPEN it asks them for keys."""
        containerfile = (ROOT / "Containerfile").read_text()
        self.assertIn("SASREC_BIND=0.0.0.0", containerfile)
        self.assertNotRegex(containerfile, r"SASREC_OPEN=")
        for name, service in self.services.items():
            is_open = service.get("environment", {}).get("SASREC_OPEN") == "yes"
            self.assertEqual(is_open, name == "api", name)
            if is_open:
                for port in service["ports"]:
                    self.assertTrue(str(port).startswith("127.0.0.1:"), port)

    def test_images_have_exact_versions(self):
        version = re.search(r"project\(sasrec VERSION ([\d.]+)",
                            (ROOT / "CMakeLists.txt").read_text())[1]
        for name, service in self.services.items():
            image, tag = service["image"].rsplit(":", 1)
            if "build" in service:
                self.assertEqual(tag, version, name)
                target = service["build"]["target"]
                self.assertEqual(image, target)
                self.assertIn(f" AS {target}\n", (ROOT / "Containerfile").read_text())
            else:
                self.assertRegex(tag, r"^v?\d+\.\d+(\.\d+)?(-[a-z]+)?$", name)

    def test_ours_run_without_rights(self):
        for name, service in self.services.items():
            if "build" in service:
                self.assertTrue(service["read_only"], name)
                self.assertEqual(service["cap_drop"], ["ALL"], name)
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"], name)

    def test_roles_are_asked_where_they_listen(self):
        roles = {"api": None, "worker": "8001", "db-writer": "8002"}
        for role, port in roles.items():
            service = self.services[role]
            self.assertEqual(service["command"], ["serve", "--role", role])
            self.assertEqual(service["environment"].get("SASREC_ADMIN_PORT"), port)
            self.assertIn(role, service["environment"]["SASREC_HOSTS"].split(","))

    def test_only_the_trainer_writes_models(self):
        for name, service in self.services.items():
            for volume in service.get("volumes", []):
                if str(volume).startswith("checkpoints:"):
                    self.assertEqual(str(volume).endswith(":ro"), name != "trainer", name)

    def test_files_that_are_mounted_exist(self):
        mounted = [volume.split(":")[0] for service in self.services.values()
                   for volume in service.get("volumes", []) if str(volume).startswith("/")]
        self.assertTrue(mounted)
        for path in mounted:
            self.assertTrue(pathlib.Path(path).is_dir(), path)
        volumes = {str(volume).split(":")[0] for service in self.services.values()
                   for volume in service.get("volumes", []) if not str(volume).startswith("/")}
        self.assertEqual(volumes, set(self.file["volumes"]))


if __name__ == "__main__":
    unittest.main()
