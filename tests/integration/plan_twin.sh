#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The emulated camera that assay plan writes shows what the plan says, by what is measured on its pictures (plan_twin.py).
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3
command -v python3 >/dev/null || skip 'no python3'
# shellcheck disable=SC2317 # check calls it
shows() { python3 "$SOURCE/tests/integration/plan_twin.py" "$ASSAY" "$1" "$2" >shows.txt 2>&1 || { cat shows.txt; false; }; }

cat >weave.yaml <<'YAML'
assay: 1
line: weave
product: {size_mm: [40, 30], defect_mm: 0.3, height_mm: 2}
station: {camera: "twin:fabric", belt_mm_per_s: 400, parts_per_minute: 60}
optics: {snr: 20, max_blur_px: 2}
task: classify
classes: {good: pass, bad: reject}
requirements: [{id: R1, measure: recall, of: reject, at_least: 0.9}]
YAML
expect_exit 0 "$ASSAY" plan weave.yaml --no-measure --json --twin weave-twin.yaml
cp "$OUT" weave.json
check 'the picture is not what was planned' shows weave.json weave-twin.yaml
check 'fewer than eight numbers were measured' [ "$(grep -c '^ok ' shows.txt)" = 8 ]

# Another sensor, lens and distance; and that what is wrong is seen.
expect_exit 0 "$ASSAY" plan weave.yaml --no-measure --json --focal 25 --blur 1 --twin other-twin.yaml
cp "$OUT" other.json
check 'the picture of the other plan is not what was planned' shows other.json other-twin.yaml
check 'the picture of one plan passes for that of another' sh -c "! python3 '$SOURCE/tests/integration/plan_twin.py' '$ASSAY' weave.json other-twin.yaml"

cat >roll.yaml <<'YAML'
assay: 1
line: roll
product: {size_mm: [100, 200], defect_mm: 0.4, height_mm: 1}
station: {camera: "twin:fabric", scan: line, belt_mm_per_s: 500}
optics: {snr: 20}
task: classify
classes: {good: pass, bad: reject}
requirements: [{id: R1, measure: recall, of: reject, at_least: 0.9}]
YAML
expect_exit 0 "$ASSAY" plan roll.yaml --no-measure --json --twin roll-twin.yaml
cp "$OUT" roll.json
check 'the web is not what was planned' shows roll.json roll-twin.yaml
check 'fewer than four numbers of the web were measured' [ "$(grep -c '^ok ' shows.txt)" = 4 ]
finish
