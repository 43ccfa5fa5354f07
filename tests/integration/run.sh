#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The line runs: one verdict a part, whatever happens around it.
. "$(dirname "$0")/lib.sh"
need_program

ws=$TMP/ws
expect_exit 0 "$ASSAY" init "$ws" --example cones
sed -i 's/frame_px: \[640, 480\], parts_per_minute: 240, deadline_ms: 30/frame_px: [160, 120], parts_per_minute: 6000, deadline_ms: 5000/' \
    "$ws/assay.yaml"
expect_exit 2 "$ASSAY" -C "$ws" run
expect_err 'no run yet \(train one with: assay train\)'
expect_exit 0 "$ASSAY" -C "$ws" capture --parts 80
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule

# For people: counts that the journal agrees with, and what is next.
new='twin:cones?from=100001'
expect_exit 0 "$ASSAY" -C "$ws" run --camera "$new" --parts 40 --fast
expect_out '^40 triggers == [0-9]+ pass \+ [0-9]+ reject \+ [0-9]+ review \+ [0-9]+ fault  audited: records 1 to 40 of the journal'
expect_out 'truth known of 40'
expect_out '^trigger to verdict '
expect_err 'next: assay check'
expect_no_err 'evidence|for new ones'
run "$ASSAY" -C "$ws" check
expect_out 'R3 .* run '
expect_out 'R4 .* run '

# Only parts that are new prove what is right and wrong, each once; runs add up, and times always count.
row() { # ID: n of its evidence of the line
    "$ASSAY" -C "$ws" check --json 2>/dev/null | tr '{' '\n' | sed -n 's/.*"id":"'"$1"'".*"n":\([0-9]*\).*"stage":"run".*/\1/p'
}
bad=$(row R1)
expect_equal "$(row R3)" 40
expect_exit 0 "$ASSAY" -C "$ws" run --parts 1 --fast
expect_err '1 of 1 parts are no evidence: they are in the data that model .1-rule. was made with'
expect_err "for new ones say --camera 'twin:cones\\?from=100041'"
expect_equal "$(row R1)" "$bad"
expect_equal "$(row R3)" 41
expect_exit 0 "$ASSAY" -C "$ws" run --parts 1 --fast --quiet
expect_no_err 'evidence'
expect_exit 0 "$ASSAY_EDGE" -C "$ws" run --camera 'twin:cones?seed=1&from=100031' --parts 20 --fast
expect_err '10 of 20 parts are no new evidence'
expect_err "for new ones say --camera 'twin:cones\\?from=100051&seed=1'"
check 'new parts add to the evidence' [ "$(row R1)" -gt "$bad" ]
bad=$(row R1)
expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?seed=5' --parts 20 --fast --deadline 4000
expect_err 'this run is no evidence for assay check: it kept a deadline of 4000 ms'
expect_equal "$(row R1)" "$bad"

# Of another question it is no evidence, and that is said; asked again, it counts again.
run "$ASSAY" -C "$ws" check
expect_out '^run: 1-rule, [0-9]+ runs of the line, the last of '
expect_no_err 'left out'
sed -i 's/at_least: 0.90/at_least: 0.91/' "$ws/assay.yaml"
run "$ASSAY" -C "$ws" check
expect_err '1 old row of evidence left out: .*again: assay run'
expect_out '^R1 .* no evidence yet'
run "$ASSAY" -C "$ws" check --json
expect_out '"left_out":1'
sed -i 's/at_least: 0.91/at_least: 0.90/' "$ws/assay.yaml"
expect_equal "$(row R1)" "$bad"

# A picture of the data under another name, and one picture over and over.
mkdir -p "$TMP/shown/broken"
"$ASSAY" -q -C "$ws" data checkout "$TMP/known"
cp "$(find "$TMP/known" -name '*.png' -print -quit)" "$TMP/shown/broken/renamed.png"
expect_exit 0 "$ASSAY" -C "$ws" run --camera "folder:$TMP/shown" --fast
expect_err '1 of 1 parts are no evidence'
expect_err 'show the line parts that it has not seen'
rm "$TMP/shown/broken/renamed.png"
expect_exit 0 "$ASSAY" camera grab 'twin:cones?seed=77&width=160&height=120' -o "$TMP/shown/broken/new.png"
expect_exit 0 "$ASSAY" -C "$ws" run --camera "folder:$TMP/shown?loop=1" --parts 30 --fast
expect_err '29 of 30 parts are no new evidence'
expect_equal "$(row R1)" $((bad + 1))

# For programs: a line a part, then the summary; at the pace of the line.
expect_exit 0 "$ASSAY" -C "$ws" run --camera "twin:cones?from=200001" --parts 25 --json
expect_equal "$(grep -vc 'the operating point' "$ERR")" 0
expect_equal "$(grep -c '"verdict":"' "$OUT")" 25
expect_equal "$(wc -l <"$OUT")" 26
expect_out '^\{"summary":.*"triggers":25'
expect_out '"sequence":114,.*"truth":"'
expect_out '"first_sequence":114,"last_sequence":138,.*"whole":true'

