"""The deployment under test: a Stack (PostgreSQL, seed, model) whose service processes
are roles, each with a keeper that restarts it when it dies. Scenarios hurt roles by
name; what they check does not depend on which roles there are.

ROLES is the table of deployments. Those with Kafka have a broker of their own."""
import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from stack import BUILD, ROOT, Stack, free_port, wait_for  # noqa: E402

WORKER = ["serve", "--role", "worker", "--workers", "1"]

# deployment: {role: arguments of sasrec}
ROLES = {
    "all": {"server": ["serve", "--role", "all"]},
    "kafka": {"api": ["serve", "--role", "api"], "worker-1": WORKER, "worker-2": WORKER,
              "db-writer": ["serve", "--role", "db-writer"]},
}
ROLES["kafka-replicas"] = ROLES["kafka"] | {
    "api-2": ["serve", "--role", "api", "--ui-port", "0"]}
ROLES["kafka-3"] = ROLES["kafka"] | {"worker-3": WORKER}

AUDIT = """
create table chaos_audit (at timestamptz default clock_timestamp(), request_id uuid,
    was text, became text);
create function chaos_audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        insert into chaos_audit (request_id, was) values (old.request_id, old.status);
        return old;
    end if;
    if old.status <> 'PENDING' or new.status <> 'PENDING' then
        insert into chaos_audit (request_id, was, became)
            values (old.request_id, old.status, new.status);
    end if;
    return new;
end $$;
create trigger chaos_audit after update or delete on predictions
    for each row execute function chaos_audit();
"""


class Role:
    """A process that is kept alive until close(): a death that was not asked for counts
    as a crash, and either kind is followed by a restart."""

    def __init__(self, stack, name, command, port, env):
        self.stack, self.name, self.command, self.port = stack, name, command, port
        self.process = None
        # A role without clients has its probes there; the others have them there too.
        self.env = env | {"SASREC_HTTP_PORT": str(port), "SASREC_ADMIN_PORT":
                          "" if {"worker", "db-writer"} & set(command) else "0"}
        self.frozen = False
        self.kills = 0
        self.crashes = []
        self.closing = False
        self.lock = threading.Lock()
        self.keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self):
        self._spawn()
        self.keeper.start()

    def _spawn(self):
        with open(self.stack.folder / f"{self.name}.log", "a") as log:
            self.process = subprocess.Popen(self.command, env=self.stack.env | self.env,
                                            cwd=self.stack.folder, stdout=log, stderr=log)

    def _keep(self):
        while not self.closing:
            with self.lock:
                status = self.process.poll()
                if status is not None and not self.closing:
                    if self.kills == 0:
                        self.crashes.append(status)
                    self.kills = 0
                    self._spawn()
            time.sleep(0.02)

    def kill(self, for_good=False):
        with self.lock:
            self.closing = for_good
            if self.process.poll() is None:
                self.kills += 1
                self.process.kill()

    def freeze(self):
        self.frozen = True
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)
        self.frozen = False

    def ready(self):
        return self.stack.status_of(self.port, "/readyz") == 200

    def wait_ready(self, seconds=60):
        wait_for(f"{self.name} is ready", seconds, self.ready)

    def rss_kb(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0])

    def close(self):
        """Ends it in order; what was wrong with that, or None. (Sanitizers speak by the
        exit status.)"""
        with self.lock:
            self.closing = True
        if self.process is None or self.process.poll() is not None:
            return None
        self.thaw()
        self.process.terminate()
        try:
            status = self.process.wait(5)
            return f"{self.name}: exit status {status}" if status else None
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"{self.name}: not within 5 s"


