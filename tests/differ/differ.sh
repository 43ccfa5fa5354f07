#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random graphs by our engine and by ONNX Runtime, and fused against plain: differ.sh [--times N] [--seed N]. Without
# options a few, always the same. The graphs that disagree are left in $DIFFER_OUT (default: a folder that it names).
. "$(dirname "$0")/../integration/lib.sh"
TIMES=400
SEED=1
while [ $# -gt 0 ]; do
    case $1 in
    --times) TIMES=$2 ;;
    --seed) SEED=$2 ;;
    *) echo "differ.sh [--times N] [--seed N]" >&2 && exit 2 ;;
    esac
    shift 2
done
DIFFER=${ASSAY_DIFFER:-$(dirname "$ASSAY")/tests/differ/differ}
FOLDER=${DIFFER_OUT:-$(mktemp -d "${TMPDIR:-/tmp}/assay-differ.XXXXXX")}
[ -x "$DIFFER" ] || skip "there is no $DIFFER (make)"
LIMIT=${LIMIT:-86400}
run "$DIFFER" "$TIMES" "$SEED" "$FOLDER"
cat "$OUT"
[ $STATUS -ne 77 ] || skip 'ONNX Runtime is not here'
check "a disagreement (in $FOLDER)" [ $STATUS -eq 0 ]
rmdir "$FOLDER" 2>/dev/null
finish
