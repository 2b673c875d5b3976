"""Times numpy's float32 product for the benchmark beside it.

Reads lines "m n k seconds" and answers each with the best time of one product
A[m,k] · B[n,k]ᵀ in that many seconds of trying. OPENBLAS_NUM_THREADS sets the
cores.
"""
import sys
import time

import numpy as np

for line in sys.stdin:
    m, n, k, limit = line.split()
    m, n, k, limit = int(m), int(n), int(k), float(limit)
    a = np.random.rand(m, k).astype(np.float32)
    b = np.random.rand(n, k).astype(np.float32).T
    c = np.empty((m, n), np.float32)
    repeat = 1 + (1 << 21) // (m * n * k)
    best, end = 1e9, time.perf_counter() + limit
    while True:
        start = time.perf_counter()
        for _ in range(repeat):
            np.matmul(a, b, out=c)
        now = time.perf_counter()
        best = min(best, (now - start) / repeat)
        if now >= end:
            break
    print(best, flush=True)