# The same parts get the same verdicts from both back ends, and from the edge program.
verdicts() { sed -n 's/.*"part":\([0-9]*\).*"verdict":"\([a-z]*\)".*/\1 \2/p' "$OUT"; }
expect_exit 0 "$ASSAY_EDGE" -C "$ws" run --camera "$new" --parts 25 --fast --json
verdicts >"$TMP/native"
if "$ASSAY" doctor 2>/dev/null | grep -q 'ONNX Runtime.*not'; then
    skip_case 'ONNX Runtime is not here: the back ends are not compared (tools/setup)'
else
    expect_exit 0 "$ASSAY" -C "$ws" run --camera "$new" --parts 25 --fast --json --backend ort
    verdicts >"$TMP/ort"
    expect_equal "$(cat "$TMP/ort")" "$(cat "$TMP/native")"
fi
expect_exit 3 env ASSAY_ORT=/no/such/library.so "$ASSAY" -C "$ws" run --parts 1 --backend ort
expect_err 'library.so'

# No model is that fast: every part gets the safe verdict, at its deadline.
expect_exit 0 "$ASSAY" -C "$ws" run --camera "$new" --parts 10 --fast --deadline 0.001
expect_out '^10 triggers == 0 pass \+ 10 reject'
expect_out 'late 10,'

# Bad pictures are parts too.
mkdir "$TMP/pictures"
cp "$TMP/shown/broken/new.png" "$TMP/pictures"
printf 'no picture' >"$TMP/pictures/torn.png"
expect_exit 0 "$ASSAY" -C "$ws" run --camera "folder:$TMP/pictures"
expect_out '^2 triggers == '
expect_out 'fault 1 \(frames: 0 lost, 1 bad\)'
expect_no_out 'of another size'

# A frame of another size than the station names is told at once, a fault and never judged, as intake refuses it; a camera
# that sends no other is not set up, and the run ends as a bad one. Without a size in the file any is judged.
"${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures" rgb.png 1 "$TMP/pictures/other.png"
expect_exit 0 "$ASSAY" -C "$ws" run --camera "folder:$TMP/pictures" --json
expect_err "a frame of camera 'folder:.*' is [0-9]+x[0-9]+, and station.frame_px says 160x120: such frames are faults"
expect_equal "$(grep -c 'station.frame_px says' "$ERR")" 1
expect_out '"misfit_frames":1,'
expect_out '"reasons":\{"fault":2,'
expect_exit 2 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=300001&width=320&height=240' --parts 4 --fast
expect_err "is 320x240, .*set station.frame_px to \[320, 240\], or the camera's Width and Height to 160 and 120"
expect_err 'not one frame of camera .* had the 160 x 120 pixels that station.frame_px says'
expect_out '^4 triggers == 0 pass '
expect_out '^frames of another size than station.frame_px says: 4, not judged'
sed 's/frame_px: \[160, 120\], //' "$ws/assay.yaml" >"$TMP/any.yaml"
cp "$ws/assay.yaml" "$TMP/kept.yaml"
cp "$TMP/any.yaml" "$ws/assay.yaml"
check 'the file has a size yet' [ "$(grep -c frame_px "$ws/assay.yaml")" = 0 ]
expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=300001&width=320&height=240' --parts 4 --fast
expect_out 'fault 0$'
cp "$TMP/kept.yaml" "$ws/assay.yaml"

# What comes into a watched folder is a part when it comes: one that is slower than the pace is not late for that.
mkdir "$TMP/watched"
for n in 1 2 3; do
    sleep 0.3
    cp "$TMP/shown/broken/new.png" "$TMP/watched/.$n" && mv "$TMP/watched/.$n" "$TMP/watched/$n.png"
done &
expect_exit 0 "$ASSAY" -C "$ws" run --camera "folder:$TMP/watched?watch=1" --parts 3 --json --deadline 250
wait
expect_out '"late":0,'
expect_out '"unpaced":false,'

# Wrong use.
expect_exit 2 "$ASSAY" -C "$ws" run --camera 'twin:cone'
expect_err "cannot open camera 'twin:cone'"
expect_exit 2 "$ASSAY" -C "$ws" run --run 7
expect_err "7"
expect_exit 2 "$ASSAY" -C "$ws" run --parts 0
expect_exit 2 "$ASSAY" -C "$ws" run --backend tpu
expect_err 'native, ort'

# What the line needs and is gone: the outside failed.
model=$(find "$ws/.assay/runs" -name model.onnx | head -n 1)
mv "$model" "$TMP/model"
expect_exit 3 "$ASSAY" -C "$ws" run --camera "$new" --parts 1
expect_err "the model of run '.*' is gone: no file '"
mv "$TMP/model" "$model"
expect_exit 3 "$ASSAY" -C "$ws" run --camera "folder:$TMP/nowhere" --parts 1

