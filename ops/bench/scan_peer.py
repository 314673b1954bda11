#!/usr/bin/env python3
"""FAISS IndexFlatIP, exact over floats, for comparison; started by ops/bench/scan in its
virtual environment.

    scan_peer.py ITEMS WIDTH

Microseconds a query, alone and in batches of 64, with one thread and with two; medians of
at least 5 calls and half a second. Prints JSON."""
import json
import statistics
import sys
import time

import faiss
import numpy

K, BATCH = 10, 64


def measure(index, queries, batch):
    times, began, at = [], time.perf_counter(), 0
    while len(times) < 5 or time.perf_counter() - began < 0.5:
        start = time.perf_counter()
        index.search(queries[at:at + batch], K)
        times.append(time.perf_counter() - start)
        at = (at + batch) % len(queries)
    return round(statistics.median(times) / batch * 1e6, 3)


def main():
    items, width = int(sys.argv[1]), int(sys.argv[2])
    random = numpy.random.default_rng(1)
    index = faiss.IndexFlatIP(width)
    index.add(random.standard_normal((items, width), dtype=numpy.float32))
    queries = random.standard_normal((16 * BATCH, width), dtype=numpy.float32)
    report = {"version": faiss.__version__}
    for threads in 1, 2:
        faiss.omp_set_num_threads(threads)
        for batch in 1, BATCH:
            report[f"batch_{batch}_threads_{threads}"] = {"us": measure(index, queries, batch)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
