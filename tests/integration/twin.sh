#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay twin: what it lists, draws and exports, and that its truth agrees with its pictures.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3

expect_exit 0 "$ASSAY" twin list
expect_out 'missing_topping'
expect_out 'IMX250'
expect_out 'IMX264'
expect_out 'dirty_lens'
widest=$(wc -L <"$OUT")
check "twin list is $widest columns wide" [ "$widest" -le 80 ]
expect_exit 0 "$ASSAY" twin list --json
check 'no JSON list' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["scenes"][-1]["scene"] == "dataset:DIR" and len(d["conditions"]) >= 20 and len(d["faults"]) >= 20 and len(d["sensors"]) >= 5 and all(s["classes"][0] == "good" for s in d["scenes"])' "$OUT"

# Every key that a scene takes is in its help, and who asks for a scene that is not there is told of those that are.
expect_exit 0 "$ASSAY" help twin
for key in qe full_well dark_noise dark_current doubling dsnu prnu hot dead k scan trigger line_rate; do
    check "the help of twin lacks the key $key" grep -qw "$key" "$OUT"
done
expect_exit 2 "$ASSAY" twin show --scene nosuch
for scene in cones metal pcb fabric bottles film dataset:DIR; do
    expect_err "$scene"
done

# 16 mm at 500 mm with pixels of 3.45 um: 16 / 484 / 0.00345
expect_exit 0 "$ASSAY" twin show --scene 'cones?sensor=imx250&focal=16&distance=500' --json
check 'the lens does not give 9.582 px/mm' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert abs(d["lens"]["px_per_mm"] - 16 / 484 / 0.00345) < 1e-6 and d["camera"]["full_well_e"] == 10700' "$OUT"

# How fast a core draws: every setting has a figure.
expect_exit 0 "$ASSAY" twin bench --scene cones --ms 1 --json
check 'a setting has no figure' python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))
assert [r["setting"] for r in rows] == ["own", "mono", "sensor", "person", "effects", "faults"]
assert all(r["scene"] == "cones" and r["640x480"] > 0.1 and r["1280x1024"] > 0.1 for r in rows), rows' "$OUT"

expect_exit 0 "$ASSAY" twin render --scene 'cones?width=160&height=120' --frames 6 --sheet a.png
expect_exit 0 "$ASSAY" twin render --scene 'twin:cones?width=160&height=120' --frames 6 --sheet b.png
check 'the same seed gives another sheet' cmp -s a.png b.png
expect_exit 0 "$ASSAY" twin render --scene 'cones?width=160&height=120&seed=2' --frames 6 --sheet c.png
check 'another seed gives the same sheet' sh -c '! cmp -s a.png c.png'
check 'no truth beside the sheet' python3 -c '
import json
d = json.load(open("a.json"))
assert d["kind"] == "assay twin truth" and [p["part"] for p in d["parts"]] == [1, 2, 3, 4, 5, 6]'

expect_exit 0 "$ASSAY" twin export coco --scene 'cones?width=320&height=240&defects=0.6&severity=0.5' --parts 40
check 'COCO does not agree with the truth' python3 -c '
import json, os
d = json.load(open("coco/annotations.json"))
t = [json.loads(l) for l in open("coco/truth.jsonl")]
assert len(d["images"]) == 40 and all(os.path.getsize("coco/" + i["file_name"]) > 1000 for i in d["images"])
assert 14 <= len(d["annotations"]) <= 34
for a in d["annotations"]:
    x, y, w, h = a["bbox"]
    assert 0 <= x and 0 <= y and x + w <= 320 and y + h <= 240 and 0 < a["area"] <= w * h
    assert t[a["image_id"] - 1]["class"] == [c["name"] for c in d["categories"] if c["id"] == a["category_id"]][0]'
expect_exit 2 "$ASSAY" twin export coco --parts 1
expect_err 'is not empty'

