"""What can go wrong, by name. A scenario gets a run (run.py's Run): it hurts roles,
PostgreSQL or the checkpoints while the load goes on, notes what it did, and may say what
it expects beside the ledger."""
import operator
import os
import signal
import subprocess
import time

import checkpoints

SCENARIOS = {}


class Scenario:
    def __init__(self, faults, **options):
        self.faults = faults
        self.name = faults.__name__.replace("_", "-")
        self.help = " ".join(faults.__doc__.split())
        self.seconds = options.pop("seconds", 60)
        self.rate = options.pop("rate", 200)
        self.connections = options.pop("connections", 32)
        self.deployment = options  # arguments of Deployment


def scenario(**options):
    def register(faults):
        SCENARIOS[faults.__name__.replace("_", "-")] = Scenario(faults, **options)
        return faults
    return register


# Roles

@scenario()
def kill_storm(run):
    """kill -9 of a random role about every 5 s, from random moments on."""
    while run.pause(run.rng.uniform(2.5, 7.5), tail=3):
        role = run.rng.choice(list(run.roles.values()))
        run.note(f"kill -9 {role.name}", resumes_within=5)
        role.kill()


@scenario(seconds=75)
def freeze(run):
    """SIGSTOP of each role, of the broker if there is one, of PostgreSQL's postmaster, and of
    all of PostgreSQL, 15 s each (less in a short run)."""
    broker = [run.deployment.broker.process.pid] if run.deployment.broker else None
    share = min(15, (run.seconds - 9) / (len(run.roles) + 2 + bool(broker)) - 3)
    for role in run.roles.values():
        run.pause(3)
        run.note(f"SIGSTOP {role.name} for {share:.0f} s")
        role.freeze()
        run.pause(share)
        role.thaw()
        run.note(f"SIGCONT {role.name}", resumes_within=5)
    frozen = [("postmaster", [run.deployment.postgres.pid]), ("postgres", None)]
    for name, pids in ([("broker", broker)] if broker else []) + frozen:
        run.pause(3)
        pids = pids or run.deployment.postgres_pids()
        run.note(f"SIGSTOP {name} for {share:.0f} s")
        run.deployment.signal(signal.SIGSTOP, pids)
        run.pause(share)
        run.deployment.signal(signal.SIGCONT, pids)
        run.note(f"SIGCONT {name}", resumes_within=5)
    run.expect_alive()


# PostgreSQL

@scenario()
def postgres_kill(run):
    """PostgreSQL ended three times: postmaster kill -9, immediate, fast; back after 2 s."""
    ways = [("kill -9", signal.SIGKILL), ("immediate", signal.SIGQUIT),
            ("fast", signal.SIGINT)]
    run.rng.shuffle(ways)
    gap = (run.seconds - 6) / 3 - 4
    for name, how in ways:
        run.pause(run.rng.uniform(0.5, 1) * gap)
        run.note(f"PostgreSQL stops: {name}")
        run.deployment.stop_postgres(how)
        run.pause(2)
        run.deployment.start_postgres()
        run.note("PostgreSQL answers", resumes_within=2)
    run.expect_alive()
    run.expect("longest wait for an answer, s", run.longest_service, at_most=8)


@scenario()
def backend_kill(run):
    """One connection of the service at a time: pg_terminate_backend, and now and then kill
    -9 of its backend, after which PostgreSQL restarts all of them."""
    count = 0
    while run.pause(run.rng.uniform(1, 3), tail=5):
        pids = run.deployment.backends()
        if not pids:
            continue
        pid = run.rng.choice(pids)
        count += 1
        if count % 4 == 0:
            run.note(f"kill -9 backend {pid}", resumes_within=4)
            run.deployment.signal(signal.SIGKILL, [pid])
        else:
            run.note(f"pg_terminate_backend {pid}", resumes_within=2)
            run.deployment.sql(f"select pg_terminate_backend({pid})")
    run.expect_alive()


