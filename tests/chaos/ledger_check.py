"""Compares what the load client was told with what the service keeps: its ledger, the
predictions table, the audit of status changes, and the checkpoints. Every count it
returns must be 0.

By itself, against a database that libpq's environment names:

    python3 tests/chaos/ledger_check.py LEDGER [--sasrec build/release/sasrec]
"""
import argparse
import collections
import csv
import json
import math
import os
import random
import subprocess
import sys

TERMINAL = {"COMPLETED", "FAILED", "EXPIRED"}
TOLERANCE = 1e-4  # of scores; batches and kernels differ in the last digits
csv.field_size_limit(1 << 30)

Sent = collections.namedtuple(
    "Sent", "status id latency_us service_us answered_ms user k history")
Row = collections.namedtuple(
    "Row", "id user status request result version error attempts created_ms updated_ms")
# A model that was published: from when on it could be in use, and the time after which a
# new request could no longer be answered by the one before.
Version = collections.namedtuple("Version", "version published_ms effective_ms")

ROWS = """copy (select request_id, user_id, status, request_json, result_json, model_version,
    error, attempts, floor(extract(epoch from created_at) * 1000)::bigint,
    ceil(extract(epoch from updated_at) * 1000)::bigint from predictions) to stdout csv"""
AUDIT = """copy (select request_id, was, became from chaos_audit) to stdout csv"""


def read_ledger(path):
    sent = []
    with open(path) as lines:
        for line in lines:
            status, id_, latency, service, at, user, k, *history = line.split()
            items = [int(i) for i in history[0].split(",")] if history else []
            sent.append(Sent(int(status), id_, int(latency), int(service), int(at), user,
                             int(k), items))
    return sent


def read_rows(sql):
    rows = {}
    for r in csv.reader(sql(ROWS).splitlines()):
        rows.setdefault(r[0], []).append(Row(
            r[0], r[1], r[2], json.loads(r[3]), json.loads(r[4]) if r[4] else None, r[5],
            r[6], int(r[7]), int(r[8]), int(r[9])))
    return rows


class Report:
    """What must be 0, with the first examples; and what is only told."""

    def __init__(self):
        self.wrong = {}
        self.told = {}

    def must_be_none(self, name, found):
        found = list(found)
        self.wrong[name] = (len(found), found[:3])

    def ok(self):
        return all(count == 0 for count, _ in self.wrong.values())

    def print(self):
        for name, (count, examples) in self.wrong.items():
            print(f"  {name:<36}{count:>9}{'' if count == 0 else '   <-- must be 0'}")
            for example in examples:
                print(f"      {example}")
        for name, value in self.told.items():
            print(f"  ({name:<34}){value:>9}")


def malformed(row):
    """Why a result cannot be right, whatever the model; or None."""
    items, scores = row.result["item_ids"], row.result["scores"]
    if len(items) != row.request["k"] or len(scores) != len(items):
        return f"{len(items)} items, {len(scores)} scores, k is {row.request['k']}"
    if len(set(items)) != len(items):
        return "an item twice"
    if set(items) & set(row.request["history"]):
        return "an item of the history"
    if not all(math.isfinite(s) for s in scores):
        return "a score is not finite"
    if any(a < b for a, b in zip(scores, scores[1:])):
        return "scores ascend"
    return None


def differs(row, truth):
    """Why a result is not what the model of its version says; or None."""
    ours = list(zip(row.result["item_ids"], row.result["scores"]))
    theirs = list(zip(truth["item_ids"], truth["scores"]))
    if len(ours) != len(theirs):
        return f"{len(ours)} items instead of {len(theirs)}"
    for (item, score), (true_item, true_score) in zip(ours, theirs):
        tolerance = TOLERANCE * max(1, abs(true_score))
        if abs(score - true_score) > tolerance:
            return f"item {item} has {score}, the model says {true_item} {true_score}"
    scores = dict(theirs)
    swapped = [i for (i, s), (t, ts) in zip(ours, theirs) if i != t
               and abs(scores.get(i, theirs[-1][1]) - ts) > TOLERANCE * max(1, abs(ts))]
    return f"items {swapped} are out of place" if swapped else None


