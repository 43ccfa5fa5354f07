#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A COCO file read with json, its boxes by picture and by category, and the pictures beside it listed, as loaders written in
Python do it: the peer of workload `coco`.

Arguments: the folder, which has _annotations.coco.json. Descriptor 3 is shared memory with room for three numbers as
float64. See serve.py for what is asked.
"""
import collections
import gc
import json
import mmap
import os
import platform
import struct
import sys

from serve import serve

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


def leave(kept):
    pictures, boxes = kept
    n = sum(len(said) for said in boxes.values())
    total = sum(sum(one["bbox"]) for said in boxes.values() for one in said)
    memory[:24] = struct.pack("3d", len(pictures), n, total)


serve(f"Python json {platform.python_version()}", 1, lambda i: read(), leave, gc.collect)
