"""ops/compose.yaml brought up without an engine: each service of ours as the file says (command,
environment, volumes), in the order it says, on a root that cannot be written; the others are
Debian's PostgreSQL, Prometheus and node exporter and Maven's Kafka, with the file's settings.
tests/container/run calls this in a network of its own, where the services' names lead to it."""
import json
import os
import pathlib
import signal
import subprocess
import unittest
import urllib.request

import yaml

from image_test import ROOT, Image, Stack, wait_for

KAFKA_LIBS = os.environ["SASREC_KAFKA_LIBS"]


def ask(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class Up(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(trained=False)
        cls.addClassCleanup(cls.stack.__exit__)
        cls.stack.env["SASREC_PGPORT"] = "5432"
        cls.stack.port, cls.stack.ui_port = 8000, 8501
        cls.stack.start_postgres()
        cls.services = cls.read(cls.stack.env["PGPASSWORD"])
        cls.images = {name: Image(name) for name in ("sasrec", "sasrec-dbt")}
        for image in cls.images.values():
            cls.addClassCleanup(image.remove)
        cls.start_kafka()
        cls.start_prometheus()
        for name in "migrate", "seeder", "topics", "trainer":
            cls.run_once(name)
        cls.running = {name: cls.start(name, cls.command(name))
                       for name in ("api", "worker", "db-writer", "dbt")}
        for name in "api", "worker", "db-writer":
            wait_for(f"{name} is healthy", 60, lambda: cls.is_healthy(name))

    @staticmethod
    def read(password):
        done = subprocess.run(
            ["docker-compose", "-f", ROOT / "ops/compose.yaml", "--profile", "train", "config"],
            env=os.environ | {"SASREC_PASSWORD": password}, text=True, check=True,
            stdout=subprocess.PIPE)
        return yaml.safe_load(done.stdout)["services"]

    # What the file says of a service.

    @classmethod
    def image(cls, name):
        return cls.images[cls.services[name]["image"].split(":")[0]]

    @classmethod
    def folder(cls, volume):
        folder = cls.stack.folder / "volumes" / volume.strip("/").replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @classmethod
    def command(cls, name, check=False):
        service, image = cls.services[name], cls.image(name)
        mounts = [volume.split(":", 1) for volume in service["volumes"]]
        mounts += [entry.split(":")[:1] * 2 for entry in service["tmpfs"]
                   if not entry.startswith("/tmp")]
        folders = {cls.folder(source): place for source, place in mounts}
        words = (image.config["Healthcheck"]["Test"][1:] if check else
                 service.get("command", image.config["Cmd"]))
        return image.command(*words, env=service["environment"], folders=folders,
                             entrypoint=not check)

    @classmethod
    def run_once(cls, name):
        done = subprocess.run(cls.command(name), text=True, capture_output=True, timeout=200)
        assert done.returncode == 0, (name, done.stdout + done.stderr)

    @classmethod
    def is_healthy(cls, name):
        assert cls.running[name].poll() is None, f"{name} ended"
        return subprocess.run(cls.command(name, check=True),
                              capture_output=True).returncode == 0

    @classmethod
    def start(cls, name, command):
        with open(cls.stack.folder / f"{name}.log", "w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        cls.addClassCleanup(cls.stop, process)
        return process

    @staticmethod
    def stop(process):
        process.send_signal(signal.SIGTERM)
        return process.wait(20)

    # The projects' own.

    @classmethod
    def start_kafka(cls):
        """As its image does: KAFKA_LOG_DIRS is log.dirs of the properties."""
        settings = dict(cls.services["kafka"]["environment"])
        cluster, heap = settings.pop("CLUSTER_ID"), settings.pop("KAFKA_HEAP_OPTS").split()
        settings["KAFKA_LOG_DIRS"] = str(cls.folder("kafka"))
        properties = cls.stack.folder / "server.properties"
        properties.write_text("".join(
            f"{key.removeprefix('KAFKA_').replace('_', '.').lower()}={value}\n"
            for key, value in settings.items()))
        java = ["java", *heap, "-cp", f"{KAFKA_LIBS}/*",
                f"-Dlog4j.configuration=file:{ROOT}/ops/kafka/log4j.properties"]
        subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", cluster,
                        "-c", properties], check=True, stdout=subprocess.DEVNULL)
        cls.start("kafka", [*java, "kafka.Kafka", properties])
        wait_for("the broker listens", 120, lambda: subprocess.run(
            ["bash", "-c", "exec 3<>/dev/tcp/kafka/9092"], capture_output=True).returncode == 0)

    @classmethod
    def start_prometheus(cls):
        places = {"--config.file=/etc/prometheus": f"--config.file={ROOT}/ops/prometheus",
                  "=/prometheus": f"={cls.folder('prometheus')}",
                  "=/metrics": f"={cls.folder('metrics')}", "=/host": "=/"}
        for name, program in {"prometheus": "prometheus",
                              "textfiles": "prometheus-node-exporter"}.items():
            words = []
            for word in cls.services[name]["command"]:
                for inside, outside in places.items():
                    word = word.replace(inside, outside)
                words.append(word)
            cls.start(name, [program, *words])

    # What people get of it.

    def test_a_request_takes_the_way_over_kafka(self):
        status, answer, _ = self.stack.post("/predict", {"history": [10, 20, 30]})
        self.assertEqual(status, 202, answer)
        status, result, _ = self.stack.get(f"/result/{answer['request_id']}",
                                           {"Prefer": "wait=10"})
        self.assertEqual((status, result["status"]), (200, "COMPLETED"), result)
        self.assertRegex(ask("http://worker:8001/metrics"),
                         r"(?m)^worker_processed_total [1-9]")

    def test_the_page_is_there(self):
        self.assertIn("<html", ask("http://localhost:8501/"))

    def test_the_marts_are_made(self):
        wait_for("marts", 120, lambda: self.stack.sql(
            "SELECT to_regclass('marts.dm_daily_stats') IS NOT NULL") == "t")
        wait_for("dbt has told of its run", 60, lambda:
                 "sasrec_dbt_last_run_success 1" in ask("http://textfiles:9100/metrics"))
        self.assertGreater(int(self.stack.sql("SELECT count(*) FROM dm_daily_stats")), 0)

    def test_prometheus_reaches_all_that_it_finds_by_name(self):
        """Workers it finds by DNS, which is not here: asked above."""
        def up():
            targets = json.loads(ask("http://prometheus:9090/api/v1/targets"))
            return {t["labels"]["job"] for t in targets["data"]["activeTargets"]
                    if t["health"] == "up"}
        wait_for("targets are up", 60, lambda: up() >= {
            "sasrec-api", "sasrec-db-writer", "node", "prometheus"})

    def test_only_the_trainer_can_write_models(self):
        place = "/var/lib/sasrec/checkpoints"
        for name, can in ("worker", False), ("api", False):
            lines = pathlib.Path(f"/proc/{self.running[name].pid}/mounts").read_text()
            options = next(line.split()[3] for line in lines.splitlines()
                           if line.split()[1].endswith(place))
            self.assertEqual("rw" in options.split(","), can, name)


if __name__ == "__main__":
    unittest.main()
