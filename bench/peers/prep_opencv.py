#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one writes with OpenCV and numpy to prepare a frame for a network: the peer of the workloads `prep`.

Its first argument is the code of cv2.cvtColor that makes RGB of a frame, or `none`. Descriptor 3 is shared memory: the
frames, then room for one output. See serve.py for what is asked.
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

code = None if sys.argv[1] == "none" else getattr(cv2, "COLOR_" + sys.argv[1])
n_frames, width, height, out_width, out_height, channels, frame_bytes = (int(a) for a in sys.argv[2:9])
mean = np.array([float(a) for a in sys.argv[9:12]], np.float32)
scale = np.array([float(a) for a in sys.argv[12:15]], np.float32)
rows = frame_bytes // (width * max(channels, 1))
shape = (rows, width, channels) if channels > 1 else (rows, width)
cv2.setNumThreads(1)
memory = mmap.mmap(3, 0)
frames = [
    np.frombuffer(memory, np.uint8, frame_bytes, i * frame_bytes).reshape(shape) for i in range(n_frames)
]
shared = np.frombuffer(memory, np.float32, 3 * out_height * out_width, n_frames * frame_bytes)
shared = shared.reshape(3, out_height, out_width)
mono = channels == 1
mean_mono, scale_mono = mean[:, None, None], scale[:, None, None]


def prepare(frame):
    if code is not None:
        frame = cv2.cvtColor(frame, code)
    small = cv2.resize(frame, (out_width, out_height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if mono:
        return (small - mean_mono) / scale_mono
    return np.ascontiguousarray(((small - mean) / scale).transpose(2, 0, 1))


def leave(prepared):
    shared[:] = prepared


serve(f"OpenCV {cv2.__version__}, numpy {np.__version__}", n_frames, lambda i: prepare(frames[i]), leave)
