#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A line that is killed at any moment: whatever it had told is in the journal, the chain is whole, and the next one goes on.
. "$(dirname "$0")/lib.sh"
need_program

ws=$TMP/ws
expect_exit 0 "$ASSAY" init "$ws" --example cones
sed -i 's/frame_px: \[640, 480\], parts_per_minute: 240, deadline_ms: 30/frame_px: [160, 120], parts_per_minute: 6000, deadline_ms: 5000/' \
    "$ws/assay.yaml"
expect_exit 0 "$ASSAY" -C "$ws" capture --parts 80
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule

RANDOM=${SEED:-20}
records() {
    sed -n 's/.*"n_records":\([0-9]*\).*/\1/p' "$OUT"
}
last=0
for round in $(seq "${ROUNDS:-30}"); do
    pace=--fast
    [ $((round % 3)) -ne 0 ] || pace=
    # shellcheck disable=SC2086
    "$ASSAY" -C "$ws" run --camera "twin:cones?from=$((round * 100000))" --json $pace >"$TMP/told" 2>"$TMP/told.err" </dev/null &
    pid=$!
    # From before its first file is open to amid its parts; some are asked to end and are killed while they do.
    sleep "0.$(printf '%03d' $((RANDOM % 700)))"
    [ $((round % 5)) -ne 0 ] || kill -INT "$pid"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    # A line that was torn while it was printed was not told.
    told=$(grep -c '"verdict":.*}$' "$TMP/told")
    expect_exit 0 "$ASSAY" -C "$ws" data verify --json
    now=$(records)
    check "round $round: $((now - last)) records of $told verdicts that were told" [ "$((now - last))" -ge "$told" ]
    last=$now
done

expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=90000001' --parts 20 --fast
expect_out '^20 triggers == .*its chain is whole'
expect_exit 0 "$ASSAY" -C "$ws" data verify --json
expect_equal "$(records)" $((last + 20))
expect_equal "$(sed -n 's/.*"n_records_noted":\([0-9]*\).*/\1/p' "$OUT")" $((last + 20))
check 'the lines did work before they were killed' [ "$last" -gt 100 ]
expect_equal "$(find "$ws/.assay/journal" -type f ! -name '*.asj' ! -name lock ! -name head ! -name spare ! -name head.new)" ''

finish
