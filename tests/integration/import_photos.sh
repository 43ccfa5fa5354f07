#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real photographs: what is wrong with them is found, and what is right is kept.
. "$(dirname "$0")/lib.sh"
need_program
need_shared data/x-sdd
need_shared data/cookie

mkdir "$TMP/steel" "$TMP/cookies"
cp "$SOURCE/examples/steel/assay.yaml" "$TMP/steel/assay.yaml"
expect_exit 0 "$ASSAY" -C "$TMP/steel" import "$ASSAY_SHARED/data/x-sdd" --split-seed 1
expect_out '^1360 pictures seen, 1360 kept .* 0 quarantined, 9 with a warning'
expect_equal "$(grep -c 'is byte for byte' "$OUT")" 9
expect_out '^red iron +[0-9]+ +[0-9]+ +[0-9]+ +397$'
# Each of the nine pairs lies on one side.
expect_exit 0 "$ASSAY" -C "$TMP/steel" data ls --json
tr '{' '\n' <"$OUT" | sed -n 's/.*"image":"\([0-9a-f]*\)".*"split":"\([a-z]*\)".*/\1 \2/p' | sort >"$TMP/pairs"
expect_equal "$(wc -l <"$TMP/pairs")" 1360
expect_equal "$(cut -d' ' -f1 "$TMP/pairs" | uniq -d | wc -l)" 9
expect_equal "$(uniq -d "$TMP/pairs" | wc -l)" 9
# Two have a size of their own; the spec does not mind.
expect_exit 0 "$ASSAY" -C "$TMP/steel" data ls
expect_equal "$(grep -cvE ' 128x128 |^name' "$OUT")" 2
expect_exit 0 "$ASSAY" -C "$TMP/steel" import "$ASSAY_SHARED/data/x-sdd" --split-seed 2
expect_out 'nothing new'

cp "$SOURCE/examples/cookies/assay.yaml" "$TMP/cookies/assay.yaml"
expect_exit 0 "$ASSAY" -C "$TMP/cookies" import "$ASSAY_SHARED/data/cookie"
expect_out '^anomaly +26 +6 +8 +40'
expect_out '^normal +26 +5 +14 +45'
expect_out "'train_masks' is a folder beside train/ and test/: left alone"
expect_exit 0 "$ASSAY" -C "$TMP/cookies" data verify
finish
