#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The measures of a frame as one writes them with OpenCV and numpy: the peer of workload `frame_checks`.

Descriptor 3 is shared memory: the frames in grey, then room for the measures of one as float64. See serve.py for what is asked.
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

n_frames, width, height, n_measures = (int(a) for a in sys.argv[1:5])
cv2.setNumThreads(1)
memory = mmap.mmap(3, 0)
frame_bytes = width * height
frames = [
    np.frombuffer(memory, np.uint8, frame_bytes, i * frame_bytes).reshape(height, width) for i in range(n_frames)
]
shared = np.frombuffer(memory, np.float64, n_measures, n_frames * frame_bytes)

SIDE, LEAST, MOST, BLOCK = 128, 3.0, 58.0, 32
grid_u, grid_v = np.meshgrid(np.fft.fftfreq(SIDE, 1 / SIDE), np.arange(SIDE // 2), indexing="ij")
radius = np.hypot(grid_u, grid_v)
chosen = (radius >= LEAST) & (radius <= MOST) & ~((grid_v == 0) & (grid_u < 0))
bins_u, bins_v, bins_r = grid_u[chosen], grid_v[chosen], radius[chosen].astype(int)
at_radius = np.maximum(np.bincount(bins_r, minlength=60), 1)
taper = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(SIDE) + 1) / (SIDE + 1))
window = np.outer(taper, taper).astype(np.float32)
lengths = 3.0 * 1.06 ** np.arange(46)


def places(degrees):
    angle = np.deg2rad(degrees)
    return np.rint(np.abs(bins_u * np.cos(angle) + bins_v * np.sin(angle))).astype(int)


def free_of_radius(values):
    return values - (np.bincount(bins_r, values, minlength=60) / at_radius)[bins_r]


directions = np.arange(0, 180, 5)
to = [places(d) for d in directions]
counts = [np.bincount(t, minlength=60) for t in to]
bands = []
for length in lengths:
    values = free_of_radius(np.log(np.sinc(length * bins_u / SIDE) ** 2 + 0.01))
    bands.append(np.bincount(to[0], values, minlength=60) / np.maximum(counts[0], 1))
bands = np.array(bands)
weights = [1 / (bands**2 @ c) for c in counts]
mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def motion(frame, noise):
    power = np.zeros((SIDE, SIDE), np.float32)
    across, down = min(width // SIDE, 4), min(height // SIDE, 4)
    for k in range(across * down):
        x = width * (2 * (k % across) + 1) // (2 * across) - SIDE // 2
        y = height * (2 * (k // across) + 1) // (2 * down) - SIDE // 2
        part = frame[y : y + SIDE, x : x + SIDE].astype(np.float32)
        spectrum = cv2.dft((part - part.mean()) * window, flags=cv2.DFT_COMPLEX_OUTPUT)
        power += spectrum[..., 0] ** 2 + spectrum[..., 1] ** 2
    quiet = float((window.astype(np.float64) ** 2).sum()) * across * down * (0.1 + noise**2)
    # The first axis of ours is x.
    left = free_of_radius(np.log(power.T[:, : SIDE // 2][chosen] + quiet))
    best = 0.0
    for t, w in zip(to, weights):
        both = bands @ np.bincount(t, left, minlength=60)
        best = max(best, float((np.where(both > 0, both, 0) ** 2 * w).max()))
    return best / float(left @ left)


def measure(frame):
    n = frame.size
    mean, deviation = (float(v[0, 0]) for v in cv2.meanStdDev(frame))
    levels = cv2.calcHist([frame], [0], None, [256], [0, 256])[:, 0]
    seen = np.cumsum(levels)
    contrast = int(np.argmax(seen >= 0.99 * n)) - int(np.argmax(seen > 0.01 * n))
    edges = cv2.Laplacian(frame, cv2.CV_16S)[1:-1, 1:-1]
    edge_mean, edge_deviation = (float(v[0, 0]) for v in cv2.meanStdDev(edges))
    gx = cv2.Sobel(frame, cv2.CV_16S, 1, 0)[1:-1, 1:-1]
    gy = cv2.Sobel(frame, cv2.CV_16S, 0, 1)[1:-1, 1:-1]
    inner = edges.size
    tenengrad = (cv2.norm(gx, cv2.NORM_L2SQR) + cv2.norm(gy, cv2.NORM_L2SQR)) / inner
    rough = np.abs(cv2.filter2D(frame, cv2.CV_32F, mask)[1:-1, 1:-1])
    rows, columns = rough.shape[0] // BLOCK, rough.shape[1] // BLOCK
    rough = cv2.resize(rough[: rows * BLOCK, : columns * BLOCK], (columns, rows), interpolation=cv2.INTER_AREA)
    blocks = np.sort(rough[rough > 0])
    noise = float(np.sqrt(np.pi / 2) / 6 * blocks[int(0.25 * (blocks.size - 1))]) if blocks.size else 0.0
    small = cv2.resize(frame, (9, 8), interpolation=cv2.INTER_AREA)
    cells = cv2.resize(frame, (64, 48), interpolation=cv2.INTER_AREA)
    # One level from either end: rows and columns.
    cv2.reduce(frame, 0, cv2.REDUCE_MIN), cv2.reduce(frame, 0, cv2.REDUCE_MAX)
    cv2.reduce(frame, 1, cv2.REDUCE_MIN), cv2.reduce(frame, 1, cv2.REDUCE_MAX)
    hashed = small[:, 1:] > small[:, :-1]
    return (mean, deviation, levels[:2].sum() / n, levels[254:].sum() / n, contrast, edge_deviation**2, tenengrad, noise,
            motion(frame, noise), float(cells.mean()), float(hashed.sum()))


def leave(measured):
    shared[:] = measured[:n_measures]


serve(f"OpenCV {cv2.__version__}, numpy {np.__version__}", n_frames, lambda i: measure(frames[i]), leave)
