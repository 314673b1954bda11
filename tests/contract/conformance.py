"""openapi.json against the real server: schemathesis (schemathesis.toml says how) makes
requests from the description, valid ones and others, and compares each answer with it.

    tests/contract/schemathesis [--seed S] [--max-examples N]     2,000 requests or more
"""
import argparse
import os
import pathlib
import random
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from stack import Stack  # noqa: E402
from tools import programs  # noqa: E402

DESCRIPTION = HERE.parents[1] / "actors/http/openapi.json"
LEAST = 2000
STREAM_LIFE_S = "1"  # of GET /events, which would not end else
KEEPERS = "status"  # the operation that the listener for probes has alone


class Service(Stack):
    """A stack that serves, to those who have its key."""

    def __enter__(self):
        super().__enter__()
        scopes = "predict,read,write,admin"
        self.key = self.sasrec("keys", "create", "--name", "contract", "--scopes", scopes).stdout.strip()
        self.serve(SASREC_SSE_LIFE_S=STREAM_LIFE_S)
        return self

    def ask(self, port, *arguments):
        return ask(port, self.folder, "-H", f"Authorization: Bearer {self.key}", *arguments)

    def ask_all(self, *arguments):
        return self.ask(self.port, "--exclude-operation-id", KEEPERS, *arguments)


def ask(port, folder, *arguments):
    """(exit status, requests that were made, what it printed)."""
    command = [programs("schemathesis") / "schemathesis", "--config-file", HERE / "schemathesis.toml",
               "run", DESCRIPTION, "--url", f"http://127.0.0.1:{port}", *arguments]
    hooks = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(HERE)}
    done = subprocess.run(list(map(str, command)), cwd=folder, env=os.environ | hooks, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    made = re.search(r"([\d,]+) generated", done.stdout)
    return done.returncode, int(made[1].replace(",", "")) if made else 0, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--max-examples", type=int, default=100, help="of one operation and phase")
    chosen = parser.parse_args()
    with Service() as service:
        more = ["--seed", str(chosen.seed), "--max-examples", str(chosen.max_examples)]
        status, made, printed = service.ask_all(*more)
        keeper, _, told = service.ask(service.admin_port, "--include-operation-id", KEEPERS,
                                      "--exclude-checks", "ignored_auth", *more)  # it asks for no key
    print(printed if status else "", told if keeper else "", sep="")
    print(f"seed {chosen.seed}: {made} requests, exit status {status or keeper}")
    return status or keeper or made < LEAST


if __name__ == "__main__":
    sys.exit(main())
