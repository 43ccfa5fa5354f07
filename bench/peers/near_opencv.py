#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hashes near to one among many, as OpenCV finds them: the peer of workload `near`.

Descriptor 3 is shared memory: uint64 hashes, then the queries, then room for one count as uint64. See serve.py for what is asked.
"""
import mmap
import sys

from serve import serve

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


def leave(found):
    shared[0] = found


serve(f"OpenCV {cv2.__version__}, numpy {np.__version__}", n_queries, lambda i: near(queries[i]), leave)
