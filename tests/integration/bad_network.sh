#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No partial frame is ever judged: through a network that loses, doubles and reorders packets (tests/devices/gv_proxy.c), each
# frame that gige: calls ok is byte for byte what the camera took (gv_judge.c draws the same parts itself).
. "$(dirname "$0")/lib.sh"
need_program
BUILD=$(dirname "$ASSAY")
[ -x "$BUILD/tests/devices/gv_judge" ] || skip 'tests/devices is not built'
[ -e "$BUILD/as_camera_gige.so" ] || skip 'this build has no Aravis'
[ "${ASSAY_SANITIZE:-none}" != thread ] || skip "Aravis' threads are not the thread sanitizer's"
cd "$TMP" || exit 3
export LIMIT=40
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250)) # of this run alone
SCENE='cones?width=320&height=240&pixel=Mono8&sensor=plain'
PARTS=8
cp "$BUILD/tests/devices/gv_judge" . && ln -s "$BUILD/as_camera_gige.so" .
printf 'faults:\n  - {fault: half_frame, from: 3, until: 5, amount: 1}\n' >half.yaml

# json CONDITION FILE: over d, its first line
# shellcheck disable=SC2317
json() {
    python3 -c 'import json, sys; d = json.loads(open(sys.argv[2]).readline()); assert eval(sys.argv[1]), d' "$1" "$2" 2>json.err ||
        { tail -n 1 json.err; false; }
}

# through LOSS DUPLICATE REORDER SERVED JUDGED FRAMES [QUERY [MORE...]]: MORE goes to the proxy; what gv_judge says is in $OUT, what the proxy did in proxy.out, what
# the camera says it did in ended.out
through() {
    "$ASSAY" twin serve --gige "$net.1" --scene "$4" --fps 40 --replay $PARTS --packet-size 3000 --json >serve.out 2>serve.err &
    local server=$! proxy
    rm -f in && mkfifo in
    "$BUILD/tests/devices/gv_proxy" "$net.2" "$net.1" --loss "$1" --duplicate "$2" --reorder "$3" --seed 11 "${@:8}" <in >proxy.all &
    proxy=$!
    exec 9>in
    await grep -q serving serve.out
    await grep -q ready proxy.all
    run ./gv_judge "gige:$net.2${7:-}" "$5" $PARTS "$6" 20
    exec 9>&-
    wait $proxy
    kill -INT $server
    wait $server
    tail -n 1 proxy.all >proxy.out
    tail -n 1 serve.out >ended.out
}

through 0 0 0 "$SCENE" "$SCENE" 40
check 'frames over a good network are not all ok' json 'd["n_ok"] == 40 and d["n_wrong"] == 0' "$OUT"
# Half of each is missing, and is told.
through 0 0 0 "$SCENE&script=half.yaml" "$SCENE" 24
check 'half a frame is called ok, or a whole one is not' json \
    'd["n_wrong"] == 0 and 4 <= d["n_other"] <= 8 and d["n_ok"] + d["n_other"] == 24' "$OUT"
# What the judge cannot know is not what it says is right: of other parts it finds none.
through 0 0 0 "$SCENE&seed=2" "$SCENE" 8
check 'the judge would not notice another picture' json 'd["n_wrong"] == d["n_ok"] > 0' "$OUT"
expect_equal "$STATUS" 1

# A network that stands still: what comes whole, but long after it was taken, is late, and what follows in time is not. The
# statuses are none, ok, incomplete, corrupt, late, repeated.
SMALL='cones?width=160&height=120&pixel=Mono8&sensor=plain'
through 0 0 0 "$SMALL" "$SMALL" 60 '?late_ms=250' --stall 20 --stall-ms 600
check 'what comes late is not told, or all is late' json \
    'd["n_wrong"] == 0 and 3 <= d["by_status"][4] and 30 <= d["n_ok"] and d["n_ok"] + d["n_other"] == 60' "$OUT"
through 0 0 0 "$SMALL" "$SMALL" 60 '?late_ms=0' --stall 20 --stall-ms 600
check 'a frame is late, which none was to be' json 'd["by_status"][4] == 0 and d["n_ok"] >= 50' "$OUT"
# Numbers of 64 bits, of GigE Vision 2, over a network that loses packets: they can be asked for again.
through 0.01 0.03 0.05 "$SCENE" "$SCENE" 60 '' --long 1
check 'pictures with long numbers are not received' json 'd["n_wrong"] == 0 and d["n_ok"] >= 50' "$OUT"
check 'nothing was lost of them' json 'd["n_lost"] > 5' proxy.out
check 'no packet of them was sent again' json 'd["devices"][0]["n_again"] > 0' ended.out
# Somebody else sends each packet too, and first, with other pixels.
through 0 0 0 "$SCENE" "$SCENE" 40 '' --stranger 1
check "a stranger's packets are taken for the camera's" json 'd["n_wrong"] == 0 and d["n_ok"] == 40' "$OUT"
check 'there was no stranger' json 'd["n_strange"] > 400' proxy.out