class Proxy:
    """sasrec-proxy in front of a port of this machine (proxy.c says what it can do)."""

    def __init__(self, to, seed):
        self.port = free_port()
        self.process = subprocess.Popen(
            [BUILD / "tests/sasrec-proxy", str(self.port), str(to), str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ok\n"

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer == "ok\n", f"{command}: {answer}"

    def close(self):
        self.process.stdin.close()
        self.process.wait(5)
        self.process.stdout.close()


class Broker:
    """A Kafka broker (ops/kafka/run) whose topics are created at every start."""

    def __init__(self, stack):
        self.stack, self.home = stack, stack.folder / "broker"
        self.home.mkdir()
        self.port = free_port(2)  # and one for its controller
        self.env = stack.env | {
            "SASREC_RUN": str(self.home), "SASREC_KAFKA_PORT": str(self.port),
            "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1",  # it lives for a minute
            "SASREC_KAFKA_SECURE": os.environ.get("SASREC_KAFKA_SECURE", ""),
            "SASREC_KAFKA_LIBS": os.environ.get(
                "SASREC_KAFKA_LIBS", str(ROOT / ".run/kafka/libs"))}
        self.process = None
        stack.env["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{self.port}"

    def start(self):
        """Returns when the topics are there. Started again when it ends by itself, as
        ops/keep does."""
        env_file = self.home / "kafka/env"
        env_file.unlink(missing_ok=True)
        self._spawn()
        self._wait("the broker has chosen its port", env_file.exists)
        how = dict(line.split("=", 1) for line in env_file.read_text().splitlines())
        self.port = int(how["KAFKA_BOOTSTRAP_SERVERS"].rsplit(":", 1)[1])
        self.env["SASREC_KAFKA_PORT"] = str(self.port)
        self.stack.env.update(how)
        self._wait("topics are created", lambda: self.stack.sasrec(
            "topics", "create", check=False).returncode == 0)

    def _spawn(self):
        with open(self.stack.folder / "broker.log", "a") as log:
            self.process = subprocess.Popen(["setsid", ROOT / "ops/kafka/run"], env=self.env,
                                            stdout=log, stderr=log)

    def _wait(self, what, ask):
        def asked():
            if self.process.poll() is not None:
                time.sleep(0.2)
                self._spawn()
            return ask()
        wait_for(what, 120, asked)

    def end(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait(30)

    def forget(self):
        """Its data is gone; to be called while it is down."""
        shutil.rmtree(self.home / "kafka/data")


class Deployment(Stack):
    """starts: the roles, and "broker", that are started; None: all. The scenario starts
    the others. named: members of Kafka's groups keep their names over a restart."""

    def __init__(self, kind="all", proxied=False, seed=1, env=None, trained=True,
                 starts=None, named=False):
        super().__init__(trained=trained)
        self.kind, self.proxied, self.seed, self.starts = kind, proxied, seed, starts
        self.named = named
        self.role_env = env or {}
        self.roles = {}
        self.proxy = self.broker = None

    def __enter__(self):
        super().__enter__()
        try:
            self.sql(None, script=AUDIT)
            self._start_roles()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind=None, *rest):
        self.close_roles()
        if self.proxy:
            self.proxy.close()
        if self.broker and self.broker.process:
            self.broker.end()
        if kind:
            for name in ["broker", *self.roles]:
                print(f"--- end of {name}.log:", *self.log(name)[-40:], sep="\n",
                      file=sys.stderr)
        super().__exit__(kind, *rest)

    def _start_roles(self):
        env = dict(self.role_env)
        if self.proxied:
            self.proxy = Proxy(self.env["PGPORT"], self.seed)
            env["PGPORT"] = str(self.proxy.port)
        if self.kind.startswith("kafka"):
            self.broker = Broker(self)
            if self._is_started("broker"):
                self.broker.start()
        for name, arguments in ROLES[self.kind].items():
            port = self.port if name in ("server", "api") else free_port()
            mine = {"SASREC_KAFKA_CONFIG": f"group.instance.id={name}"} if self.named else {}
            self.roles[name] = Role(
                self, name, [BUILD / "sasrec", *arguments], port, env | mine)
        started = [role for name, role in self.roles.items() if self._is_started(name)]
        for role in started:
            role.start()
        for role in started:
            role.wait_ready()

    def _is_started(self, name):
        return self.starts is None or name in self.starts

    def start_role(self, name):
        self.roles[name].start()
        self.roles[name].wait_ready()

    def close_roles(self):
        """What was wrong with the ends of roles; asking again finds nothing."""
        return [wrong for role in self.roles.values() if (wrong := role.close())]

    def log(self, name):
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    def status_of(self, port, path, timeout=5):
        try:
            return self.get(path, port=port, timeout=timeout)[0]
        except (OSError, http.client.HTTPException):
            return 0

    def metric(self, name, prefix):
        """The sum of a role's samples that begin so."""
        text = self.get("/metrics", port=self.roles[name].port)[1].decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if line.startswith(prefix))

    # PostgreSQL

    def postgres_pids(self):
        """The postmaster and its children."""
        top = self.postgres.pid
        return [top] + [int(p) for p in pathlib.Path(
            f"/proc/{top}/task/{top}/children").read_text().split()]

    def cpu_s(self):
        """That the roles and PostgreSQL have taken until now."""
        pids = [role.process.pid for role in self.roles.values()] + self.postgres_pids()
        ticks = 0
        for pid in pids:
            with contextlib.suppress(FileNotFoundError):  # it has ended since
                words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(words[11]) + int(words[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def signal(how, pids):
        for pid in pids:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass

    def backends(self):
        """Process ids of the service's connections; none while PostgreSQL recovers."""
        try:
            rows = self.sql("select pid from pg_stat_activity where datname = current_database()"
                            " and application_name like 'sasrec%' order by pid")
        except AssertionError as refused:
            if "in recovery mode" not in str(refused):
                raise
            return []
        return [int(pid) for pid in rows.split()]
