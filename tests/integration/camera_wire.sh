#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Cameras on the wire: the twin as a GigE Vision device, seen through the gige driver, in a network of its own (root).
. "$(dirname "$0")/lib.sh"
need_program
if [ "${1:-}" != inside ]; then
    unshare -n true 2>/dev/null || skip 'a network of its own cannot be made here (root is needed)'
    "$ASSAY" camera show gige:fake --no-features >/dev/null 2>&1 || skip 'this build has no Aravis'
    trap - EXIT
    rm -rf "$TMP"
    exec unshare -n bash "$0" inside
fi
ip link set lo up || skip 'no loopback network'
cd "$TMP" || exit 3
CAMERA=gige:127.0.0.1

serve_scene() {
    serve --gige 127.0.0.1 --fps 20 --scene "$1"
}

serve_scene 'fabric?views=64&sensor=imx250&width=320&height=240'
expect_exit 0 "$ASSAY" camera list
expect_out 'gige:Assay-Twin-'
expect_exit 0 "$ASSAY" camera show $CAMERA
expect_out 'ExposureTime .* us '
expect_exit 0 "$ASSAY" camera set $CAMERA ExposureTime=60 PixelFormat=Mono12p
# A sensor has one temperature.
expect_exit 0 "$ASSAY" camera set $CAMERA SensorTemperature=60
expect_exit 0 "$ASSAY" camera show $CAMERA
expect_out 'DeviceTemperature .*60'
expect_exit 0 "$ASSAY" camera set $CAMERA SensorTemperature=25
expect_exit 0 "$ASSAY" camera grab $CAMERA -o deep.png
check 'packed pixels are not stored with all their bits' python3 -c '
import json
b = open("deep.png", "rb").read()
assert b[24] == 16 and json.load(open("deep.json"))["pictures"][0]["pixel"] == "Mono12p"'
expect_exit 0 "$ASSAY" camera grab "$CAMERA?format=BayerRG8&x=16&y=8&width=160&height=120" -o bayer.png
check 'Bayer is not developed' python3 -c '
b = open("bayer.png", "rb").read()
assert b[16:26] == bytes([0, 0, 0, 160, 0, 0, 0, 120, 8, 2])'
expect_exit 0 "$ASSAY" camera grab "$CAMERA?format=Mono8&trigger=software&fps=5" --frames 3 -o soft.png
# A picture is of the trigger that asked for it, whatever came meanwhile.
trigger=$(dirname "$ASSAY")/tests/devices/gv_trigger
if [ -x "$trigger" ]; then
    expect_exit 0 "$trigger" "$CAMERA?format=Mono8&trigger=software" 10
    expect_out '"n_ok":10,"n_old":0,'
fi
expect_exit 0 "$ASSAY" camera grab "$CAMERA?format=Mono8&trigger=off" --frames 3 -o stream.png --json
check 'the packets of the stream are not counted' python3 -c '
import json, sys
s = json.load(open(sys.argv[1]))["stream"]
assert s["n_completed_buffers"] >= 3 and s["n_received_packets"] >= 9 and s["n_late"] == s["n_failures"] == 0, s' "$OUT"
expect_exit 0 "$ASSAY" camera test "$CAMERA?format=Mono8&trigger=off" --frames 30 --max-jitter 1000 --min-fps 5
expect_out 'exposure linearity .*pass'
expect_out 'frame rate .*by the camera.s clock, against what was asked for here'

