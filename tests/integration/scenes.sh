#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every scene can be learnt from: on defects that are obvious the rule without learning beats chance, on invisible ones not.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3

# learn NAME SCENE-WITH-KEYS [TRAINER [WIDTH HEIGHT]]: a project of the scene's classes, its parts, the model; its macro F1 into $f1, chance into $chance
learn() {
    mkdir "$1" || exit 3
    "$ASSAY" twin list --json >list.json
    python3 - "${2%%\?*}" "${4:-160}" "${5:-120}" >"$1/assay.yaml" <<'PY'
import json, sys
scene = [s for s in json.load(open("list.json"))["scenes"] if s["scene"] == sys.argv[1]][0]
print(f"""assay: 1
line: {sys.argv[1]}
goal: what is wrong is seen
station: {{camera: "twin:{sys.argv[1]}", frame_px: [{sys.argv[2]}, {sys.argv[3]}], parts_per_minute: 60, deadline_ms: 100}}
task: classify
classes: {{{", ".join(c + (": reject" if i else ": pass") for i, c in enumerate(scene["classes"]))}}}
requirements:
  - {{id: R1, text: bad ones are caught, measure: recall, of: reject, per: part, at_least: 0.5, confidence: 0.9}}
failsafe: {{late: reject, unsure: review, fault: reject}}""")
PY
    expect_exit 0 "$ASSAY" -C "$1" capture --camera "twin:$2" --parts 240
    expect_exit 0 "$ASSAY" -C "$1" train --trainer "${3:-rule}"
    expect_exit 0 "$ASSAY" -C "$1" runs --json
    f1=$(python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
print(d["runs"][0]["val_macro_f1"])' "$OUT")
    chance=$(python3 -c '
import sys
n = open(sys.argv[1]).read().split("classes:")[1].split("}")[0].count(",") + 1
print(1 / n)' "$1/assay.yaml")
}

# What is wrong with a board is smaller than what this rule looks at (colour, shape, texture of the whole picture): it is
# compared with golden pictures instead, on scenes.
for scene in cones metal fabric bottles film; do
    keys='' width=160 height=120
    case $scene in
    bottles) keys='&recipe=juice' ;;
    film) keys='&recipe=clear' ;;
    metal) width=240 height=180 ;; # a scratch is hardly a pixel wide
    esac
    learn "$scene" "$scene?defects=0.6&severity=0.8$keys" rule "$width" "$height"
    check "$scene: a macro F1 of $f1 is no better than chance, $chance" python3 -c "exit(not $f1 > 1.3 * $chance)"
done
learn pcb 'pcb?defects=0.6&severity=0.5' golden 400 304
check "pcb: a macro F1 of $f1 is no better than chance, $chance" python3 -c "exit(not $f1 > 2.5 * $chance)"
learn unseen 'film?defects=0.6&severity=0&worst=0.01&recipe=clear'
check "invisible defects are told apart (macro F1 $f1, chance $chance)" python3 -c "exit(not $f1 < 1.2 * $chance)"
finish
