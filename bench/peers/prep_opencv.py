#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one writes with OpenCV and numpy to prepare a frame for a network: the peer of workload `prep`.

Descriptor 3 is shared memory: the frames, then room for one output. See serve.py for what is asked.
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


def leave(prepared):
    shared[:] = prepared


serve(f"OpenCV {cv2.__version__}, numpy {np.__version__}", n_frames, lambda i: prepare(frames[i]), leave)