# What it is held against is what applies: a rate that is not set (what results), and none where it waits for triggers.
expect_exit 0 "$ASSAY" camera test "$CAMERA?format=Mono8&trigger=off&GevSCPD=5000000&AcquisitionFrameRateEnable=false" --frames 40 --max-jitter 1000
expect_out 'frame rate .*pass .*against what it says results, as its rate is not set'
expect_out 'clock .*pass .*its time stamps against the arrival here'
expect_exit 0 "$ASSAY" camera test "$CAMERA?format=Mono8&GevSCPD=0&AcquisitionFrameRateEnable=true&trigger=Line0&PartRate=5" --frames 10
expect_out 'frame rate .*not judged.*not judged: every frame waits for its trigger .Line0'
expect_out '^PASS'
expect_exit 1 "$ASSAY" camera test "$CAMERA?format=Mono8&trigger=Line0&PartRate=5" --frames 10 --min-fps 6
expect_out '^FAIL: frame rate$'
# A picture that stands still has no noise: that is no good camera.
expect_exit 0 "$ASSAY" camera set "$CAMERA?trigger=off" FaultSelector=frozen_frame FaultAmount=1 FaultStart
expect_exit 1 "$ASSAY" camera test "$CAMERA?format=Mono8&trigger=off" --frames 10 --max-jitter 1000 --min-fps 5 --min-linearity 0
expect_out 'temporal noise +0 levels .*FAIL .*7 of 7 frames are the one before them to the last bit'
expect_out '^FAIL: temporal noise$'
expect_exit 0 "$ASSAY" camera set "$CAMERA?trigger=off" FaultClear

# A camera that dies while its features are read: that is told soon, and no half of a dump is left. What stands between
# hands on so many requests, and says how many there were.
cat >cut.py <<'END'
import signal, socket, sys
most, n = int(sys.argv[1]), 0
signal.signal(signal.SIGTERM, lambda *_: (print(n, flush=True), sys.exit()))
front, back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
front.bind(("127.0.0.2", 3956))
back.bind(("127.0.0.1", 0))
back.settimeout(1)
print("ready", flush=True)
while True:
    request, who = front.recvfrom(2000)
    n += 1
    if n > most:
        continue
    back.sendto(request, ("127.0.0.1", 3956))
    try:
        answer = back.recv(2000)
    except socket.timeout:
        continue
    if len(answer) == 256: # who is there: it names its address
        answer = answer[:44] + socket.inet_aton("127.0.0.2") + answer[48:]
    front.sendto(answer, who)
END
between() { # MOST: sets $cut
    python3 cut.py "$1" >cut.log &
    cut=$!
    for _ in $(seq 100); do
        grep -q ready cut.log && return
        sleep 0.05
    done
}
ip addr add 127.0.0.2/8 dev lo
between 1000000
expect_exit 0 "$ASSAY" camera dump gige:127.0.0.2 -o whole.yaml
kill $cut
wait $cut
most=$(($(tail -n 1 cut.log) * 8 / 10))
between $most
expect_exit 3 timeout 30 "$ASSAY" camera dump gige:127.0.0.2 -o part.yaml
expect_err 'does not answer any more'
check 'half of a dump was written' [ ! -e part.yaml ]
kill $cut
wait $cut
between $most
expect_exit 3 timeout 30 "$ASSAY" camera show gige:127.0.0.2
expect_err 'does not answer any more'
kill $cut
wait $cut
ip addr del 127.0.0.2/8 dev lo

# What was set is given back, and a dump that is refused changes nothing.
expect_exit 0 "$ASSAY" camera dump $CAMERA -o dump.yaml
# All or none: what a later word refuses is put back.
exposure() { "$ASSAY" camera show $CAMERA --json | python3 -c 'import json, sys; print({f["name"]: f.get("value") for f in json.load(sys.stdin)["features"]}["'"$1"'"])'; }
was=$(exposure ExposureTime)
expect_exit 2 "$ASSAY" camera set $CAMERA ExposureTime=123 LensDrt=0.3
check 'a word that is wrong changed the exposure' [ "$(exposure ExposureTime)" = "$was" ]
expect_exit 2 "$ASSAY" camera set $CAMERA ExposureTime=123 LensDirt=7
check 'a value that is refused left the exposure changed' [ "$(exposure ExposureTime)" = "$was" ]
check 'a dump holds what is no setting' sh -c '! grep -qE "TLParamsLocked|FaultSelector|FaultAmount|FaultParts" dump.yaml'
expect_exit 0 "$ASSAY" camera set $CAMERA ExposureTime=99 LensDirt=0.3
expect_exit 0 "$ASSAY" camera restore $CAMERA dump.yaml
expect_out '2 were changed'
sed -i "s/  LensDirt: .*/  LensDirt: '0.7'/; s/  LensHaze: .*/  LensHaze: '7'/" dump.yaml
expect_exit 2 "$ASSAY" camera restore $CAMERA dump.yaml
expect_err "'LensHaze=7' is not allowed"
expect_exit 0 "$ASSAY" camera set $CAMERA AcquisitionFrameRate=15 
expect_exit 0 "$ASSAY" camera show $CAMERA --json
check 'a restore that failed left something behind' python3 -c '
import json, sys
f = {x["name"]: x["value"] for x in json.load(open(sys.argv[1]))["features"]}
assert f["LensDirt"] == 0 and f["ExposureTime"] == 60, f' "$OUT"

