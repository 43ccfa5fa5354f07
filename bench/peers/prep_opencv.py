#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one writes with OpenCV and numpy to prepare a frame for a network: the peer of workload `prep`.

Descriptor 3 is shared memory: the frames, then room for one output. The first line printed is who this is, and after a
comma what it stands on. Then, a line
each: `run I` prepares frame I into the shared output and answers `ok`; `time FIRST N` prepares N frames from FIRST on, in
turn, and answers with N times in nanoseconds.
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

n_frames, width, height, out_width, out_height = (int(a) for a in sys.argv[1:6])
mean = np.array([float(a) for a in sys.argv[6:9]], np.float32)
scale = np.array([float(a) for a in sys.argv[9:12]], np.float32)
cv2.setNumThreads(1)
memory = mmap.mmap(3, 0)
frame_bytes = width * height * 3
frames = [
    np.frombuffer(memory, np.uint8, frame_bytes, i * frame_bytes).reshape(height, width, 3) for i in range(n_frames)
]
shared = np.frombuffer(memory, np.float32, 3 * out_height * out_width, n_frames * frame_bytes)
shared = shared.reshape(3, out_height, out_width)


def prepare(frame):
    small = cv2.resize(frame, (out_width, out_height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(((small.astype(np.float32) - mean) / scale).transpose(2, 0, 1))


print(f"OpenCV {cv2.__version__}, numpy {np.__version__}", flush=True)
for line in sys.stdin:
    word, *numbers = line.split()
    numbers = [int(n) for n in numbers]
    if word == "run":
        shared[:] = prepare(frames[numbers[0]])
        print("ok", flush=True)
    elif word == "time":
        first, n = numbers
        times = []
        for i in range(first, first + n):
            start = time.perf_counter_ns()
            prepare(frames[i % n_frames])
            times.append(time.perf_counter_ns() - start)
        print(*times, flush=True)
