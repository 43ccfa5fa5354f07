# SPDX-License-Identifier: Apache-2.0
# plan_twin.py ASSAY PLAN.json TWIN.yaml: what `assay plan --twin` wrote is rendered, and measured on its pictures, against the
# numbers of the plan: pixels a millimetre, motion blur, depth of field, noise. Of the emulated weave, whose threads lie
# 0.52 mm apart; without any library. A line for each; exit status 1 when one is off.
import cmath
import json
import math
import re
import struct
import subprocess
import sys
import tempfile
import zlib

PITCH_MM = 0.52  # src/twin/scene_fabric.c
WHITE, REFLECTANCE = 0.9, 0.18


def png(path):
    """Rows of an 8-bit grey PNG."""
    data = open(path, 'rb').read()
    at, packed = 8, b''
    while at < len(data):
        size, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        if kind == b'IHDR':
            width, height, depth, colour = struct.unpack('>IIBB', body[:10])
            assert (depth, colour) == (8, 0), (depth, colour)
        if kind == b'IDAT':
            packed += body
        at += size + 12
    raw, rows, before = zlib.decompress(packed), [], bytes(width)
    for y in range(height):
        kind, line = raw[y * (width + 1)], bytearray(raw[y * (width + 1) + 1:(y + 1) * (width + 1)])
        for x in range(width):
            a, b, c = line[x - 1] if x else 0, before[x], before[x - 1] if x else 0
            if kind == 1:
                line[x] = (line[x] + a) & 255
            elif kind == 2:
                line[x] = (line[x] + b) & 255
            elif kind == 3:
                line[x] = (line[x] + (a + b) // 2) & 255
            elif kind == 4:
                p, q, r = abs(b - c), abs(a - c), abs(a + b - 2 * c)
                line[x] = (line[x] + (a if p <= q and p <= r else b if q <= r else c)) & 255
        rows.append(bytes(line))
        before = line
    return rows


def profile(rows, across):
    """Mean of each column; across: of each row."""
    lines = [list(row) for row in rows] if across else list(zip(*rows))
    means = [sum(line) / len(line) for line in lines]
    mean = sum(means) / len(means)
    n = len(means)
    # tapered to its ends, so that a wave that does not fit whole leaks little
    return [(v - mean) * (1 - abs(2 * i / (n - 1) - 1)) for i, v in enumerate(means)]


def wave(values, frequency):
    """How much of a frequency, in periods a pixel, is in it."""
    return abs(sum(v * cmath.exp(-2j * cmath.pi * frequency * i) for i, v in enumerate(values)))


def peak(values, low, high):
    steps = 400
    best = max(range(steps + 1), key=lambda i: wave(values, low + (high - low) * i / steps))
    return low + (high - low) * best / steps


class Twin:
    """Frames of the camera that a plan's file names."""

    def __init__(self, assay, path, folder):
        text = open(path).read()
        scene, query = re.search('"twin:([^?]+)[?]([^"]+)"', text).groups()
        size = re.search(r'frame_px: \[(\d+), (\d+)\]', text).groups()
        self.assay, self.scene, self.folder, self.n = assay, scene, folder, 0
        self.keys = dict(pair.split('=') for pair in query.split('&'))
        self.keys.update(width=size[0], height=size[1], recipe='plain', srgb='0')

    def export(self, parts=1, **keys):
        self.n += 1
        folder = '%s/%d' % (self.folder, self.n)
        uri = '&'.join('%s=%s' % pair for pair in dict(self.keys, **keys).items())
        subprocess.run([self.assay, 'twin', 'export', folder, '--scene', self.scene + '?' + uri, '--as', 'coco',
                        '--parts', str(parts)], check=True, stdout=subprocess.DEVNULL)
        return folder

    def rows(self, **keys):
        return png(self.export(defects=0, **keys) + '/images/0000001.png')

    def truth(self, parts, **keys):
        return [json.loads(line) for line in open(self.export(parts, **keys) + '/truth.jsonl')]


def turned(share, ratio, most):
    """The argument, up to most, at which a falling share(x) is ratio."""
    low, high = 1e-6, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) > ratio else (low, middle)
    return low


def of_motion(length, frequency):
    return math.sin(math.pi * length * frequency) / (math.pi * length * frequency)


def of_disc(diameter, frequency):
    u, n = math.pi * diameter * frequency, 400  # 2 J1(u) / u, by Bessel's integral
    j1 = sum(math.cos(t - u * math.sin(t)) for t in (math.pi * (k + 0.5) / n for k in range(n))) / n
    return 2 * j1 / u


n_wrong = 0