# The packet that begins a picture is overtaken by others of it, or by all of them: nothing is lost by that, nor asked for in
# vain, and each packet is counted as one thing.
for behind in 1 5 40; do
    through 0 0 0 "$SCENE" "$SCENE" 40 '' --leader $behind
    check "a picture whose leader comes $behind packets late is not whole" json 'd["n_ok"] == 40 and d["n_wrong"] == d["n_lost"] == 0' "$OUT"
    check 'its packets are not counted' json \
        "d['stream']['n_completed_buffers'] >= 40 and d['stream']['n_late'] == d['stream']['n_failures'] == 0 and d['stream']['n_received_packets'] > 40 * 27" "$OUT"
    check 'no leader was late' json 'd["n_late"] >= 40' proxy.out
done

# Chunks alone, of which one is the picture; and what is no picture is told once, with what to set.
through 0.01 0.02 0.02 "$SCENE" "$SCENE" 60 '' --payload 4 --bytes 76800
check 'the picture among chunks is not found' json 'd["n_wrong"] == 0 and d["n_ok"] >= 50' "$OUT"
check 'nothing was lost of them' json 'd["n_lost"] > 5' proxy.out
for kind in '6 JPEG .*ImageCompressionMode' '10 several.parts .*ComponentEnable' '2 raw.data .*PixelFormat'; do
    through 0 0 0 "$SCENE" "$SCENE" 10 '' --payload "${kind%% *}" --bytes 76800
    check "what is no picture (${kind}) is taken for one" json 'd["n_ok"] == 0 and d["by_status"][3] == 10 <= d["stream"]["n_others"]' "$OUT"
    "$ASSAY" twin serve --gige "$net.1" --scene "$SCENE" --fps 40 --replay 4 >serve.out 2>serve.err &
    server=$!
    rm -f in && mkfifo in
    "$BUILD/tests/devices/gv_proxy" "$net.2" "$net.1" --payload "${kind%% *}" --bytes 76800 <in >proxy.all &
    proxy=$!
    exec 9>in
    await grep -q serving serve.err
    await grep -q ready proxy.all
    expect_exit 0 "$ASSAY" camera grab "gige:$net.2" --frames 5 -o no.png
    check "what to set (${kind}) is not told" sh -c "[ \$(grep -Ec 'the camera sends ${kind#* }' $ERR) = 1 ]"
    check "something else is said (${kind})" sh -c "[ \$(grep -c '^warning:' $ERR) = 1 ]"
    exec 9>&-
    wait $proxy
    kill -INT $server
    wait $server
done

# A camera that sends a picture under the time stamp of the one before.
through 0 0 0 "$SMALL" "$SMALL" 40 '' --stuck 20
check 'a picture that is sent again is not told' json \
    'd["by_status"][5] == 1 and d["n_ok"] == 39 and d["n_lost"] == 0' "$OUT"

# What another camera sends to another client is none of this one's.
"$ASSAY" twin serve --gige "$net.3" --scene "$SCENE&seed=3" --fps 400 --replay $PARTS >other.out 2>other.err &
other=$!
await grep -q serving other.err
"$BUILD/tests/devices/gv_client" "$net.3" --seconds 20 >/dev/null 2>&1 &
client=$!
for _ in 1 2 3; do
    through 0 0 0 "$SCENE" "$SCENE" 10
    check "another camera's frames are taken for this one's" json 'd["n_ok"] == 10 and d["n_wrong"] == 0' "$OUT"
done
kill $client $other
wait $client $other

for loss in 0.005 0.05 0.5; do
    through $loss 0.03 0.05 "$SCENE" "$SCENE" 100
    check "a frame that is not whole is called ok at a loss of $loss" json 'd["n_wrong"] == 0 and d["n_ok"] + d["n_other"] > 10' "$OUT"
    check "the network was not that bad at $loss" json "d['n_twice'] > 5 and d['n_late'] > 10 and d['n_lost'] > d['n_in'] * $loss * 0.4" proxy.out
    check "no packet was sent again at $loss" json 'd["event"] == "ended" and d["devices"][0]["n_again"] > 0' ended.out
    check "what was asked for at $loss is not counted" json \
        "(s := d['stream']) and s['n_resend_requests'] > 0 and s['n_received_packets'] > 100 and s['n_duplicated_packets'] > 0 and \
        s['n_completed_buffers'] + s['n_failures'] + s['n_underruns'] >= s['n_frames'] and s['n_resent_packets'] <= s['n_resend_requests']" "$OUT"
    [ $loss = 0.5 ] || check "packets were not had again at $loss" json 'd["n_ok"] >= 80' "$OUT"
done
finish
