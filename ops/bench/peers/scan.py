#!/usr/bin/env python3
"""FAISS for comparison: IndexFlatIP, exact over floats, and IndexScalarQuantizer of 8 bits,
whose answers are not exact; started by ops/bench/scan in the peers' virtual environment.

    scan.py ITEMS WIDTH

Of each microseconds a query, alone and in batches of 64, with one thread and with two; medians of
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
    faiss.omp_set_num_threads(threads)
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
    vectors = random.standard_normal((items, width), dtype=numpy.float32)
    queries = random.standard_normal((16 * BATCH, width), dtype=numpy.float32)
    report = {"version": faiss.__version__}
    for name, index in (
            ("flat_ip", faiss.IndexFlatIP(width)),
            ("sq8", faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit,
                                               faiss.METRIC_INNER_PRODUCT))):
        index.train(vectors)
        index.add(vectors)
        report[name] = {f"batch_{batch}_threads_{threads}": measure(index, queries, batch,
                                                                    threads)
                        for threads in (1, 2) for batch in (1, BATCH)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
