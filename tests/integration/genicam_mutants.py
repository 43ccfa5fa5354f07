# SPDX-License-Identifier: Apache-2.0
"""genicam_mutants.py PROGRAM FIRST N: damages the GenICam description that PROGRAM prints, N times, and has PROGRAM open a
camera with each, in a process of its own. Ends with 1 when one of them ended otherwise than with 0 or 1, in 20 s."""
import collections
import os
import random
import re
import subprocess
import sys
import tempfile

program, first, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
base = subprocess.run([program], capture_output=True, check=True).stdout
names = re.findall(rb'Name="(\w+)"', base)
kinds = [b"Integer", b"Float", b"Enumeration", b"Category", b"Command", b"Converter", b"IntReg", b"SwissKnife",
         b"Boolean", b"StringReg", b"MaskedIntReg", b"IntSwissKnife"]


def cut(r):
    return base[:r.randrange(len(base))]


def other_bytes(r):
    x = bytearray(base)
    for _ in range(r.randrange(1, 30)):
        x[r.randrange(len(x))] = r.randrange(32, 127)
    return bytes(x)


def other_references(r):
    """Also to itself, and in circles."""
    out, found = base, list(re.finditer(rb"<p(\w+)>(\w+)</p\w+>", base))
    for _ in range(r.randrange(1, 4)):
        m = r.choice(found)
        out = out.replace(m.group(0), b"<p" + m.group(1) + b">" + r.choice(names) + b"</p" + m.group(1) + b">")
    return out


def other_number(r):
    m = r.choice(list(re.finditer(rb"<(\w+)>(0x[0-9a-fA-F]+|\d+)<", base)))
    value = r.choice([b"99999999999999999999", b"-1", b"0", b"0xffffffffffffffff", b"1e999", b"nan", b""])
    return base[:m.start(2)] + value + base[m.end(2):]


def other_kind(r):
    a, b = r.choice(kinds), r.choice(kinds)
    return base.replace(b"<" + a + b" ", b"<" + b + b" ").replace(b"</" + a + b">", b"</" + b + b">")


def formula(r):
    f = r.choice([b"(" * 5000, b"1/0", b"A" * 10000, b"1" + b"+1" * 20000, b"0xZZ", b"2**9999999999", b"1%0", b""])
    return re.sub(rb"<Formula>[^<]*</Formula>", b"<Formula>" + f + b"</Formula>", base)


def deep(r):
    at = base.index(b"<Category")
    k = r.choice([50, 1000, 100000])
    return base[:at] + b"<Group>" * k + b"</Group>" * k + base[at:]


def moved(r):
    lines = base.split(b"\n")
    a, b = sorted(r.sample(range(5, len(lines) - 5), 2))
    return b"\n".join(lines[:a] + lines[b:b + 20] + lines[a:b] + lines[b + 20:])


ways = [cut, other_bytes, other_references, other_number, other_kind, formula, deep, moved]
seen, bad = collections.Counter(), 0
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "camera.xml")
    for seed in range(first, first + n):
        way = ways[seed % len(ways)]
        with open(path, "wb") as f:
            f.write(way(random.Random(seed)))
        try:
            end = subprocess.run([program, path], capture_output=True, timeout=20).returncode
        except subprocess.TimeoutExpired:
            end = "20 s"
        seen[(way.__name__, end)] += 1
        if end not in (0, 1):
            print(f"seed {seed} ({way.__name__}): ended with {end}")
            bad += 1
for (way, end), k in sorted(seen.items(), key=str):
    print(f"{way}: {k} ended with {end}")
sys.exit(bad > 0)