printf 'faults:\n  - {fault: haze, from: 3, until: 5, amount: 0.5}\n' >faults.yaml
expect_exit 0 "$ASSAY" twin export folders --as folders --parts 6 --scene 'cones?width=64&height=48&script=faults.yaml'
expect_out '2 pictures with a fault'
check 'no folder for the good ones' test -s folders/good/0000001.png
check 'the fault is not told' python3 -c '
import json
t = [json.loads(l) for l in open("folders/truth.jsonl")]
assert [p["faults"] for p in t] == [{}, {}, {"haze": 0.5}, {"haze": 0.5}, {}, {}]
assert [p["conditions"] for p in t] == [{}, {}, {"haze": 0.5}, {"haze": 0.5}, {}, {}]'
expect_exit 0 "$ASSAY" twin export spoiled --parts 2 \
    --scene 'metal?width=64&height=48&dirt=0.9&haze=0.5&ageing=.5&age=1000&flicker=0.5&rate=10000'
check 'what keys spoil is not in the truth' python3 -c '
import json
t = [json.loads(l) for l in open("spoiled/truth.jsonl")]
d = json.load(open("spoiled/annotations.json"))
for p, i in zip(t, d["images"]):
    c = p["conditions"]
    assert p["faults"] == {} and i["conditions"] == c, c
    assert set(c) == {"dirt", "haze", "light", "aged", "flicker", "flicker_phase", "flicker_level"}, c
    assert c["dirt"] == 0.9 and c["haze"] == 0.5 and abs(c["light"] - 0.5) < 1e-6 and 0.5 <= c["flicker_level"] <= 1.5, c'

expect_exit 0 "$ASSAY" twin play --frames 3 --side 160 --output p.html
check 'the page fetches or runs something' sh -c '! grep -qE "<script|href=\"http|src=\"http" p.html'
check 'the page has not three pictures' test "$(grep -o 'data:image/jpeg' p.html | wc -l)" -eq 3

expect_exit 2 "$ASSAY" twin render --scene 'cone'
expect_err "did you mean 'cones'"
expect_exit 2 "$ASSAY" twin show --scene 'cones?dirtt=1'
expect_err "did you mean 'dirt'"
expect_exit 2 "$ASSAY" twin show --scene 'cones?sensor=imx25'
expect_err 'did you mean'
printf 'faults:\n  - {fault: hase}\n' >bad.yaml
expect_exit 2 "$ASSAY" twin show --scene 'cones?script=bad.yaml'
expect_err "bad.yaml:2:13: there is no fault 'hase': did you mean 'haze'"

# A sensor of one's own in a file: what an address says stands over it, and a mistake has its place.
printf 'name: old line\nsensor: imx264\nfull_well: 9800\nqe: 0.58\nbits: 10\n' >old.yaml
expect_exit 0 "$ASSAY" twin show --scene 'metal?sensor=old.yaml&qe=0.4' --json
check 'the sensor is not that of the file' python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))["camera"]
assert (c["sensor"], c["bits"], c["full_well_e"], c["quantum_efficiency"]) == ("old line", 10, 9800, 0.4)
assert c["source"] == "old.yaml, over IMX264" and c["black_level_dn"] == 16, c' "$OUT"
printf 'qe: 0.5\nfull_wel: 9\n' >bad_sensor.yaml
expect_exit 2 "$ASSAY" twin show --scene 'metal?sensor=bad_sensor.yaml'
expect_err "bad_sensor.yaml:2:1: a sensor has no 'full_wel': did you mean 'full_well'"
expect_exit 2 "$ASSAY" twin show --scene 'metal?sensor=nowhere.yaml'
expect_err 'nowhere.yaml'
expect_exit 0 "$ASSAY" twin schema
check 'the schema is none' python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["properties"]) == 19' "$OUT"
expect_exit 0 "$ASSAY" twin show --scene 'fabric?scan=line&sensor=line8k'
expect_out 'most lines per s +80000'
expect_exit 2 "$ASSAY" twin show --scene 'cones?sensor=line2k'
expect_err "'line2k' is one line of pixels: add scan=line"

