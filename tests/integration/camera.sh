#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay camera: what is found, shown and set, on Aravis' own camera and on the twin.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3

expect_exit 0 "$ASSAY" camera list --json
check 'the twin is not listed' python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))["cameras"]
assert any(x["uri"] == "twin:cones" and x["driver"] == "twin" for x in c)' "$OUT"
expect_exit 2 "$ASSAY" camera show
expect_err 'a word is missing: assay camera show URI'
expect_exit 2 "$ASSAY" camera show twin:nothing
expect_exit 3 "$ASSAY" camera show folder:.
expect_err 'no picture'

if "$ASSAY" camera show gige:fake >/dev/null 2>&1; then
    expect_exit 0 "$ASSAY" camera show gige:fake
    expect_out 'ImageFormatControl'
    expect_out '512 x 512 pixels of Mono8'
    expect_exit 0 "$ASSAY" camera show gige:fake --json
    check 'the features are not as they are' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
f = {x["name"]: x for x in d["features"]}
assert f["Width"]["value"] == 512 and f["Width"]["most"] == 2048 and f["Width"]["writable"]
assert "Mono8" in f["PixelFormat"]["choices"] and f["TriggerSoftware"]["kind"] == "command"' "$OUT"
    expect_exit 0 "$ASSAY" camera set gige:fake ExposureTimeAbs=2500 Width=256
    expect_out 'ExposureTimeAbs: 10000 -> 2500'
    expect_exit 2 "$ASSAY" camera set gige:fake Width=99999
    expect_err "'Width=99999' is not allowed: it is a whole number, 1 to 2048"
    expect_exit 2 "$ASSAY" camera set gige:fake Widht=64
    expect_err "no feature 'Widht'"
    expect_exit 2 "$ASSAY" camera set gige:fake PixelFormat=Mono9
    expect_err "did you mean 'Mono8'?"
    expect_exit 0 "$ASSAY" camera dump 'gige:fake?width=256' -o dump.yaml
    expect_exit 0 "$ASSAY" camera restore gige:fake dump.yaml
    expect_out '1 were changed'
    sed -i "s/ExposureTimeAbs: .*/ExposureTimeAbs: '1'/" dump.yaml
    expect_exit 2 "$ASSAY" camera restore gige:fake dump.yaml
    expect_err "'ExposureTimeAbs=1' is not allowed"
    printf 'features:\n  Width: [1]\n' >bad.yaml
    expect_exit 2 "$ASSAY" camera restore gige:fake bad.yaml
    expect_err 'bad.yaml:2:10'
else
    skip_case 'gige: this build has no Aravis'
fi
finish
