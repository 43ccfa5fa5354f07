#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A question about samples as one writes it with numpy over columns in memory: the peer of workload `query`.

Descriptor 3 is shared memory: sharpness as float64, class and split as uint8 of every sample, in the order of their names,
then, aligned to 8, room for two numbers as float64. The first line printed is who this is. Then, a line each: `run I` asks
question I (0: a tenth of the range, 1: nothing in it), leaves how many of the first hits there are and the sum of their
places, and answers `ok`; `time FIRST N` answers with the times of N questions from FIRST on, in nanoseconds.
"""
import mmap
import sys
import time

try:
    import numpy as np
except ImportError as why:
    print(f"missing: {why}", flush=True)
    sys.exit(0)

n, limit = (int(a) for a in sys.argv[1:3])
memory = mmap.mmap(3, 0)
sharpness = np.frombuffer(memory, np.float64, n)
label = np.frombuffer(memory, np.uint8, n, 8 * n)
split = np.frombuffer(memory, np.uint8, n, 9 * n)
shared = np.frombuffer(memory, np.float64, 2, (10 * n + 7) // 8 * 8)
least = [90.0, 1000.0]


def ask(i):
    return np.flatnonzero((label == 1) & (split == 3) & (sharpness >= least[i]))[:limit]


print(f"numpy {np.__version__}", flush=True)
for line in sys.stdin:
    word, *numbers = line.split()
    numbers = [int(i) for i in numbers]
    if word == "run":
        found = ask(numbers[0])
        shared[:] = found.size, found.sum()
        print("ok", flush=True)
    elif word == "time":
        first, count = numbers
        times = []
        for i in range(first, first + count):
            start = time.perf_counter_ns()
            ask(i % len(least))
            times.append(time.perf_counter_ns() - start)
        print(*times, flush=True)