# Why it is refused is said, with what mends it.
expect_exit 2 "$ASSAY" camera set $CAMERA TriggerSoftware
expect_err "refuses 'TriggerSoftware': no software trigger is waited for: set .*TriggerMode=On and TriggerSource=Software first"
expect_exit 2 "$ASSAY" camera set $CAMERA ExposureTime=2000000
expect_err "refuses 'ExposureTime': .*smear by [0-9]+ pixels, at most 500 can be shown"
expect_exit 2 "$ASSAY" camera set $CAMERA FaultSelector=haze FaultAmount=5
expect_err "'FaultAmount=5' is not allowed: it is a number, 0 to 1"
# Lines, a delay, and what the clock says.
expect_exit 0 "$ASSAY" camera grab "$CAMERA?strobe=Line2&trigger=off" --frames 1 -o strobe.png
expect_exit 2 "$ASSAY" camera set $CAMERA LineSelector=Line0 LineMode=Output
expect_err "refuses 'LineMode': Line0 is an input alone"
expect_exit 0 "$ASSAY" camera set $CAMERA LineSelector=Line2 TimestampLatch
expect_exit 0 "$ASSAY" camera show $CAMERA --json
check 'lines, sensor or clock are not as they should be' python3 -c '
import json, sys
f = {x["name"]: x["value"] for x in json.load(open(sys.argv[1]))["features"]}
assert (f["LineMode"], f["LineSource"]) == ("Output", "ExposureActive"), f
assert (f["SensorWidth"], f["SensorHeight"], f["BlackLevel"]) == (2448, 2048, 64) and f["TimestampLatchValue"] > 1e9, f' "$OUT"

# A script that is refused does not stand for the one that runs; a sensor is as warm as it is set once nothing is wrong.
expect_exit 0 "$ASSAY" camera set $CAMERA 'FaultScript=faults: [{fault: temperature, from: 1, amount: 70}]'
expect_exit 0 "$ASSAY" camera grab $CAMERA --frames 1 -o warm.png
expect_exit 0 "$ASSAY" camera set $CAMERA 'FaultScript=faults: [{fault: hase}]'
expect_exit 0 "$ASSAY" camera show $CAMERA
expect_out 'FaultScript .*fault: temperature'
expect_out "FaultScriptStatus .*no fault 'hase'"
expect_out 'DeviceTemperature +70'
expect_exit 0 "$ASSAY" camera set $CAMERA FaultClear SensorTemperature=55
expect_exit 0 "$ASSAY" camera show $CAMERA
expect_out 'DeviceTemperature +55'
expect_exit 0 "$ASSAY" camera set $CAMERA SensorTemperature=25
# A camera is found by its serial number alone.
expect_exit 0 "$ASSAY" camera show gige:AS7F000001 --no-features
expect_out '320 x 240|160 x 120'

# An address that is refused in its middle leaves the camera as it was.
expect_exit 2 "$ASSAY" camera show "$CAMERA?exposure_us=77&width=128&LensDirt=0.2&LensHaze=7"
expect_err "'LensHaze=7' is not allowed"
expect_exit 0 "$ASSAY" camera show $CAMERA --json
check 'a refused address left something behind' python3 -c '
import json, sys
f = {x["name"]: x["value"] for x in json.load(open(sys.argv[1]))["features"]}
assert (f["Width"], f["ExposureTime"], f["LensDirt"]) == (160, 60, 0), f' "$OUT"