# Relative paths in assay.yaml are of its own folder, wherever one stands; on the command line they are of where one stands.
expect_exit 0 "$ASSAY" init ws --example cones
mkdir -p ws/pictures/good && cp folders/good/0000001.png ws/pictures/good/
printf 'faults:\n  - {fault: camera_dead, from: 3}\n' >ws/dead.yaml
printf 'sensor: worn\n' >ws/mine.yaml
sed -i 's/camera: "twin:cones"/camera: "twin:cones?parts=6\&script=dead.yaml\&sensor=mine.yaml"/' ws/assay.yaml
expect_grep 'script=dead.yaml' ws/assay.yaml
expect_exit 0 "$ASSAY" -C ws capture --parts 4
expect_out '^2 pictures seen'
expect_exit 2 "$ASSAY" -C ws capture --parts 0 --camera 'twin:cones?parts=6&script=dead.yaml'
expect_err "'dead.yaml'"
expect_exit 3 "$ASSAY" -C ws capture --parts 0 --camera folder:pictures
sed -i 's/camera: "[^"]*"/camera: "folder:pictures"/; s/frame_px: [^]]*\], //' ws/assay.yaml
expect_exit 0 "$ASSAY" -C ws capture --parts 4

# Pictures of one's own: folders are classes, masks are cut out and laid into good ones; what is no picture is named.
expect_exit 0 "$ASSAY" twin export own --scene 'metal?defects=0.6&severity=0.8&recipe=ground&width=320&height=240' --as folders --parts 24
mkdir -p own/masks
/usr/bin/env python3 - <<'PY'
import glob, json, os, struct, zlib
def png(path, w, h, inside):
    rows = b"".join(b"\0" + bytes(255 if inside(x, y) else 0 for x in range(w)) for y in range(h))
    chunk = lambda k, d: struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0)) +
                           chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
for line in open("own/truth.jsonl"):
    t = json.loads(line)
    if t["findings"]:
        x, y, w, h = t["findings"][0]["box_px"]
        png("own/masks/%07d_mask.png" % t["part"], 320, 240, lambda a, b: x <= a < x + w and y <= b < y + h)
PY
echo 'no picture' >own/good/0000000.png
expect_exit 0 "$ASSAY" twin export laid --scene 'dataset:own?defects=0.7&severity=0.6' --as coco --parts 30
expect_err "skipped 'good/0000000.png'"
check 'what was laid into a picture is not told, or has no pixels' python3 -c '
import json
t = [json.loads(l) for l in open("laid/truth.jsonl")]
d = json.load(open("laid/annotations.json"))
assert len(t) == 30 and all(p["source"].startswith("good/") for p in t)
laid = [p for p in t if p["findings"]]
assert 12 <= len(laid) <= 28 and all(p["class"] == p["defect_source"].split("/")[0] for p in laid)
assert len(d["annotations"]) >= len(laid) - 2 and all(a["area"] > 0 for a in d["annotations"])
assert {c["name"] for c in d["categories"]} >= {"scratch", "stain"}'
expect_exit 2 "$ASSAY" twin render dataset:nowhere
expect_err "there is no folder 'nowhere'"
expect_exit 2 "$ASSAY" twin render dataset:own --scene cones
expect_err 'named twice'
mkdir cut && "$ASSAY" camera grab twin:cones -o cut/a.png >/dev/null && truncate -s 400 cut/a.png && rm cut/a.json
expect_exit 2 "$ASSAY" twin export black --scene dataset:cut --as folders --parts 2
expect_err "none of the 1 pictures in 'cut' can be read"
expect_exit 2 "$ASSAY" twin render 'cones?severity=0.5&worst=0.2'
expect_err 'worst severity'

