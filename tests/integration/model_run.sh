#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay model run: what a detector, a classifier, a segmenter find in pictures, against what OpenCV makes of the same numbers.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3
models=$ASSAY_SHARED/models
data=$ASSAY_SHARED/data
python=/usr/bin/python3

# --- models that are made here ---
if $python -c 'import cv2, numpy' 2>"$TMP/none"; then
    $python - <<'PY' || exit 3
import cv2, json, numpy as np

# --- ONNX's protobuf, as much of it as these models need: fields are (number, value) ---
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])

def message(*fields):
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out

def tensor(name, value):
    return message(*((1, int(d)) for d in value.shape), (2, 1), (8, name), (9, value.astype("<f4").tobytes()))

def info(name, shape):
    dims = message(*((1, message((1, int(d)))) for d in shape))
    return message((1, name), (2, message((1, message((1, 1), (2, dims))))))

def node(op, inputs, output, *attributes):
    return message(*((1, i) for i in inputs), (2, output), (3, output), (4, op), *((5, a) for a in attributes))

def save(path, outputs, meta, size):
    """A model that gives these numbers whatever it sees."""
    fields = [(1, node("ReduceMean", ["images"], "mean", message((1, "keepdims"), (3, 0), (20, 2)))),
              (1, node("Mul", ["mean", "none"], "zero"))]
    fields += [(1, node("Add", [name + "_is", "zero"], name)) for name in outputs]
    fields += [(2, "fixed"), (5, tensor("none", np.zeros(1)))]
    fields += [(5, tensor(name + "_is", value)) for name, value in outputs.items()]
    fields += [(11, info("images", [1, 3, size, size]))]
    fields += [(12, info(name, value.shape)) for name, value in outputs.items()]
    with open(path, "wb") as file:
        file.write(message((1, 8), (7, message(*fields)), (8, message((1, ""), (2, 13))),
                           *((14, message((1, k), (2, v))) for k, v in meta.items())))

rng = np.random.default_rng(4)
n = 40 * 40 + 20 * 20 + 10 * 10
boxes = np.stack([rng.uniform(40, 280, n), rng.uniform(100, 220, n), rng.uniform(20, 90, n), rng.uniform(20, 90, n)])
scores = np.where(rng.uniform(size=(3, n)) < 0.06, rng.uniform(0.2, 1, (3, n)), rng.uniform(0, 0.1, (3, n)))
out = np.concatenate([boxes, scores])[None].astype(np.float32)
meta = {"task": "detect", "stride": "32", "names": "{0: 'bolt', 1: 'nut', 2: 'screw'}", "imgsz": "[320, 320]"}
save("yolo.onnx", {"output0": out}, meta, 320)

# The usual lines: the best class of each place, a threshold, OpenCV's suppression class by class.
rows = out[0].T
best = rows[:, 4:].argmax(1)
score = rows[:, 4:].max(1)
corner = rows[:, :2] - rows[:, 2:4] / 2
want = []
for c in range(3):
    at = np.where((best == c) & (score >= 0.25))[0]
    keep = cv2.dnn.NMSBoxes([[*map(float, corner[i]), *map(float, rows[i, 2:4])] for i in at],
                            [float(score[i]) for i in at], 0.25, 0.45)
    want += [at[k] for k in np.array(keep).ravel()]
want.sort(key=lambda i: -score[i])
# 320 x 160 in a letterbox of 320 x 320, shown at 640 x 320: doubled, 80 rows off.
found = []
for i in want[:300]:
    x0, y0 = corner[i] * 2 - [0, 160]
    x1, y1 = (corner[i] + rows[i, 2:4]) * 2 - [0, 160]
    x0, x1 = np.clip([x0, x1], 0, 640)
    y0, y1 = np.clip([y0, y1], 0, 320)
    found.append([["bolt", "nut", "screw"][best[i]], float(score[i]), float(x0), float(y0), float(x1 - x0), float(y1 - y0)])
json.dump(found, open("want.json", "w"))
cv2.imwrite("wide.png", np.full((320, 640, 3), 90, np.uint8))

# Masks: prototypes of two ramps; and areas.
seg = np.zeros((1, 4 + 2 + 2, n), np.float32)
seg[0, :, 700] = [160, 160, 160, 80, 0.8, 0, 1, 0]
proto = np.stack([np.tile(np.arange(80, dtype=np.float32) - 39.5, (80, 1)), np.ones((80, 80), np.float32)])[None]
save("seg.onnx", {"output0": seg, "output1": proto}, {"task": "segment", "stride": "32", "names": "{0: 'a', 1: 'b'}"}, 320)
areas = np.zeros((1, 3, 80, 80), np.float32)
areas[0, 1, 20:30, 10:30] = 5
areas[0, 2, 50:70, 40:50] = 5
save("areas.onnx", {"scores": areas}, {}, 320)
save("odd.onnx", {"left": np.zeros((1, 17, 9), np.float32)}, {}, 320)
PY
    expect_exit 0 "$ASSAY" model run yolo.onnx wide.png --top 300 --json
    cp "$OUT" found.json
    expect_err "^head yolov8 \(the model says so\); pictures to 320x320 by fit_to_window_letterbox: \(R - 0\) / 255, .*\(the model says so\); by native$"
    expect_exit 0 $python -c '
