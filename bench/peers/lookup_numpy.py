#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sample by its name among sorted names in memory, as one writes it with numpy: the peer of workload `lookup`.

Arguments: how many samples, how many questions. Descriptor 3 is shared memory: the number of each question's sample as
float64, then room for one more. The first line printed is who this is. Then, a line each: `run I` asks question I, leaves the
number of what was found, and answers `ok`; `time FIRST N` answers with the times of N questions from FIRST on, in
nanoseconds.
"""
import mmap
import sys
import time

try:
    import numpy as np
except ImportError as why:
    print(f"missing: {why}", flush=True)
    sys.exit(0)

n, n_questions = (int(a) for a in sys.argv[1:3])
memory = mmap.mmap(3, 0)
shared = np.frombuffer(memory, np.float64, n_questions + 1)
names = np.fromiter((f"{i:08d}.jpg".encode() for i in range(n)), "S12", n)
questions = [f"{int(i):08d}.jpg".encode() for i in shared[:n_questions]]


def ask(i):
    place = names.searchsorted(questions[i])
    return place if place < n and names[place] == questions[i] else -1


print(f"numpy {np.__version__}", flush=True)
for line in sys.stdin:
    word, *numbers = line.split()
    numbers = [int(i) for i in numbers]
    if word == "run":
        shared[n_questions] = ask(numbers[0])
        print("ok", flush=True)
    elif word == "time":
        first, count = numbers
        times = []
        for i in range(first, first + count):
            start = time.perf_counter_ns()
            ask(i % n_questions)
            times.append(time.perf_counter_ns() - start)
        print(*times, flush=True)
