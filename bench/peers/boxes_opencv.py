#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one writes with numpy and OpenCV for the boxes of a YOLOv8: the peer of workload `boxes`.

Descriptor 3 is shared memory: the heads, then room for a count and rows of x0, y0, x1, y1, score and class. See serve.py.
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

n_heads, rows, places, most = (int(a) for a in sys.argv[1:5])
score_min, iou_max = (float(a) for a in sys.argv[5:7])
cv2.setNumThreads(1)
memory = mmap.mmap(3, 0)
values = rows * places
heads = [np.frombuffer(memory, np.float32, values, i * values * 4).reshape(rows, places) for i in range(n_heads)]
shared = np.frombuffer(memory, np.float32, 1 + most * 6, n_heads * values * 4)


def ask(head):
    out = head.T
    scores = out[:, 4:].max(1)
    keep = scores >= score_min
    out, scores = out[keep], scores[keep]
    classes = out[:, 4:].argmax(1)
    boxes = out[:, :4].copy()
    boxes[:, :2] -= boxes[:, 2:] / 2
    apart = boxes.copy()
    apart[:, :2] += classes[:, None] * 4096  # of two classes, none overlap
    kept = np.asarray(cv2.dnn.NMSBoxes(apart.tolist(), scores.tolist(), score_min, iou_max)).reshape(-1)[:most]
    boxes = boxes[kept]
    boxes[:, 2:] += boxes[:, :2]
    return boxes, scores[kept], classes[kept]


def leave(result):
    boxes, scores, classes = result
    shared[0] = len(scores)
    shared[1 : 1 + 6 * len(scores)] = np.column_stack([boxes, scores, classes]).astype(np.float32).ravel()


serve(f"OpenCV {cv2.__version__}, numpy {np.__version__}", n_heads, lambda i: ask(heads[i]), leave)
