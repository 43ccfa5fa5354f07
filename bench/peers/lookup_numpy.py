#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sample by its name among sorted names in memory, as one writes it with numpy: the peer of workload `lookup`.

Arguments: how many samples, how many questions. Descriptor 3 is shared memory: the number of each question's sample as
float64, then room for one more. See serve.py for what is asked.
"""
import mmap
import sys

from serve import serve

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


def leave(place):
    shared[n_questions] = place


serve(f"numpy {np.__version__}", n_questions, ask, leave)