# shellcheck disable=SC2317,SC2012 # check calls it; the names are ours
await_more() { # more files than before.txt tells of
    for _ in $(seq 100); do
        ls held-* | cmp -s - before.txt || return 0
        sleep 0.1
    done
    return 1
}
# Another program holds it: that is told, by whom, and what to do.
"$ASSAY" camera grab "$CAMERA?format=Mono8" --frames 100000 -o held.png >/dev/null 2>&1 &
holder=$!
await test -e held-002.png
expect_exit 3 "$ASSAY" camera set $CAMERA LensDirt=0.1
expect_err 'is held by another program on this machine, 127.0.0.1 .port [0-9]+.: end that one first'
# But it can be looked at: settings and temperature of a line that runs.
expect_exit 0 "$ASSAY" camera show $CAMERA
expect_out 'held by another program on this machine, 127.0.0.1 .port [0-9]+.: it can only be looked at'
expect_out 'ExposureTime +60 +us +read$'
expect_out 'degrees Celsius'
expect_exit 0 "$ASSAY" camera show $CAMERA --json
check 'who looks is not told by whom it is held, or may set' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert "127.0.0.1" in d["held_by"] and d["temperature_c"] == 25 and not any(f["writable"] for f in d["features"]), d' "$OUT"
expect_exit 3 "$ASSAY" camera dump $CAMERA -o looked.yaml # which of it could be set is not seen
expect_exit 3 "$ASSAY" camera show "$CAMERA?LensDirt=0.1"
expect_err 'can be looked at, but nothing of .[?]LensDirt=. be set'
ls held-* >before.txt
check 'who looks stops the pictures' await_more
kill $holder
wait $holder
rm held-*

# Killed in the middle and started again: all pictures come, numbered on.
"$ASSAY" camera grab "$CAMERA?format=Mono8" --frames 40 --wait 30 -o again.png >grab.log 2>&1 &
grab=$!
for _ in $(seq 100); do
    [ -e again-005.png ] && break
    sleep 0.05
done
kill -9 $server
wait $server 2>/dev/null
sleep 1
serve_scene 'fabric?views=64&sensor=imx250&width=320&height=240'
wait $grab
expect_equal $? 0
check 'pictures are missing, or numbered twice' python3 -c '
import json
n = [p["sequence"] for p in json.load(open("again.json"))["pictures"]]
assert len(n) == 40 and n == sorted(set(n)), n'
expect_exit 0 "$ASSAY" camera show $CAMERA --json
check 'the camera has not what it had' python3 -c '
import json, sys
f = {x["name"]: x["value"] for x in json.load(open(sys.argv[1]))["features"]}
assert (f["Width"], f["OffsetX"], f["ExposureTime"], f["AcquisitionFrameRate"]) == (160, 16, 60, 15), f' "$OUT"
expect_equal "$(grep -c 'is back after' grab.log)" 1

# A test of a camera that is lost meanwhile has failed, and says so.
"$ASSAY" camera test "$CAMERA?format=Mono8" --frames 100 --max-jitter 1000 --min-fps 5 --wait 30 >test.log 2>&1 &
testing=$!
sleep 2
kill -9 $server
wait $server 2>/dev/null
serve_scene 'fabric?views=64&sensor=imx250&width=320&height=240'
wait $testing
expect_equal $? 1
check 'an outage is not told' grep -Eq 'outages +1 times .*FAIL.* it was away for ' test.log
check 'what cannot be measured was' grep -q 'jitter .*not measured: the camera was lost' test.log