import json
want, have = json.load(open("want.json")), json.load(open("found.json"))["pictures"][0]
assert (have["width"], have["height"]) == (640, 320), have
found = have["findings"]
assert len(found) == len(want) > 50, (len(found), len(want))
for f, w in zip(found, want):
    assert f["class"] == w[0] and abs(f["score"] - w[1]) < 2e-4, (f, w)
    assert all(abs(a - b) < 0.01 for a, b in zip(f["box"], w[2:])), (f, w)'
    mkdir two && cp wide.png two && head -c 60 wide.png >two/cut.png # one that fails, and the other all the same
    expect_exit 3 "$ASSAY" model run yolo.onnx two --score 0.9
    expect_out '^two/wide.png +(bolt|nut|screw)'
    expect_err "'two/cut.png'"
    expect_err '1 of 2 pictures could not be looked at'
    expect_exit 3 "$ASSAY" model run yolo.onnx two --score 0.9 --json
    cp "$OUT" .out.kept
    expect_exit 0 $python -c '
import json
d = json.loads(open(".out.kept").read()) # one document
assert d["error"]["exit"] == 3 and "1 of 2" in d["error"]["text"], d
bad, good = sorted(d["pictures"], key=lambda p: p["picture"])
assert "cut.png" in bad["error"] and good["findings"], d'
    expect_exit 3 "$ASSAY" model run yolo.onnx two/cut.png --json
    expect_equal "$(wc -l <"$OUT")" 1
    expect_exit 0 "$ASSAY" model run yolo.onnx wide.png --score 0.9 --draw found.png
    expect_out '^wide.png +(bolt|nut|screw) +(0\.9|1\.0)'
    expect_exit 0 $python -c '
import cv2
a, b = cv2.imread("wide.png"), cv2.imread("found.png")
assert a.shape == b.shape and (a != b).any(axis=2).sum() > 500'
    expect_exit 0 "$ASSAY" model run yolo.onnx wide.png --any-class --top 300 --json
    cp "$OUT" seen.json
    expect_exit 0 $python -c '
import json
n = len(json.load(open("seen.json"))["pictures"][0]["findings"])
assert 0 < n < len(json.load(open("want.json"))), n'

    expect_exit 0 "$ASSAY" model run seg.onnx wide.png --json
    cp "$OUT" seen.json
    expect_exit 0 $python -c '
import json
f = json.load(open("seen.json"))["pictures"][0]["findings"]
assert len(f) == 1 and f[0]["class"] == "a" and f[0]["box"] == [160, 80, 320, 160], f
assert f[0]["mask"]["size"] == [320, 640] and f[0]["area"] == 160 * 160, f # the right half of the box'
    expect_exit 0 "$ASSAY" model run areas.onnx wide.png --resize standard --json
    cp "$OUT" seen.json
    expect_exit 0 $python -c '
