#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two programs in one workspace: the second that writes is told who the first is, who reads goes on, and what is read while
# packs are rewritten is right.
. "$(dirname "$0")/lib.sh"
need_fault writer
times 20 2000
make_folders
ws=$TMP/ws
cd "$TMP" || exit 3
expect_exit 0 "$ASSAY" -q init "$ws" --classes good,bad
expect_exit 0 "$ASSAY" -C "$ws" import "$ASSAY_FAULT_PICTURES/p0"

# One that holds the lock for as long as it is let: stopped in the middle of its import.
mkdir -p "$TMP/many/good" "$TMP/many/bad"
for i in $(seq 2 39); do
    for f in "$ASSAY_FAULT_PICTURES/p$i"/*/*.png; do
        class=${f%/*}
        cp "$f" "$TMP/many/${class##*/}/$i-${f##*/}"
    done
done
"$ASSAY" -C "$ws" import "$TMP/many" >"$TMP/first" 2>&1 &
pid=$!
while ! [ "$(cat "$ws/.assay/lock" 2>/dev/null)" = "$pid" ] && kill -0 $pid 2>/dev/null; do :; done
kill -STOP $pid
for command in "import $ASSAY_FAULT_PICTURES/p1" 'label set bad --where name~*good*' 'label undo'; do
    # shellcheck disable=SC2086
    expect_exit 3 "$ASSAY" -C "$ws" $command
    expect_err "locked by process $pid"
done
for command in 'data log' 'data ls' 'data show' 'data verify' "data checkout $TMP/out"; do
    # shellcheck disable=SC2086
    expect_exit 0 "$ASSAY" -C "$ws" $command
done
kill -CONT $pid
wait $pid
expect_equal $? 0
expect_exit 0 "$ASSAY" -C "$ws" import "$ASSAY_FAULT_PICTURES/p1"

# Readers while objects are put, dropped and their packs rewritten.
expect_exit 0 "$ASSAY" -C "$ws" data ls --json
cp "$OUT" "$TMP/want"
(
    n=0
    while [ ! -e "$TMP/stop" ]; do
        "$ASSAY_FAULT_BUILD/fault_writer" store $n >/dev/null && "$ASSAY_FAULT_BUILD/fault_writer" gc $n >>"$TMP/gc" ||
            echo "failed: $n" >>"$TMP/gc"
        n=$((n + 1))
    done
) 2>>"$TMP/gc" &
writer=$!
bad=0
for _ in $(seq "$TIMES"); do
    "$ASSAY" -C "$ws" data verify >"$OUT" 2>"$ERR" || bad=$((bad + 1))
    rm -rf "$TMP/out"
    "$ASSAY" -C "$ws" data checkout "$TMP/out" >>"$OUT" 2>>"$ERR" || bad=$((bad + 1))
    "$ASSAY" -C "$ws" data ls --json >"$TMP/got" 2>>"$ERR" || bad=$((bad + 1))
    cmp -s "$TMP/want" "$TMP/got" || bad=$((bad + 1))
    [ "$bad" -eq 0 ] || break
done
touch "$TMP/stop"
wait $writer
check "a reader beside gc fails or reads something else: $(tail -n 3 "$OUT" "$ERR")" [ "$bad" -eq 0 ]
rewritten=$(grep -oE 'gc [1-9][0-9]* packs' "$TMP/gc" | wc -l)
check "gc rewrote nothing: $(tail -n 1 "$TMP/gc")" [ "$rewritten" -gt 0 ]
check "the writer failed: $(grep -v '^gc' "$TMP/gc" | head -n 2)" [ "$(grep -vc '^gc' "$TMP/gc")" -eq 0 ]
echo "$TIMES rounds of readers beside $rewritten rewritings, 0 wrong"
finish