def expect(what, got, want, share):
    global n_wrong
    fine = abs(got - want) <= share * abs(want)
    n_wrong += not fine
    print('%s %s: %.5g measured, %.5g planned (within %g %%)' % ('ok' if fine else 'WRONG', what, got, want, 100 * share))


def scale(twin, plan, moving):
    """Pixels a millimetre by the threads, both ways; returns their frequencies."""
    found = []
    want = PITCH_MM / plan['pixel_mm']
    for across, name in ((False, 'along a row'), (True, 'down a column')):
        values = profile(moving, across)
        frequency = peak(values, 0.8 / want, 1.2 / want)
        expect('pixels a mm ' + name, 1 / frequency / PITCH_MM, 1 / plan['pixel_mm'], 0.015)
        found.append(frequency)
    return found


def slubs(twin, plan, parts, **keys):
    """And by what the truth says of thick places: their length in mm, and their box."""
    ratios = []
    for frame in twin.truth(parts, defects=0.9, severity=0.8, **keys):
        ratios += [f['box_px'][2] / f['size_mm'] for f in frame['findings']
                   if f['class'] == 'slub' and not f['clipped'] and f['box_px'][2] > 3 * f['box_px'][3]]
    ratios.sort()
    assert len(ratios) >= 2, ratios
    expect('pixels a mm of truth, %d slubs' % len(ratios), ratios[len(ratios) // 2], 1 / plan['pixel_mm'], 0.03)


def area(twin, plan):
    moving, still = twin.rows(), twin.rows(belt=0)
    fx, _ = scale(twin, plan, moving)
    slubs(twin, plan, 40, belt=0)
    at_rest = wave(profile(still, False), fx)
    blur = turned(lambda b: of_motion(b, fx), wave(profile(moving, False), fx) / at_rest, 1 / fx)
    # the plan's is of the part's top; the picture's of its middle, which is in focus
    expect('motion blur px', blur, plan['blur_px'] * plan['pixel_near_mm'] / plan['pixel_mm'], 0.05)
    for end, name in ((plan['sharp_to_mm'], 'far'), (plan['sharp_from_mm'], 'near')):
        off = end - plan['distance_mm']
        edge = wave(profile(twin.rows(belt=0, off=off), False), fx)
        disc = turned(lambda d: of_disc(d, fx), edge / at_rest, 1.2 / fx)
        expect('disc at the %s end of the depth of field, px' % name, disc, 1, 0.15)
    off = 3 * (plan['sharp_to_mm'] - plan['distance_mm'])
    f, s = plan['focal_mm'], plan['distance_mm']
    want = f * f / (plan['f_number'] * (s - f)) * off / (s + off) / (plan['pitch_um'] * 1e-3)
    edge = wave(profile(twin.rows(belt=0, off=off), False), fx)
    expect('disc three times as far off, px', turned(lambda d: of_disc(d, fx), edge / at_rest, 1.2 / fx), want, 0.05)
    # out of focus by fifteen pixels there is no detail
    noise(twin.rows(belt=0, off=15 * (plan['sharp_to_mm'] - s)), plan)


def noise(rows, plan):
    """Of a picture without detail: neighbours differ by noise alone. Its level says how many electrons make it."""
    n = sum(len(row) - 1 for row in rows)
    level = sum(map(sum, rows)) / sum(map(len, rows))
    spread = math.sqrt(sum((a - b) ** 2 for row in rows for a, b in zip(row, row[1:])) / n / 2 - 1 / 12)
    each = plan['electrons'] / REFLECTANCE * WHITE / 255  # electrons of a grey level
    dark = plan['electrons'] ** 2 / plan['snr'] ** 2 - plan['electrons']  # mu / sqrt(mu + dark) is snr
    expect('signal over noise', level / spread, level * each / math.sqrt(level * each + dark), 0.06)


def line(twin, plan):
    full = twin.rows()
    _, fy = scale(twin, plan, full)
    slubs(twin, plan, 70)
    short = 20  # so much less exposure, and more light
    frozen = twin.rows(exposure=float(twin.keys['exposure']) / short, light=float(twin.keys['light']) * short)
    ratio = wave(profile(full, True), fy) / wave(profile(frozen, True), fy)
    blur = turned(lambda b: of_motion(b, fy), ratio * of_motion(plan['blur_px'] / short, fy), 1 / fy)
    expect('motion blur px', blur, plan['blur_px'], 0.08)


with tempfile.TemporaryDirectory() as folder:
    made = json.load(open(sys.argv[2]))
    camera = Twin(sys.argv[1], sys.argv[3], folder)
    if made.get('scan') == 'line':
        line(camera, made)
    else:
        area(camera, made['plan'])
sys.exit(n_wrong > 0)
