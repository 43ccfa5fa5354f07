#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The harness of `make bench`: what it prints, leaves and refuses. Few pairs: this is no measurement.
. "$(dirname "$0")/lib.sh"
export BENCH_PROGRAM=${ASSAY_BUILD:-$SOURCE/build}/bench/bench BENCH_RESULTS=$TMP/results BENCH_PAIRS=3 BENCH_SIZE=200 BENCH_SIDE=64
[ -x "$BENCH_PROGRAM" ] || skip "'$BENCH_PROGRAM' is not built"

expect_exit 0 "$SOURCE/bench/run" list
expect_out '^cnn1 +the compact network'
ids=$(awk '{print $1}' "$OUT")

expect_exit 2 "$SOURCE/bench/run" cnn2
expect_err "no workload 'cnn2' \(did you mean 'cnn1'\?\)"
expect_exit 2 "$SOURCE/bench/run" cnn1 cnn1
expect_exit 2 env BENCH_PAIRS=many "$SOURCE/bench/run" cnn1
expect_err "'BENCH_PAIRS' is 'many'"
expect_exit 2 env BENCH_PAIRS=0 "$SOURCE/bench/run" cnn1
expect_exit 2 env BENCH_SIDE=12 "$SOURCE/bench/run" pdn_s
expect_err "'BENCH_SIDE' is '12': a number from 48"
expect_exit 2 env BENCH_CPU=100000 "$SOURCE/bench/run" cnn1
expect_err 'may not run on processor 100000'
expect_no_file "$TMP/results"

expect_exit 3 env ASSAY_ORT="$TMP/none.so" "$SOURCE/bench/run" cnn1
expect_err 'tools/setup'
if [ "${ASSAY_SANITIZE:-none}" != none ]; then
    skip_case 'the workloads: under a sanitizer they take an hour and measure nothing'
    finish
fi
# All of them, without any peer that can be left out.
LIMIT=400 expect_exit 0 env BENCH_PAIRS=1 BENCH_PYTHON=/bin/false ASSAY_ORT="$TMP/none.so" "$SOURCE/bench/run"
expect_out "^skipped: workload 'cnn1': "
expect_equal "$(grep -c "^skipped: workload 'cnn1': " "$OUT")" 1

[ -f "$SOURCE/.prefix/lib/libonnxruntime.so.1" ] || [ -n "${ASSAY_ORT:-}" ] || {
    skip_case "ONNX Runtime is not here: nothing to measure against (tools/setup)"
    finish
}
expect_exit 3 env BENCH_PYTHON=/bin/false "$SOURCE/bench/run" prep
expect_err 'install python3-opencv'
number='[0-9]+\.[0-9]{2}'
for id in $ids; do
    pairs=1
    [ "$id" != cnn1 ] || pairs=3
    BENCH_PAIRS=$pairs run "$SOURCE/bench/run" "$id"
    if [ "$STATUS" -eq 3 ] && grep -Eq 'install (python3-|git)|it needs Aravis' "$ERR"; then
        skip_case "$id: its peer is not here"
        continue
    fi
    if [ "$STATUS" -eq 3 ] && grep -q 'this processor has no' "$ERR"; then
        skip_case "$id: $(sed 's/.*: //' "$ERR")"
        continue
    fi
    expect_equal "$STATUS" 0
    check "the last line of '$id'" grep -Eqx "$id ratio $number \[$number $number\] against [A-Za-z -]+ [0-9]+\.[0-9.]+" \
        <(tail -n 1 "$OUT")
    expect_out '^  outputs .* differ by at most'
    expect_out '^  fewer than 20 pairs are no evidence$'
    expect_equal "$(wc -l <"$TMP/results/$id.csv")" $((pairs + 1))
    expect_grep '^1,ours,' "$TMP/results/$id.csv"
    [ "$pairs" -eq 1 ] || expect_grep '^2,peer,' "$TMP/results/$id.csv"
    case $id in
    mobilenetv2* | pdn_s* | resnet18*)
        expect_out "^  beside   batch 8: ratio $number"
        expect_grep 'beside</th><td>batch 8: ' "$TMP/results/index.html"
        ;;
    esac
    expect_grep "<h2>$id: " "$TMP/results/index.html"
done
finish
