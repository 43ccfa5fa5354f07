#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A question about samples as one writes it with numpy over columns in memory: the peer of workload `query`.

Descriptor 3 is shared memory: sharpness as float64, class and split as uint8 of every sample, in the order of their names,
then, aligned to 8, room for two numbers as float64. See serve.py for what is asked.
"""
import mmap
import sys

from serve import serve

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


def leave(found):
    shared[:] = found.size, found.sum()


serve(f"numpy {np.__version__}", len(least), ask, leave)