import json
f = sorted(json.load(open("seen.json"))["pictures"][0]["findings"], key=lambda f: f["class_id"])
assert [g["box"] for g in f] == [[80, 80, 160, 40], [320, 200, 80, 80]], f
assert [g["area"] for g in f] == [160 * 40, 80 * 80], f'

    # Several pictures: a folder of drawings, and none of a file that is none.
    mkdir pictures && cp wide.png pictures/a.png && cp wide.png pictures/b.png
    expect_exit 0 "$ASSAY" model run yolo.onnx pictures --draw drawn
    check 'not every picture was drawn' test -s drawn/a.png.png -a -s drawn/b.png.png
    expect_exit 2 "$ASSAY" model run yolo.onnx pictures --draw found.png
    expect_err "'found.png' is a file, and there are 2 pictures"
    # Drawings keep the folders below the one that was named; two of one name are refused before anything is looked at.
    mkdir -p tree/one tree/two && cp wide.png tree/one/a.png && cp wide.png tree/two/a.png
    expect_exit 0 "$ASSAY" model run yolo.onnx tree --draw below/tree
    check 'drawings keep their folders' test -s below/tree/one/a.png.png -a -s below/tree/two/a.png.png
    expect_exit 2 "$ASSAY" model run yolo.onnx tree/one tree/two --draw never
    expect_err "'tree/one/a.png' and 'tree/two/a.png' would be drawn into one file 'a.png.png'"
    expect_exit 2 "$ASSAY" model run yolo.onnx tree/one/a.png tree/two/a.png --draw never
    check 'nothing was drawn' test ! -e never
    mkdir over && cp wide.png over/a.png && cp wide.png over/a.png.png && cp wide.png over/was.png
    expect_exit 2 "$ASSAY" model run yolo.onnx over --draw over
    expect_err "'over/a.png.png' is one of the pictures"
    check 'a picture is as it was' cmp -s over/a.png.png wide.png
    echo 'no picture' >pictures/c.png
    expect_exit 2 "$ASSAY" model run yolo.onnx pictures
    expect_err "'pictures/c.png'"
    expect_out '^pictures/a.png'
    mkdir empty
    expect_exit 2 "$ASSAY" model run yolo.onnx empty
    expect_err "no picture in folder 'empty'"

    # What is wrong is named.
    expect_exit 2 "$ASSAY" model run odd.onnx wide.png
    expect_err "'left' f32 1x17x9 with an input of 320x320"
    expect_exit 2 "$ASSAY" model run yolo.onnx wide.png --head yolov5
    expect_err "as 'yolov5' it would give \[1, places x 3, 5 \+ classes\]"
    expect_exit 2 "$ASSAY" model run yolo.onnx wide.png --head nothing
    expect_err "there is no head 'nothing' \(there are yunet, classes,"
    expect_exit 2 "$ASSAY" model run yolo.onnx wide.png --prepare unti
    expect_err "did you mean 'unit'"
    expect_exit 2 "$ASSAY" model run yolo.onnx wide.png --mean 1,2
    expect_err '--mean .1,2. has two numbers'
    printf 'one\ntwo\n' >labels.txt
    expect_exit 2 "$ASSAY" model run yolo.onnx wide.png --labels labels.txt
    expect_err "there are 2 labels, and as head 'yolov8' the model has 3 classes"

    # How pictures are prepared is a guess where nobody says it, and that is said.
    guess='does not say how it wants its pictures: this is a guess'
    expect_exit 0 "$ASSAY" model run areas.onnx wide.png
    expect_err "$guess.*--prepare"
    expect_exit 0 "$ASSAY" model run areas.onnx wide.png --prepare unit
    expect_no_err "$guess"
    expect_exit 0 "$ASSAY" model run areas.onnx wide.png --mean 0 --scale 255 --json
    expect_no_err "$guess"
    expect_out '"prepare_is_guess":false'
    expect_exit 0 "$ASSAY" model run yolo.onnx wide.png
    expect_no_err "$guess"
else
    skip_case 'python3-opencv is not here'
fi

# --- real ones ---
if [ -f "$models/yunet_n_320_320.onnx" ] && $python -c '
import cv2, sys
ok, frame = cv2.VideoCapture(sys.argv[1]).read()
assert ok and cv2.imwrite("classroom.png", frame)' "$data/people/classroom.gif" 2>"$TMP/none"; then
    expect_exit 0 "$ASSAY" model run "$models/yunet_n_320_320.onnx" classroom.png --json
    cp "$OUT" seen.json
    expect_no_err 'this is a guess'
    expect_exit 0 $python -c '
import json
found = json.load(open("seen.json"))["pictures"][0]["findings"]
middles = sorted((round(f["box"][0] + f["box"][2] / 2), round(f["box"][1] + f["box"][3] / 2)) for f in found)
# Counted by eye: four people.
want = [(75, 160), (136, 136), (239, 136), (318, 164)]
assert len(middles) == 4 and all(abs(a - c) < 6 and abs(b - d) < 6 for (a, b), (c, d) in zip(middles, want)), middles'
else
    skip_case 'YuNet, the classroom, or OpenCV to read it with are not here'
fi
net=$models/squeezenet1.1_fp32_from_winml_fp16.onnx
if [ -f "$net" ] && [ -d "$data/cookie/test" ]; then
    expect_exit 0 "$ASSAY" model run "$net" "$data"/cookie/test/normal/test-normal-10.jpg --prepare caffe \
        --labels "$models/imagenet_labels_1000.txt"
    expect_out 'test-normal-10.jpg +bagel, beigel +0\.9'
    # The same weights as half floats, which its input and output are too.
    for backend in native ort; do
        [ "$backend" = native ] || "$ASSAY" doctor 2>/dev/null | grep -qiE 'onnx ?runtime [0-9]' || continue
        expect_exit 0 "$ASSAY" model run "$models/SqueezeNet_fp16.onnx" "$data"/cookie/test/normal/test-normal-10.jpg \
            --prepare caffe --labels "$models/imagenet_labels_1000.txt" --backend "$backend"
        expect_out 'test-normal-10.jpg +bagel, beigel +0\.9'
    done
else
    skip_case 'SqueezeNet, or the cookies are not here'
fi
finish