@scenario(proxied=True, connections=128)
def slow_database(run):
    """The network to PostgreSQL: 100 ms late with jitter, then in slices of 7 bytes, then
    at 64 kbit/s, then all of it."""
    share = (run.seconds - 8) / 4
    for toxics in ["latency 100 50"], ["slice 7"], ["rate 64"], \
            ["latency 50 20", "slice 100", "rate 256"]:
        run.pause(1)
        run.note(f"network: {', '.join(toxics)}")
        for toxic in toxics:
            run.deployment.proxy.tell(toxic)
        run.pause(share)
        run.deployment.proxy.tell("heal")
        run.note("network heals", resumes_within=10)
    run.expect_alive()
    run.expect("longest wait for an answer, s", run.longest_service, at_most=10)


@scenario(proxied=True)
def half_open_database(run):
    """Connections to PostgreSQL: half-open, silent for a while, reset, refused."""
    share = min(8, (run.seconds - 6) / 4 - 2)
    for toxic in "half-open", "drop", "reset", "refuse":
        run.pause(2)
        run.note(f"network: {toxic}", **({"resumes_within": 10} if toxic in (
            "half-open", "reset") else {}))
        run.deployment.proxy.tell(toxic)
        if toxic == "refuse":
            run.deployment.proxy.tell("reset")
        run.pause(share)
        run.deployment.proxy.tell("heal")
        run.note("network heals", resumes_within=5)
    run.expect_alive()
    run.expect("longest wait for an answer, s", run.longest_service, at_most=10)


# Models

def _current(run):
    return (run.folder / "current").read_text().strip()


def _reload(run):
    return run.deployment.post("/models/reload", {})


def _reload_workers(run, version):
    """A stranger's announcement; false if not every worker has the version within 5 s."""
    if not run.deployment.broker:
        return True
    workers = [role for name, role in run.roles.items() if name.startswith("worker")]
    subprocess.run(["kcat", "-q", "-P", "-b", run.deployment.env["KAFKA_BOOTSTRAP_SERVERS"],
                    "-t", "system.control"], input='{"event":"MODEL_UPDATED"}', text=True,
                   check=True)
    end = time.monotonic() + 5
    while {run.deployment.get("/version", port=worker.port)[1]["model_version"]
           for worker in workers} != {version}:
        if time.monotonic() > end:
            return False
    return True


@scenario(seconds=45)
def reload_storm(run):
    """A new checkpoint is published ten times a second for the second half."""
    first = _current(run)
    trained = [first]
    for seed in (2, 3, 4):
        run.deployment.sasrec("train", "--epochs", "1", "--seed", str(seed),
                              "--publish", "always", "--out",
                              str(run.folder / f"seed{seed}"))
        made = next((run.folder / f"seed{seed}").glob("*.safetensors"))
        name = f"trained-{seed}"
        checkpoints.copy(made, name)
        made.with_name(name + ".safetensors").rename(run.folder / f"{name}.safetensors")
        trained.append(name)
    run.load_now(60, count=8000)  # fills what the service remembers
    run.start_load()
    run.pause(run.seconds * 0.4)
    quiet_from, storm_from = run.load_started_ms + 2000, run.now_ms()
    rss = {name: role.rss_kb() for name, role in run.roles.items()}
    count = refused = 0
    while run.pause(max(0.0, 0.1 - run.last_reload_s), tail=4):
        count += 1
        version = f"storm-{count:04}"
        checkpoints.copy(run.folder / f"{trained[count % len(trained)]}.safetensors",
                         version)
        began = time.monotonic()
        published = run.now_ms()
        checkpoints.publish(run.folder, version)
        status, body, _ = _reload(run)
        refused += (status != 200 or body["version"] != version
                    or not _reload_workers(run, version))
        run.last_reload_s = time.monotonic() - began
        run.published(version, published, run.now_ms())
    storm_to = run.now_ms()
    run.note(f"{count} models were published")
    run.wait_load()
    grown = max(role.rss_kb() / rss[name] for name, role in run.roles.items())
    for name, role in run.roles.items():
        run.tell(f"{name}: KB resident before", rss[name])
        run.tell(f"{name}: KB resident after", role.rss_kb())
    quiet = run.p99_ms(quiet_from, storm_from)
    storm = run.p99_ms(storm_from, storm_to)
    run.tell("p99 ms, without reloads", round(quiet, 2))
    run.tell("p99 ms, with reloads", round(storm, 2))
    run.tell("p99, with / without", round(storm / quiet, 2))
    run.expect("reloads refused", refused, at_most=0)
    run.expect("requests not answered 202", run.not_accepted, at_most=0)
    run.expect("memory after / before", round(grown, 3), at_most=1.05)
    run.expect_alive()