# A file that is something else stays, a page is replaced by a page, a device stays a device.
cp p.html page.png
expect_exit 2 "$ASSAY" twin render --frames 2 --sheet page.png
expect_err "'page.png' is there and is something else"
expect_exit 2 "$ASSAY" twin render --frames 2 --sheet a.jpg
expect_err "'a.jpg' should end in .png"
expect_exit 0 "$ASSAY" twin render --scene 'cones?width=160&height=120' --frames 2 --sheet a.png
printf '[{"part": 1}]\n' >own.json
expect_exit 2 "$ASSAY" twin render --scene 'cones?width=160&height=120' --frames 2 --sheet own.png
expect_err "'own.json' is there and is something else"
expect_no_file own.png
check 'what was in own.json is gone' grep -q '^\[{"part": 1}\]$' own.json
printf '{"kind": "recipe"}\n' >own.json
expect_exit 2 "$ASSAY" twin render --scene 'cones?width=160&height=120' --frames 2 --sheet own.png
expect_exit 0 "$ASSAY" twin play --frames 2 --side 160 --output p.html
expect_exit 3 "$ASSAY" twin play --frames 2 --side 160 --output /dev/full
check 'the device became a file' test -c /dev/full
# Recipes are listed, and an error lists them too.
expect_exit 0 "$ASSAY" twin show metal
expect_out 'brushed, milled, ground, cast'
expect_exit 2 "$ASSAY" twin show 'metal?recipe=steel'
expect_err 'it has brushed, milled, ground, cast'
printf 'faults:\n  - {fault: wrong_product, from: 2, amount: 63}\n' >product.yaml
expect_exit 2 "$ASSAY" twin show 'metal?script=product.yaml'
expect_err 'brushed, milled, ground, cast'
printf 'faults:\n  - {fault: wrong_product, from: 2, amount: cast}\n' >product.yaml
expect_exit 2 "$ASSAY" twin show 'metal?recipe=cast&script=product.yaml'
expect_err "'cast' is what the scene makes"
expect_exit 0 "$ASSAY" twin export product --scene 'metal?recipe=milled&width=160&height=120&script=product.yaml' --parts 2
check 'the wrong product is not told' python3 -c '
import json
t = [json.loads(l) for l in open("product/truth.jsonl")]
assert [p["recipe"] for p in t] == ["milled", "cast"] and t[1]["right_recipe"] == "milled" and "right_recipe" not in t[0]'

# One truth: what render, export and play frame is the same box.
expect_exit 0 "$ASSAY" twin render 'metal?defects=1&severity=0.5' --frames 6 --sheet one.png
expect_exit 0 "$ASSAY" twin export one --scene 'metal?defects=1&severity=0.5' --parts 6
check 'render and export tell of two boxes' python3 -c '
import json
a = json.load(open("one.json"))["parts"]
t = [json.loads(l) for l in open("one/truth.jsonl")]
coco = json.load(open("one/annotations.json"))["annotations"]
assert sum(len(p["findings"]) for p in t) == len(coco) > 5
for p, q in zip(a, t):
    for f, g in zip(p["findings"], q["findings"]):
        assert f["box_px"] == g["box_px"] and f["area_px"] == g["area_px"] and f["clipped"] is g["clipped"]
        assert g["box_px"] in [c["bbox"] for c in coco]'

# What is no file is said to be none.
expect_exit 2 "$ASSAY" twin render metal --frames 1 --sheet ./
expect_err 'is a folder'
expect_exit 0 "$ASSAY" twin play metal --frames 2 --side 160 -o -
expect_out '<!DOCTYPE html>'
check 'a file called - was written' test ! -e ./-

# Two exports into one folder: one of them has it. Stopped, it keeps what it made, with truth and annotations.
"$ASSAY" twin export both --scene 'cones?defects=1' --parts 100000 -q >first.out 2>first.err &
first=$!
for _ in $(seq 200); do
    [ -s both/truth.jsonl ] && break
    sleep 0.05
done
expect_exit 2 "$ASSAY" twin export both --parts 1
expect_err 'is not empty'
kill -INT "$first"
wait "$first"
status=$?
check 'an export that is stopped does not say so' test "$status" -eq 3
check 'the error does not say what is there' grep -q 'parts, with their truth' first.err
check 'what was drawn has no truth' python3 -c '
import json, os
t = [json.loads(l) for l in open("both/truth.jsonl")]
d = json.load(open("both/annotations.json"))
assert len(t) == len(d["images"]) == len(os.listdir("both/images")) > 0
assert sorted(p["file"] for p in t) == sorted("images/" + f for f in os.listdir("both/images"))
assert not os.path.exists("both/.export.lock")'
mkdir held
exec 9>held/.export.lock
flock -n 9
expect_exit 3 "$ASSAY" twin export held --parts 1
expect_err 'another export writes into'
exec 9>&-

finish
