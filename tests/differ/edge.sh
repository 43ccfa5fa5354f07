#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Random graphs with numbers that nobody would give them: edge.sh [--times N] [--seed N]. Each is refused or runs, by either
# back end; one that ends the process fails. Without options a few, always the same. Those that do it are left in $EDGE_OUT
# (default: a folder that it names).
. "$(dirname "$0")/../integration/lib.sh"
TIMES=300
SEED=1
while [ $# -gt 0 ]; do
    case $1 in
    --times) TIMES=$2 ;;
    --seed) SEED=$2 ;;
    *) echo "edge.sh [--times N] [--seed N]" >&2 && exit 2 ;;
    esac
    shift 2
done
EDGE=${ASSAY_EDGE_GRAPHS:-$(dirname "$ASSAY")/tests/differ/edge}
FOLDER=${EDGE_OUT:-$(mktemp -d "${TMPDIR:-/tmp}/assay-edge.XXXXXX")}
[ -x "$EDGE" ] || skip "there is no $EDGE (make)"
LIMIT=${LIMIT:-86400}
for backend in native ort; do
    run "$EDGE" "$TIMES" "$SEED" "$backend" "$FOLDER"
    cat "$OUT"
    [ $STATUS -ne 77 ] || skip 'ONNX Runtime is not here'
    check "a graph ended the process (in $FOLDER)" [ $STATUS -eq 0 ]
done
rmdir "$FOLDER" 2>/dev/null
finish