@scenario(seconds=30)
def bad_checkpoints(run):
    """Damaged, lying and odd files are published as current: each is refused at once, and
    the model in use stays."""
    good = _current(run)
    data = (run.folder / f"{good}.safetensors").read_bytes()
    run.start_load()
    tried = taken = 0
    slowest = 0.0
    kinds = {}
    while run.pause(0.02, tail=3):
        version = f"bad-{tried:05}"
        path = run.folder / f"{version}.safetensors"
        if tried % 20 < len(checkpoints.ODD_FILES):
            kind = checkpoints.ODD_FILES[tried % 20]
            checkpoints.place_odd_file(path, kind)
        else:
            kind, content = checkpoints.damaged(data, tried, run.rng)
            checkpoints.write(path, content)
        checkpoints.publish(run.folder, version)
        began = time.monotonic()
        status, body, _ = _reload(run)
        slowest = max(slowest, time.monotonic() - began)
        tried += 1
        kinds[kind] = kinds.get(kind, 0) + 1
        if status == 200:
            taken += 1
            run.note(f"{kind} was taken: {version}")
        if not path.is_dir() or path.is_symlink():
            path.unlink(missing_ok=True)
        else:
            path.rmdir()
    for content in b"", b"\0" * 4096, b"../../etc/passwd\n", b"x" * 100000, b"\xff\xfe\n":
        (run.folder / "current").write_bytes(content)
        tried += 1
        taken += _reload(run)[0] == 200
    checkpoints.publish(run.folder, good)
    run.expect("good model is taken again: status", _reload(run)[0], at_least=200,
               at_most=200)
    run.wait_load()
    run.tell("bad checkpoints tried", tried)
    run.tell("kinds of them", len(kinds))
    run.expect("bad checkpoints taken", taken, at_most=0)
    run.expect("slowest refusal, s", round(slowest, 3), at_most=2)
    run.expect("requests not answered 202", run.not_accepted, at_most=0)
    run.expect_alive()


# Load

CLIENTS = 2000  # connections of an overload
OVERLOADS = 2, 5  # times the peak
CONNECT_MS = 2000  # until they have their threads
CORES = os.cpu_count()


class Load:
    """What came of a load, and what the roles, PostgreSQL and the client took for it."""

    def __init__(self, run, seconds, **how):
        self.from_ms, before = run.now_ms(), run.deployment.cpu_s()
        report = run.load_now(seconds, **how)
        self.cpu_s = run.deployment.cpu_s() - before + report["cpu_s"]
        self.to_ms, self.seconds, self.report = run.now_ms(), report["seconds"], report
        self.accepted = report["status"].get("202", 0)
        self.refused = report["status"].get("503", 0)
        self.came = report["requests"] / self.seconds
        self.goodput = self.accepted / self.seconds

    def __str__(self):
        report = self.report
        return (f"{self.came:.0f}/s came, {self.goodput:.0f}/s accepted; "
                f"{self.cpu_s / self.seconds:.2f} of {CORES} cores were ours, "
                f"{report['cpu_s'] / self.seconds:.2f} of them the client's, "
                f"{report['cpu_s'] / report['requests'] * 1e6:.0f} us a request; it was late "
                f"by {report['late_ms']['p50']} ms, p99 {report['late_ms']['p99']}; "
                f"{report['held_up']} requests found all connections busy")


