#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Somebody walks through the emulated line: with privacy.faces the face is covered before anything is written, and the truth
# says in which frames one was.
. "$(dirname "$0")/lib.sh"
need_program
cascades=${ASSAY_CASCADES:-/usr/share/opencv4}
[ -f "$cascades/haarcascades/haarcascade_frontalface_alt2.xml" ] || skip "opencv-data is not installed (tools/setup)"
cd "$TMP" || exit 3
printf 'faults:\n  - {fault: person, from: 3, until: 6, amount: 0.3}\n' >walk.yaml

for rule in keep redact; do
    mkdir "$rule"
    cat >"$rule/assay.yaml" <<END
assay: 1
line: walked
task: classify
classes: {good: pass, bad: reject}
requirements:
  - {id: R1, text: nobody is stored, measure: stored_faces, at_most: 0}
privacy: {faces: $rule, detector: cascade, sensitivity: 0.3, margin: 0.3}
END
    expect_exit 0 "$ASSAY" -C "$rule" capture --camera "twin:metal?script=$TMP/walk.yaml&defects=0" --parts 8 --label good
done
expect_exit 1 "$ASSAY" -C keep privacy scan --sensitivity 0.3 --json
check 'not the three frames with a person have a face' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert [f["name"][-5:-4] for f in d["findings"]] == ["3", "4", "5"]' "$OUT"
expect_exit 0 "$ASSAY" -C redact privacy scan --all --sensitivity 0.3
expect_exit 0 "$ASSAY" twin render "metal?script=walk.yaml&defects=0" --frames 8 --sheet walk.png
check 'the truth does not say where the face is' python3 -c '
import json
parts = json.load(open("walk.json"))["parts"]
assert ["face_px" in p for p in parts] == [p["part"] in (3, 4, 5) for p in parts]
assert all(abs(p["face_px"][3] - 0.3 * 480) < 6 for p in parts if "face_px" in p)
assert [p["faults"] for p in parts][2] == {"person": 0.3}'
finish
