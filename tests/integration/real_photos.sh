#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real photographs by the same verbs: one split of each set.
. "$(dirname "$0")/lib.sh"
need_program
need_shared data/cookie
need_shared models/squeezenet1.1_fp32_from_winml_fp16.onnx
backbone=$ASSAY_SHARED/models/squeezenet1.1_fp32_from_winml_fp16.onnx
LIMIT=900
[ "${ASSAY_SANITIZE:-none}" = none ] || skip 'a sanitizer makes it slow, and says nothing more here'

# value FILE KEY: of "KEY":{..."value":V...} in the output of eval --json
value() { sed -n "s/.*\"$2\":{[^}]*\"value\":\([0-9.e-]*\).*/\1/p" "$1" | head -n 1; }
expect_at_least() { # VALUE TARGET WHAT
    check "$3 is ${1:-not there}, not $2 at least" awk "BEGIN {exit !(${1:-0} >= $2)}"
}

expect_exit 0 "$SOURCE/examples/cookies/run.sh" "$ASSAY_SHARED/data/cookie" "$backbone" "$TMP/cookies"
expect_exit 0 "$ASSAY" -C "$TMP/cookies" eval last --json
accuracy=$(value "$OUT" accuracy)
echo "cookies: accuracy ${accuracy:-none} of 22 photographs"
expect_at_least "$accuracy" 0.9545 'accuracy on the cookies'
expect_file "$TMP/cookies/report.html"
# 22 pictures prove nothing at 95 %: the table must not say that they do.
expect_exit 1 "$ASSAY" -C "$TMP/cookies" check last

need_shared data/x-sdd
expect_exit 0 "$SOURCE/examples/steel/run.sh" "$ASSAY_SHARED/data/x-sdd" --trainer head --backbone "$backbone" --seeds 1 --dir "$TMP/steel"
cat "$OUT"
f1=$(sed -n 's/^head, mean.*macro F1 //p' "$OUT")
expect_at_least "$f1" 0.94 'macro F1 of head on x-sdd'
expect_exit 0 "$SOURCE/examples/steel/run.sh" "$ASSAY_SHARED/data/x-sdd" --trainer cnn --seeds 1 --dir "$TMP/steel"
cat "$OUT"
f1=$(sed -n 's/^cnn, mean.*macro F1 //p' "$OUT")
expect_at_least "$f1" 0.90 'macro F1 of cnn on x-sdd'
finish
