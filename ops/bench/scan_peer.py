#!/usr/bin/env python3
"""FAISS IndexFlatIP, exact over floats, for comparison; started by ops/bench/scan in its
virtual environment.

    scan_peer.py ITEMS WIDTH

Microseconds a query, alone and in batches of 64, with one thread and with two; medians of
at least 5 calls and half a second: of the clock (us), and of the CPU, a thread's share
(cpu_us), which is what bench_scan tells of itself. Prints JSON."""
import json
import statistics
import sys
import time

import faiss
import numpy

K, BATCH = 10, 64


def measure(index, queries, batch, threads):
    times, shares, began, at = [], [], time.perf_counter(), 0
    while len(times) < 5 or time.perf_counter() - began < 0.5:
        start, used = time.perf_counter(), time.process_time()
        index.search(queries[at:at + batch], K)
        times.append(time.perf_counter() - start)
        shares.append((time.process_time() - used) / threads)
        at = (at + batch) % len(queries)
    return {name: round(statistics.median(values) / batch * 1e6, 3)
            for name, values in (("us", times), ("cpu_us", shares))}


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
            report[f"batch_{batch}_threads_{threads}"] = measure(index, queries, batch,
                                                                 threads)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
