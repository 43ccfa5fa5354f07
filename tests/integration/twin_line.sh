#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A web under a line-scan camera: its truth, what is refused, capture and run, the camera on the wire, and the plan of one.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3

# json CONDITION FILE: over d, the list of its lines
# shellcheck disable=SC2317
json() {
    python3 -c '
import json, sys
d = [json.loads(l) for l in open(sys.argv[2])]
assert eval(sys.argv[1]), d' "$1" "$2" 2>json.err || { tail -c 300 json.err; false; }
}

# --- truth ---
expect_exit 0 "$ASSAY" twin export roll --scene 'film?scan=line&defects=0.9&height=240' --as coco --parts 20
check 'frames do not lie one after the other on the web' json \
    'all(abs(a["web_mm"][1] - b["web_mm"][0]) < 1e-9 for a, b in zip(d, d[1:]))' roll/truth.jsonl
check 'no defect is cut by the border of two frames' json \
    'sum(any(f["number"] == g["number"] and f["cut"] and g["cut"] and g["box_px"][1] == 0 for g in b["findings"])
         for a, b in zip(d, d[1:]) for f in a["findings"]) >= 3' roll/truth.jsonl

# --- what is refused, with what to do ---
expect_exit 2 "$ASSAY" twin render 'cones?scan=line' --sheet no.png
expect_err "'cones' is no web: a line-scan camera can look at fabric and film"
expect_exit 2 "$ASSAY" twin render 'fabric?scan=line&exposure=500' --sheet no.png
expect_err 'does not fit into a line of 285.7 us: at most exposure=285.7, or line_rate=2000'
expect_exit 2 "$ASSAY" twin render 'fabric?scan=lines' --sheet no.png
expect_err "scan='lines' is neither area nor line"
expect_exit 2 "$ASSAY" twin render 'fabric?line_rate=500' --sheet no.png
expect_err 'add scan=line'

# --- capture and run ---
mkdir web
cat >web/assay.yaml <<'YAML'
assay: 1
line: web
goal: what is wrong is seen
product: {name: cloth, size_mm: [300, 45], defect_mm: 0.3}
station: {camera: "twin:fabric?scan=line&severity=0.6", frame_px: [320, 160], deadline_ms: 200, scan: line, belt_mm_per_s: 250}
task: classify
classes: {good: pass, missing_thread: reject, slub: reject, hole: reject, stain: reject}
requirements: [{id: R1, text: bad ones are caught, measure: recall, of: reject, per: part, at_least: 0.2, confidence: 0.9}]
failsafe: {late: reject, unsure: review, fault: reject}
YAML
expect_exit 0 "$ASSAY" -C web capture --camera 'twin:fabric?scan=line&severity=0.6&defects=0.9' --parts 120
expect_exit 0 "$ASSAY" -C web train --trainer rule
expect_exit 0 "$ASSAY" -C web run --camera 'twin:fabric?scan=line&from=10001' --parts 40 --fast --json
check 'the line gave no verdict for each frame' test "$(grep -c '"verdict"' "$OUT")" -ge 40

# --- the plan ---
expect_exit 0 "$ASSAY" -C web plan --no-measure --twin twin.yaml --svg web.svg
expect_out '^pixels across +450 px'
expect_out '^web: feasible$'
check 'the twin of the plan is no line-scan camera' grep -q 'twin:fabric?scan=line&trigger=encoder' twin.yaml
uri=$(grep -o 'fabric?[^"]*' twin.yaml)
expect_exit 0 "$ASSAY" twin render "$uri&width=2048&height=64" --frames 1 --sheet plan.png
expect_exit 1 "$ASSAY" -C web plan --no-measure --belt 100m/s
expect_out 'lx for .* would be needed, and the brightest line lights give some 3e\+06 \(full sun is 100,000\)'
expect_out 'lines a second are needed, and a line of [0-9]+ pixels takes'
expect_out '^  station.belt_mm_per_s: [0-9.]+ instead of 100000$'
expect_exit 0 "$ASSAY" -C web plan --no-measure --page page.html
for part in 'The set-up' 'Lines that fit' 'Parts that prove it' 'How it is worked out' 'seen along the web, to scale'; do
    expect_grep "$part" page.html
done
check 'the page is not well-formed' python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' page.html
check 'the drawing is not well-formed' python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' web.svg
expect_exit 1 "$ASSAY" -C web plan --no-measure --belt 100m/s --page page.html
expect_grep 'What to change' page.html
# A web that takes more light than common line lights give: what does, and the stages that do without. Wide: several cameras.
expect_exit 0 "$ASSAY" -C web plan --no-measure --size 300x1600 --belt 5m/s --cameras 1 --aperture 5.6
expect_out '^lamp +the brightest LED line lights +at some 50 mm'
expect_out '^or +a TDI sensor of 8 stages'
expect_exit 0 "$ASSAY" -C web plan --no-measure --size 300x1600 --belt 5m/s --cameras 1 --aperture 5.6 --tdi 8
expect_out '^TDI +8 stages'
expect_exit 0 "$ASSAY" -C web plan --no-measure --size 300x6000 --cameras 8
expect_out '^cameras +[2-8] +across the web, each [0-9.]+ mm from the next'
expect_out '^encoder +0.05 mm a pulse, x [0-9]+ / [0-9]+ +'
expect_out 'R1 +recall of reject >= 20.0 % at 90 %'
expect_exit 0 "$ASSAY" -C web plan --no-measure --bad-share 0.05
expect_out ', found in [0-9,]+ parts, [0-9,]+ m of web or [0-9.]+ days'
# Nothing is judged by a network that sees a whole width made small: so many inputs as a defect's pixels fill.
run "$ASSAY" -C web plan --size 300x1600 --belt 2m/s
check 'a web of 1.6 m at 2 m/s is no trouble for a network' [ "$STATUS" = 1 ]
expect_out '^network +[0-9.,]+ of [0-9]+ cores'
expect_out 'Mpx/s, which a defect.s pixels ask for, keep'
expect_exit 2 "$ASSAY" -C web plan --no-measure --belt 0
expect_err 'a line-scan camera sees nothing at rest'

# --- on the wire ---
if [ -e "$(dirname "$ASSAY")/as_camera_gige.so" ]; then
    at=127.$((RANDOM % 200 + 20)).$((RANDOM % 250)).7
    "$ASSAY" twin serve --gige "$at" --scene 'fabric?scan=line&width=320&height=128' --seconds 60 >serve.log 2>&1 &
    server=$!
    for _ in $(seq 100); do
        "$ASSAY" camera show "gige:$at" >show.txt 2>/dev/null && break
        sleep 0.1
    done
    check 'it is no line-scan camera' grep -Eq '^DeviceScanType +Linescan' show.txt
    check 'its lines are not square' grep -Eq '^AcquisitionLineRate +1750 ' show.txt
    expect_exit 0 "$ASSAY" camera set "gige:$at" AcquisitionLineRate=1000
    expect_exit 2 "$ASSAY" camera set "gige:$at" AcquisitionLineRate=100000
    expect_exit 0 "$ASSAY" camera set "gige:$at" TriggerSelector=LineStart TriggerMode=On
    expect_exit 0 "$ASSAY" camera show "gige:$at"
    expect_out '^TriggerSource +Encoder'
    expect_out '^AcquisitionLineRate +8333'
    expect_exit 0 "$ASSAY" camera grab "gige:$at" --output seen.png --frames 2
    kill "$server"
    wait "$server" 2>/dev/null
fi
finish
