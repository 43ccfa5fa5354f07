#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A COCO file read with json, its boxes by picture and by category, and the pictures beside it listed, as loaders written in
Python do it: the peer of workload `coco`.

Arguments: the folder, which has _annotations.coco.json. Descriptor 3 is shared memory with room for three numbers as
float64. The first line printed is who this is. Then, a line each: `run I` reads the file, leaves how many pictures and boxes
there are and the sum of the boxes' numbers, and answers `ok`; `time FIRST N` answers with the times of N readings, in
nanoseconds.
"""
import collections
import gc
import json
import mmap
import os
import platform
import struct
import sys
import time

folder = sys.argv[1]
memory = mmap.mmap(3, 0)


def read():
    there = {entry.name for entry in os.scandir(folder)}
    with open(os.path.join(folder, "_annotations.coco.json"), encoding="utf-8") as file:
        data = json.load(file)
    by_picture, by_category = collections.defaultdict(list), collections.defaultdict(list)
    for said in data["annotations"]:
        by_picture[said["image_id"]].append(said)
        by_category[said["category_id"]].append(said["image_id"])
    pictures = [image for image in data["images"] if image["file_name"] in there]
    return pictures, by_picture


print(f"Python json {platform.python_version()}", flush=True)
for line in sys.stdin:
    word, *numbers = line.split()
    if word == "run":
        pictures, boxes = read()
        n = sum(len(said) for said in boxes.values())
        total = sum(sum(one["bbox"]) for said in boxes.values() for one in said)
        memory[:24] = struct.pack("3d", len(pictures), n, total)
        del pictures, boxes
        print("ok", flush=True)
    elif word == "time":
        times = []
        for _ in range(int(numbers[1])):
            gc.collect()
            start = time.perf_counter_ns()
            kept = read()
            times.append(time.perf_counter_ns() - start)
            del kept
        print(*times, flush=True)
