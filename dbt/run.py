#!/usr/bin/env python3
"""dbt, taking its time: after each model and each test it rests for four times as long as
that took, SECONDS in all at most, so that the cores and the database are with those who are
served for most of a run.

    run.py SECONDS DBT_ARGUMENTS...
"""
import sys
import time

from dbt.cli.main import dbtRunner

RESTS = 4  # for each second of work


class Rests:
    """Called by dbt for each of its events, in the thread that works."""

    def __init__(self, seconds):
        self.left = seconds
        self.began = time.monotonic()

    def __call__(self, event):
        if event.info.name != "NodeFinished":
            return
        rest = min(self.left, RESTS * (time.monotonic() - self.began))
        self.left -= rest
        time.sleep(rest)
        self.began = time.monotonic()


def main():
    done = dbtRunner(callbacks=[Rests(float(sys.argv[1]))]).invoke(sys.argv[2:])
    return 2 if done.exception else 0 if done.success else 1


if __name__ == "__main__":
    sys.exit(main())