def _costs_s(loads):
    """CPU time of an accepted request and of a refused one, as best explains all loads."""
    def dot(one, other):
        return sum(one(load) * other(load) for load in loads)
    accepted, refused, cpu = (operator.attrgetter(name)
                              for name in ("accepted", "refused", "cpu_s"))
    determinant = dot(accepted, accepted) * dot(refused, refused) - dot(accepted, refused) ** 2
    return ((dot(cpu, accepted) * dot(refused, refused)
             - dot(cpu, refused) * dot(accepted, refused)) / determinant,
            (dot(cpu, refused) * dot(accepted, accepted)
             - dot(cpu, accepted) * dot(accepted, refused)) / determinant)


def _tell_overload(run, name, load, peak, costs_s):
    """What came through, and what could have: whatever comes takes CPU time, and the client
    takes it from the same cores."""
    accepted_s, refused_s = costs_s
    most = (CORES - load.came * refused_s) / (accepted_s - refused_s) / peak.goodput
    at_work_ms = load.from_ms + CONNECT_MS
    run.tell(f"{name}: came / peak", round(load.came / peak.goodput, 2))
    run.tell(f"{name}: goodput / peak", round(load.goodput / peak.goodput, 2))
    run.tell(f"{name}: most / peak, of all cores", round(most, 2))
    for status in 202, 503:
        run.tell(f"{name}: p99 ms of {status}s, from sending", round(
            run.p99(run.services_ms(status, at_work_ms, load.to_ms)), 1))
    run.expect(f"{name}: goodput / peak, or of the most",
               round(load.goodput / peak.goodput / min(1, most), 2), at_least=0.9)


@scenario(seconds=48, rate=0, env={
    "SASREC_BACKLOG_LIMIT": "300", "SASREC_CONNECTION_LIMIT": str(2 * CLIENTS),
    "SASREC_ADDRESS_LIMIT": str(2 * CLIENTS)})
def overload(run):
    """Twice and five times what the service takes (the better of a closed loop over few
    connections and an open loop over as many as in an overload), open loop over 2,000
    connections; then a tenth of it: what is refused is refused soon, and afterwards all is
    as before."""
    share = run.seconds / 6
    few = Load(run, share, connections=32)
    idle = {name: role.rss_kb() for name, role in run.roles.items()}
    many = Load(run, share, rate=few.goodput, connections=CLIENTS)
    for name, load in ("32 connections", few), (f"{CLIENTS}, as many a second", many):
        run.note(f"over {name}: {load}")
        run.tell(f"accepted/s over {name}", round(load.goodput))
    peak = max(few, many, key=lambda load: load.goodput)
    overloads = {f"at {factor}x": Load(run, share, rate=factor * peak.goodput,
                                       connections=CLIENTS) for factor in OVERLOADS}
    costs_s = _costs_s([few, many, *overloads.values()])
    run.tell("CPU us of one accepted", round(costs_s[0] * 1e6))
    run.tell("CPU us of one refused", round(costs_s[1] * 1e6))
    for name, load in overloads.items():
        run.note(f"{name}: {load}")
        _tell_overload(run, name, load, peak, costs_s)
    run.note("now a tenth of the peak")
    over = time.monotonic()
    run.load_now(2, rate=peak.goodput / 10, connections=32)
    calm = run.load_now(share - 2, rate=peak.goodput / 10, connections=32)
    run.tell("p99 ms at a tenth, afterwards", calm["latency_ms"]["p99"])
    time.sleep(max(0.0, over + 10 - time.monotonic()))
    grown = max(role.rss_kb() / idle[name] for name, role in run.roles.items())
    run.expect("memory 10 s after / before", round(grown, 2), at_most=1.2)
    run.expect("answers that are neither 202 nor 503", run.not_accepted - run.count(503),
               at_most=0)
    run.expect_alive()
