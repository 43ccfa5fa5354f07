#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hashes near to one among many, as OpenCV finds them: the peer of workload `near`.

Descriptor 3 is shared memory: uint64 hashes, then the queries, then room for one count as uint64. The first line printed is
who this is. Then, a line each: `run I` counts what is near query I into the shared room and answers `ok`; `time FIRST N`
answers with the times of N queries from FIRST on, in nanoseconds.
"""
import mmap
import sys
import time

try:
    import cv2
    import numpy as np
except ImportError as why:
    print(f"missing: {why}", flush=True)
    sys.exit(0)

n, n_queries, bits = (int(a) for a in sys.argv[1:4])
cv2.setNumThreads(1)
memory = mmap.mmap(3, 0)
hashes = np.frombuffer(memory, np.uint8, 8 * n).reshape(n, 8)
queries = np.frombuffer(memory, np.uint8, 8 * n_queries, 8 * n).reshape(n_queries, 8)
shared = np.frombuffer(memory, np.uint64, 1, 8 * (n + n_queries))


CHUNK = 1 << 17  # it takes no more than 2^18 at once
matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
matcher.add([hashes[i : i + CHUNK] for i in range(0, n, CHUNK)])


def near(query):
    return len(matcher.radiusMatch(query[None], bits)[0])


print(f"OpenCV {cv2.__version__}, numpy {np.__version__}", flush=True)
for line in sys.stdin:
    word, *numbers = line.split()
    numbers = [int(i) for i in numbers]
    if word == "run":
        shared[0] = near(queries[numbers[0]])
        print("ok", flush=True)
    elif word == "time":
        first, count = numbers
        times = []
        for i in range(first, first + count):
            start = time.perf_counter_ns()
            near(queries[i % n_queries])
            times.append(time.perf_counter_ns() - start)
        print(*times, flush=True)
