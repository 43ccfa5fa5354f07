#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The nearest rows of a bank by FAISS's exact index: the peer of workload `bank`.

Descriptor 3 is shared memory: the bank, the queries, then room for a row and a squared distance of each. See serve.py.
"""
import mmap
import os
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from serve import serve  # noqa: E402

try:
    import faiss
    import numpy as np
except ImportError as why:
    print(f"missing: {why}", flush=True)
    sys.exit(0)

n_rows, n_queries, size = (int(a) for a in sys.argv[1:4])
faiss.omp_set_num_threads(1)
memory = mmap.mmap(3, 0)
rows = np.frombuffer(memory, np.float32, n_rows * size).reshape(n_rows, size)
queries = np.frombuffer(memory, np.float32, n_queries * size, n_rows * size * 4).reshape(n_queries, size)
shared = np.frombuffer(memory, np.float32, n_queries * 2, (n_rows + n_queries) * size * 4).reshape(2, n_queries)
index = faiss.IndexFlatL2(size)
index.add(rows)
index.search(queries[:32], 1)
with open("/proc/self/maps") as maps:
    loaded = maps.read().lower()
    if not any(name in loaded for name in ("openblas", "mkl", "blis")):
        # Over the reference BLAS, FAISS is some forty times slower: that would be no peer.
        print("missing: a fast BLAS (libopenblas0-pthread)", flush=True)
        sys.exit(0)


def leave(result):
    distances, found = result
    shared[0] = found[:, 0]
    shared[1] = distances[:, 0]


serve(f"FAISS {faiss.__version__}, IndexFlatL2", 1, lambda i: index.search(queries, 1), leave)