def recompute(sasrec, row, env):
    done = subprocess.run(
        [sasrec, "recommend", "--checkpoint", row.version, "--history",
         ",".join(map(str, row.request["history"])), "-k", str(row.request["k"]), "--json"],
        env=env, capture_output=True, text=True)
    if done.returncode != 0:
        return f"cannot be recomputed: {done.stderr.strip()}"
    truth = json.loads(done.stdout)
    if truth["model_version"] != row.version:
        return f"the checkpoint is {truth['model_version']}, the row says {row.version}"
    return differs(row, truth)


def stale(row, versions):
    """Why this version cannot have made the row; or None. versions: in order of
    publication; one may have been published again."""
    why = "never published"
    for i, version in enumerate(versions):
        if version.version != row.version:
            continue
        after = versions[i + 1] if i + 1 < len(versions) else None
        if row.updated_ms < version.published_ms:
            why = "ended before it was published"
        elif after and row.created_ms > after.effective_ms:
            why = f"{after.version} was in use when the request came"
        else:
            return None
    return why


def check(ledger, rows, audit, versions, sample_rng, truth_of):
    """ledger: [Sent]; rows: {id: [Row]}; audit: [(id, was, became)] or None; versions:
    [Version] or None (any will do); truth_of(row): why it is wrong, or None."""
    report = Report()
    accepted = [s for s in ledger if s.status == 202]
    every = [row for group in rows.values() for row in group]
    completed = [row for row in every if row.status == "COMPLETED" and row.result]
    ids = collections.Counter(s.id for s in accepted)

    report.must_be_none("lost", (s.id for s in accepted if s.id not in rows))
    report.must_be_none("stuck", (r.id for r in every if r.status not in TERMINAL))
    report.must_be_none("duplicate", [i for i, n in ids.items() if n > 1] +
                        [i for i, group in rows.items() if len(group) > 1])
    report.must_be_none("wrong input", (
        s.id for s in accepted if s.id in rows and
        (s.user, s.k, s.history) != (rows[s.id][0].user, rows[s.id][0].request.get("k", 10),
                                     rows[s.id][0].request["history"])))
    report.must_be_none("missing model version", (r.id for r in completed if not r.version))
    reasons = ((r, stale(r, versions)) for r in completed if versions is not None)
    report.must_be_none("wrong version", (f"{r.id} {r.version}: {w}" for r, w in reasons if w))
    sample = sample_rng.sample(completed, min(len(completed), 300,
                                              max(20, len(completed) // 100)))
    reasons = [(r, malformed(r)) for r in completed]
    reasons += [(r, truth_of(r)) for r in sample if r.version]
    report.must_be_none("wrong result", (f"{r.id}: {w}" for r, w in reasons if w))
    ends = collections.Counter(i for i, was, became in audit or [])
    report.must_be_none("double terminal transition", [
        f"{i} ended {n} times" for i, n in ends.items() if n > 1] + [
        f"{i} went from {was} to {became or 'nothing'}" for i, was, became in audit or []
        if was != "PENDING"])
    report.must_be_none("not COMPLETED", (
        f"{r.id} {r.status}: {r.error}" for r in every
        if r.status in TERMINAL and r.status != "COMPLETED"))

    known = set(ids)
    report.told["answered"] = len(ledger)
    for status, n in sorted(collections.Counter(s.status for s in ledger).items()):
        report.told[f"answered {status}" if status else "connection broke"] = n
    report.told["rows"] = len(every)
    report.told["rows whose 202 was not heard"] = sum(r.id not in known for r in every)
    report.told["rows sent more than once"] = sum(r.attempts > 1 for r in every)
    report.told["results recomputed"] = len(sample)
    report.told["models that answered"] = len({r.version for r in completed})
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ledger")
    parser.add_argument("--sasrec", default="build/release/sasrec")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def sql(query):
        return subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", query],
                              check=True, capture_output=True, text=True).stdout

    audited = sql("select to_regclass('chaos_audit')").strip()
    audit = [tuple(r) for r in csv.reader(sql(AUDIT).splitlines())] if audited else None
    report = check(read_ledger(options.ledger), read_rows(sql), audit, None,
                   random.Random(options.seed),
                   lambda row: recompute(options.sasrec, row, os.environ))
    report.print()
    return 0 if report.ok() else 1


if __name__ == "__main__":
    sys.exit(main())
