#!/usr/bin/env python3
"""What a run of dbt says about itself, as Prometheus metrics in a text file that is
replaced whole. The time of the last success outlives runs that fail.

    metrics.py RUN_RESULTS OUT --status N --seconds N
"""
import argparse
import json
import os
import re
import time

SUCCESS = "sasrec_dbt_last_success_timestamp_seconds"
FAMILIES = [
    (SUCCESS, "When the marts were last made and passed their tests; 0: never"),
    ("sasrec_dbt_last_run_timestamp_seconds", "When dbt last ran"),
    ("sasrec_dbt_last_run_duration_seconds", "How long it took"),
    ("sasrec_dbt_last_run_success", "1 when it succeeded"),
    ("sasrec_dbt_last_run_failed_models", "Models that could not be made, or were skipped"),
    ("sasrec_dbt_last_run_failed_tests", "Tests that failed"),
]


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def earlier_success(text):
    found = re.search(rf"^{SUCCESS} (\S+)$", text, re.M)
    return float(found[1]) if found else 0


def failures(results):
    bad = [r["unique_id"].split(".")[0] for r in results
           if r["status"] not in ("success", "pass", "warn", "no-op")]
    tests = sum(kind in ("test", "unit_test") for kind in bad)
    return len(bad) - tests, tests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("results")
    parser.add_argument("out")
    parser.add_argument("--status", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    args = parser.parse_args()
    now = time.time()
    models, tests = failures(json.loads(read(args.results) or '{"results": []}')["results"])
    success = now if args.status == 0 else earlier_success(read(args.out))
    values = [success, now, args.seconds, int(args.status == 0), models, tests]
    with open(args.out + ".tmp", "w") as file:
        for (name, help), value in zip(FAMILIES, values):
            file.write(f"# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value:.15g}\n")
    os.replace(args.out + ".tmp", args.out)


if __name__ == "__main__":
    main()