# A reader that goes away: the line goes on, says so once, and ends well; what only prints stops without a word.
before=$("$ASSAY" -C "$ws" data verify --json | sed -n 's/.*"n_records":\([0-9]*\).*/\1/p')
{
    "$ASSAY" -C "$ws" run --camera "twin:cones?from=700001" --parts 30 --json 2>"$ERR"
    echo $? >"$TMP/status"
} | head -n 1 >"$OUT"
expect_equal "$(cat "$TMP/status")" 0
expect_equal "$(grep -c 'nobody reads the output any more: the line goes on' "$ERR")" 1
expect_equal "$(grep -vc 'the operating point' "$ERR")" 1
expect_equal "$("$ASSAY" -C "$ws" data verify --json | sed -n 's/.*"n_records":\([0-9]*\).*/\1/p')" $((before + 30))
{
    "$ASSAY" spec schema 2>"$ERR"
    echo $? >"$TMP/status"
} | true
expect_equal "$(cat "$TMP/status")" 0
expect_quiet
if [ -e /dev/full ]; then
    "$ASSAY" -C "$ws" run --camera "$new" --parts 3 --json >/dev/full 2>"$ERR"
    expect_equal $? 3
    expect_err 'cannot write the output: the line goes on'
fi

# An endless line: a second one must wait for it; Ctrl-C ends it at once, and well.
wait_for_lines() { # FILE N
    for _ in $(seq 600); do
        [ "$(wc -l <"$1")" -ge "$2" ] && return 0
        sleep 0.1
    done
    return 1
}
start() {
    setsid "$ASSAY" -C "$ws" run --camera "$new" --json >"$TMP/endless" 2>"$TMP/endless.err" </dev/null &
    pid=$!
    if wait_for_lines "$TMP/endless" 5; then pass; else fail 'an endless line gives no verdicts'; fi
}
: >"$TMP/endless"
start
expect_exit 3 "$ASSAY" -C "$ws" run --parts 1
expect_err "is locked by process $pid"
began=$(date +%s%N)
kill -INT "$pid"
wait "$pid"
expect_equal $? 0
took=$((($(date +%s%N) - began) / 1000000))
check "Ctrl-C took $took ms" [ "$took" -lt 5000 ]
expect_equal "$(tail -n 1 "$TMP/endless" | cut -c 1-12)" '{"summary":{'
expect_equal "$(grep -c '"verdict":"' "$TMP/endless")" \
    "$(sed -n 's/.*"triggers":\([0-9]*\).*/\1/p' "$TMP/endless")"

# Killed, it leaves a journal that goes on.
: >"$TMP/endless"
start
kill -KILL "$pid"
wait "$pid" 2>/dev/null
expect_exit 0 "$ASSAY" -C "$ws" run --camera "$new" --parts 5 --fast
expect_out '^5 triggers == .*its chain is whole'

# The journal is read again by data verify; what was cut off at its end shows, though every record left is whole.
expect_exit 0 "$ASSAY" -C "$ws" data verify
expect_out 'records of the line read: .*all whole'
segment=$(find "$ws/.assay/journal" -name '*.asj' | sort | tail -n 1)
n=$("$ASSAY" -C "$ws" data verify --json | sed -n 's/.*"n_records":\([0-9]*\).*/\1/p')
check 'the end of the journal is noted' [ "$("$ASSAY" -C "$ws" data verify --json | sed -n 's/.*"n_records_noted":\([0-9]*\).*/\1/p')" = "$n" ]
cp "$segment" "$TMP/segment"
dd if=/dev/zero of="$segment" bs=256 seek=$((n - 1)) count=2 conv=notrunc 2>/dev/null
expect_exit 1 "$ASSAY" -C "$ws" data verify
expect_out "journal: records $((n - 1)) to $n were cut off: the journal was closed with $n"
cp "$TMP/segment" "$segment"
expect_exit 0 "$ASSAY" -C "$ws" data verify

# What comes in half is never judged: it gets the safe verdict, whatever the model would say of what is there.
printf 'faults:\n  - {fault: half_frame, from: 1, until: 1000000, amount: 1}\n' >"$TMP/half.yaml"
expect_exit 0 "$ASSAY" -C "$ws" run --camera "twin:cones?seed=9&script=$TMP/half.yaml" --parts 20 --fast --json
check 'half a picture was judged' python3 -c '
import json, sys
*parts, last = [json.loads(line) for line in open(sys.argv[1])]
assert last["summary"]["bad_frames"] == 20 and last["summary"]["verdicts"]["pass"] == 0
assert len(parts) == 20 and all(p["reason"] == "fault" and p["stages_ms"]["infer"] == 0 for p in parts)' "$OUT"

finish