kill $server
wait $server
serve_scene 'cones?width=320&height=240'
# Half pictures and lost ones are told apart, and neither passes.
expect_exit 0 "$ASSAY" camera set $CAMERA 'FaultScript=faults: [{fault: half_frame, from: 1, until: 1000000, amount: 1}]'
expect_exit 0 "$ASSAY" camera grab $CAMERA --frames 2 -o half.png
check 'half a picture is not told' test -s half-002.incomplete.png
expect_exit 1 "$ASSAY" camera test $CAMERA --frames 10 --max-jitter 1000 --min-fps 1
expect_out 'lost or not whole .*FAIL'
expect_exit 0 "$ASSAY" -q init ws --example cones
sed -i 's/frame_px: \[640, 480\]/frame_px: [320, 240]/' ws/assay.yaml
expect_exit 0 "$ASSAY" -C ws capture --parts 60
expect_exit 0 "$ASSAY" -C ws train --trainer rule
expect_exit 0 "$ASSAY" -C ws run --camera "$CAMERA?format=RGB8" --parts 10 --json
check 'half a picture was judged' python3 -c '
import json, sys
*parts, last = [json.loads(line) for line in open(sys.argv[1])]
assert last["summary"]["bad_frames"] >= 8 and last["summary"]["verdicts"]["pass"] == 0
assert all(p["stages_ms"]["infer"] == 0 for p in parts)' "$OUT"
# What is missing is given up so soon that the part behind it is in time: half of the deadline of 30 ms, not 120.
check 'what is missing of a picture is waited for too long' python3 -c '
import json, sys
told = sorted(p["latency_ms"] for p in map(json.loads, open(sys.argv[1])) if p.get("reason") == "fault")
assert told[len(told) // 2] < 80, told' "$OUT"
expect_exit 0 "$ASSAY" camera set $CAMERA 'FaultScript=faults: [{fault: frame_loss, from: 1, until: 1000000, amount: 0.5}]'
expect_exit 1 "$ASSAY" camera test "$CAMERA?format=Mono8" --frames 20 --max-jitter 1000 --min-fps 1
expect_out '[1-9][0-9]* lost, 0 incomplete'
# A camera that was away in the middle of a run is told at its end.
sed -i 's/parts_per_minute: 240/parts_per_minute: 1200/' ws/assay.yaml
"$ASSAY" -C ws run --camera "$CAMERA?format=RGB8" --parts 60 --json >outage.log 2>outage.err &
line=$!
await grep -q '"sequence"' outage.log
kill -9 $server
wait $server 2>/dev/null
serve_scene 'cones?width=320&height=240'
wait $line
expect_equal $? 0
check 'an outage is not told' python3 -c '
import json
last = json.loads(open("outage.log").readlines()[-1])["summary"]
assert last["camera_outages"] == 1 and last["camera_away_s"] > 0 and last["triggers"] == 60, last'
kill $server
wait $server

# Packets that the kernel merges, as it does behind a network card: the camera is in another network.
judge=$(dirname "$ASSAY")/tests/devices/gv_judge
unshare -n sleep 100 &
other=$!
if [ -x "$judge" ] && ip link add near type veth peer name far 2>/dev/null; then
    await ip link set far netns $other
    ip addr add 10.9.0.2/24 dev near && ip link set near mtu 9000 up
    nsenter -t $other -n bash -c 'ip link set lo up; ip addr add 10.9.0.1/24 dev far; ip link set far mtu 9000 up'
    scene='cones?width=640&height=480&pixel=Mono8&sensor=plain'
    nsenter -t $other -n "$ASSAY" twin serve --gige 10.9.0.1 --scene "$scene" --fps 40 --replay 4 --json >serve.json 2>serve.err &
    server=$!
    await grep -q serving serve.json
    for packet in 0 1500; do
        query=
        [ $packet = 0 ] || query="?packet=$packet"
        expect_exit 0 "$judge" "gige:10.9.0.1$query" "$scene" 4 40 20
        check "pictures of merged packets are not whole, or wrong" python3 -c '
import json, sys
d = json.loads(open(sys.argv[1]).readline())
assert d["n_wrong"] == 0 and d["n_ok"] >= 38, d' "$OUT"
    done
    kill $server
    wait $server
    check 'the camera did not send packets to be merged' grep -q . serve.json
fi
kill $other
finish
