#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay twin serve --gige: what foreign clients (arv-tool, Aravis, GStreamer), our own driver and one that knows the protocol
# alone see of it: pictures, settings that show in them, triggers, and the faults of a script as they are on a wire.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3
export LIMIT=30
BUILD=$(dirname "$ASSAY")
PEER=$SOURCE/tests/integration/gv_peer.py
PYTHON=python3
server=
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250)) # of this run alone

# json CONDITION FILE: over d, the list of its lines
# shellcheck disable=SC2317
json() {
    "$PYTHON" -c '
import json, sys
d = [json.loads(l) for l in open(sys.argv[2])]
assert eval(sys.argv[1]), d' "$1" "$2" 2>json.err || { tail -c 300 json.err; false; }
}

SMALL='cones?width=320&height=240&pixel=Mono8'

# --- what is refused ---
expect_exit 2 "$ASSAY" twin serve
expect_err 'no device named: --gige ADDRESS'
expect_exit 2 "$ASSAY" twin serve --gige here
expect_err "'here' is no IPv4 address"
expect_exit 2 "$ASSAY" twin serve --gige 192.0.2.77
expect_err "'192.0.2.77'( is no address of this machine)?"
expect_exit 2 "$ASSAY" twin serve --gige "$net.1" --scene 'cone'
expect_err "did you mean 'cones'"
touch there.jsonl
expect_exit 2 "$ASSAY" twin serve --gige "$net.1" --truth there.jsonl
expect_err "'there.jsonl' is there"
expect_exit 2 "$ASSAY" twin serve --gige here --truth failed.jsonl
check 'a start that failed leaves an empty truth' [ ! -e failed.jsonl ]
check 'the truth that was there is gone' [ -e there.jsonl ]
expect_exit 2 "$ASSAY" twin serve --gige "$net.1" "twin:$SMALL" twin:pcb
expect_err "2 sources for 1 device: nothing would serve 'twin:pcb'"

expect_exit 2 "$ASSAY" twin serve --gige "$net.1" --scene "$SMALL" --dataset pictures
expect_err "2 sources for 1 device: nothing would serve 'twin:dataset:pictures'"

# --- pictures, truth, a taken port, and the protocol alone ---
serve --gige "$net.1" --scene "$SMALL" --fps 25 --truth truth.jsonl
expect_exit 3 "$ASSAY" twin serve --gige "$net.1"
expect_err "port 3956 of $net.1 is taken"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 6
cp "$OUT" plain.jsonl
check 'pictures are not whole and in order' json \
    '[p["block"] for p in d[:6]] == [1, 2, 3, 4, 5, 6] and all(p["whole"] and p["width"] == 320 for p in d[:6])' plain.jsonl
check 'the truth does not tell of them' json \
    '[(t["block"], t["part"], t["what"]) for t in d[:6]] == [(i, i, "sent") for i in range(1, 7)] and all("class" in t for t in d)' \
    truth.jsonl
check 'time stamps are not a period apart' json \
    '(lambda s: min(s) > 39e6 and sorted(s)[2] < 41e6)([b["timestamp"] - a["timestamp"] for a, b in zip(d[:5], d[1:6])])' plain.jsonl
ended
expect_grep "gige $net.1: [0-9]+ frames sent" serve.out

# The same pictures, packets that were asked for again among them, small ones, and in another window.
serve --gige "$net.1" --scene "$SMALL" --fps 10
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 4 --forget 5 --set GevSCPSPacketSize=1500
cp "$OUT" again.jsonl
check 'pictures mended by asking again are other pictures' "$PYTHON" -c '
import json
a, b = ([json.loads(l) for l in open(f)] for f in ("plain.jsonl", "again.jsonl"))
assert [p["crc"] for p in a[:4]] == [p["crc"] for p in b[:4]] and sum(p["again"] for p in b[:4]) > 20, b'
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 2 --set Width=160 --set OffsetX=32 --set Height=100 --set OffsetY=20
cp "$OUT" window.jsonl
check 'the window is not what was set' json \
    'all(p["whole"] and (p["width"], p["height"], p["x"], p["y"], p["bytes"]) == (160, 100, 32, 20, 16000) for p in d[:2])' \
    window.jsonl
ended
# Settings hold until they are loaded anew, and show from the next picture on: here each is of the same part.
serve --gige "$net.1" --scene "$SMALL" --fps 10 --replay 1
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 7 --live 2:LightLevel=0.2
cp "$OUT" live.jsonl
check 'the lamp is not seen to be set' json \
    '(lambda c: c[0] == c[1] and c[4] == c[5] == c[6] != c[0])([p["crc"] for p in d])' live.jsonl
# The numbers of pictures begin again with each start: what is asked for again is of the one that goes, not of one before it.
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 3 --set LightLevel=0.4 --set GevSCPSPacketSize=1500
cp "$OUT" first.jsonl
for n in 1 2 3; do # where they are kept goes round
    expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 3 --set LightLevel=0.8
    cp "$OUT" other.jsonl
    expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames $n --set LightLevel=0.4 --forget 5
    check 'packets of an older picture come for those of this one' "$PYTHON" -c '
import json, sys
a, o, b = ([json.loads(l) for l in open(f)][:n] for f, n in (("first.jsonl", 3), ("other.jsonl", 3), (sys.argv[1], int(sys.argv[2]))))
assert b[0]["block"] == 1 and sum(p["again"] for p in b) > 9, b
assert {p["crc"] for p in b} == {p["crc"] for p in a} != {p["crc"] for p in o}, b' "$OUT" $n
done
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 2 --set Width=160
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 2 --set UserSetLoad=1
check 'the default set is not as it began' json \
    'd[0]["whole"] and d[0]["width"] == 320 and d[0]["crc"] == json.loads(open("live.jsonl").readline())["crc"]' "$OUT"
ended

# A picture that takes a minute, at a second a packet, keeps nobody waiting who closes.
serve --gige "$net.1" --scene "$SMALL" --fps 10
"$PYTHON" "$PEER" "$net.1" --seconds 20 --set GevSCPSPacketSize=1500 --set GevSCPD=1000000000 >delayed.out 2>&1 &
client=$!
sleep 1.5 # until it is at it; where it is not yet, there is nothing to wait for
SECONDS=0
ended
check 'closing waits for a picture' [ $SECONDS -le 10 ]
kill $client
wait $client

# --- a rate that cannot be held is not claimed: by no clock, and by no feature ---
serve --gige "$net.1" --scene 'metal?width=1920&height=1080' --fps 400 --json
for enable in 1 0; do
    expect_exit 0 "$PYTHON" "$PEER" "$net.1" --seconds 6 --set AcquisitionFrameRateEnable=$enable --show AcquisitionResultingFrameRate
    check "the time stamps are not those of the pictures that came (enable $enable)" "$PYTHON" -c '
import json, sys
d = [json.loads(l) for l in open(sys.argv[1])]
d, said = [p for p in d if p.get("timestamp")][2:], d[-1]["value"]
taken, came = (((d[-1][k] - d[0][k]) / 1e9) for k in ("timestamp", "arrived"))
n = d[-1]["block"] - d[0]["block"]
assert n > 5 and abs(taken - came) < 0.25 + 0.05 * came, (n, taken, came)
assert abs(said / (n / taken) - 1) < 0.5, (said, n / taken)' "$OUT"
done
check 'that it is too slow is not said while it serves, or more than once' \
    [ "$(grep -Ec "warning: gige $net.1 is too slow: [0-9.]+ of 400 pictures a second" serve.err)" = 1 ]
ended
check 'what was due is not told' json 'd[1]["devices"][0]["n_due"] > 3 * d[1]["devices"][0]["n_sent"] > 10' serve.out

# --- triggers ---
serve --gige "$net.1" --scene "$SMALL&rate=8" --truth trigger.jsonl
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --seconds 3 --set TriggerMode=On --trigger 0.25
check 'not a picture a trigger' json '3 <= len([p for p in d if "block" in p and p["whole"]]) <= 13' "$OUT"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 5 --seconds 6 --set TriggerMode=On --set TriggerSource=Encoder --set BeltSpeed=480
cp "$OUT" encoder.jsonl
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 5 --seconds 6 --set TriggerSource=Encoder --set BeltSpeed=240
check 'the encoder does not follow the belt' "$PYTHON" -c '
import json, sys
a, b = ([json.loads(l) for l in open(f)] for f in ("encoder.jsonl", sys.argv[1]))
step = [[q["timestamp"] - p["timestamp"] for p, q in zip(d, d[1:])] for d in (a[:5], b[:5])]
assert abs(min(step[0]) * 2 - min(step[1])) < 4e6, step' "$OUT"
cp "$OUT" slow.jsonl
# A delay moves each picture, and no trigger.
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 5 --seconds 6 --set TriggerSource=Line0 --set TriggerDelay=60000
check 'the delay of a trigger delays the next one' "$PYTHON" -c '
import json, sys
a, b = ([json.loads(l) for l in open(f)] for f in ("slow.jsonl", sys.argv[1]))
step = [sorted(q["timestamp"] - p["timestamp"] for p, q in zip(d, d[1:]))[1] for d in (a[:5], b[:5])]
assert abs(step[0] - step[1]) < 4e6, step' "$OUT"
ended

# --- faults, as they are on the wire ---
cat >faults.yaml <<'Y'
faults:
  - {fault: frame_loss, from: 3, until: 5, amount: 1}
  - {fault: half_frame, from: 6, until: 7, amount: 1}
  - {fault: frozen_frame, from: 8, until: 10, amount: 1}
  - {fault: missing_trigger, from: 11, until: 12, amount: 1}
  - {fault: double_trigger, from: 13, until: 14, amount: 1}
  - {fault: camera_dead, from: 16, until: 56, amount: 1}
Y
serve --gige "$net.1" --scene "$SMALL&script=faults.yaml&parts=80" --fps 20 --truth faults.jsonl
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --seconds 8 --dead
cp "$OUT" dead.jsonl
check 'lost pictures leave no gap' json '[p["block"] for p in d if "block" in p][:5] == [1, 2, 5, 6, 7]' dead.jsonl
check 'half a picture came whole' json \
    '[p["whole"] for p in d if "block" in p and p["block"] in (5, 6, 7)] == [True, False, True]' dead.jsonl
check 'a frozen picture is another one' json \
    'len({p["crc"] for p in d if "block" in p and p["block"] in (7, 8, 9)}) == 1' dead.jsonl
check 'a second trigger shows another part' json \
    '(lambda c: c[12] == c[13] != c[14])({p["block"]: p["crc"] for p in d if "block" in p})' dead.jsonl
check 'the second picture of a trigger was taken at the time of the first' json \
    '(lambda t: 5e6 < t[13] - t[12] < 4e7)({p["block"]: p["timestamp"] for p in d if "block" in p})' dead.jsonl
check 'the second picture of a trigger puts the next part back' json \
    '(lambda t: 4.5e7 < t[14] - t[12] < 5.8e7)({p["block"]: p["timestamp"] for p in d if "block" in p})' dead.jsonl
check 'a dead camera answers, or sends' json \
    '[p.get("event") for p in d if "event" in p][:2] == ["no answer", "answers again"] and not {p["block"] for p in d if "block" in p} & set(range(16, 55))' \
    dead.jsonl
check 'the truth does not tell of the faults' json \
    '(lambda t: [t[3], t[6], t[11], t[20]] == ["lost", "half", "unseen", "lost"])({x["part"]: x["what"] for x in d}) and "camera_dead" in d[20]["faults"]' \
    faults.jsonl
wait $server
expect_equal $? 0 # all parts have passed

# At once, by a client: from the next picture on, for so many parts.
serve --gige "$net.1" --scene "$SMALL" --fps 20 --replay 1
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 5 --set FaultSelector=frame_loss --set FaultAmount=1 --set FaultParts=4 \
    --live 2:FaultStart=1
check 'not four pictures are lost' json '(lambda b: max(y - x for x, y in zip(b, b[1:])) == 5)([p["block"] for p in d if "block" in p])' "$OUT"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 9 --set FaultParts=0 --live 2:FaultStart=1 --seconds 3
check 'pictures are not lost from then on' json '2 <= len([p for p in d if "block" in p]) <= 4' "$OUT"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 3 --set FaultClear=1
check 'pictures are lost still' json 'len([p for p in d if p["whole"]]) >= 3' "$OUT"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 14 --set FaultSelector=lamp_dying --set FaultAmount=0.8 --set FaultParts=3 \
    --live 2:FaultStart=1 --live 3:FaultStart=1 --seconds 8
check 'a second fault makes the first endless' json \
    '(lambda c: c[0] == c[1] == c[-2] and len(set(c)) > 1)([p["crc"] for p in d if p.get("whole")])' "$OUT"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 3 --set 'FaultScript=faults: [{fault: lamp_dying, from: 1, amount: 0.8}]'
check 'the lamp of the script is not seen' json \
    'd[0]["whole"] and d[0]["crc"] != json.loads(open("live.jsonl").readline())["crc"]' "$OUT"
ended

# --- several at once, other sources, JSON ---
"$ASSAY" twin export pictures --as folders --scene 'pcb?width=160&height=120&pixel=RGB8' --parts 4 >/dev/null
"$ASSAY" twin serve --gige "$net.1" --gige "$net.2" "twin:$SMALL" 'folder:pictures?loop=1' --seconds 8 --json >two.json 2>two.err &
server=$!
await grep -q serving two.json
expect_exit 0 "$PYTHON" "$PEER" "$net.2" --frames 3
check 'the folder is not what is seen' json 'd[0]["whole"] and (d[0]["width"], d[0]["height"]) == (160, 120)' "$OUT"
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 2
check 'the first is not the twin' json 'd[0]["whole"] and d[0]["width"] == 320' "$OUT"
wait $server
check 'the JSON is not two lines' json \
    '[x["event"] for x in d] == ["serving", "ended"] and [x["n_sent"] > 0 for x in d[1]["devices"]] == [True, True]' two.json

# Each device has the source in its place, whatever its kind and that of the source.
serve --mjpeg 127.0.0.1:0 --gige "$net.1" --dataset pictures "$SMALL" --json
check 'sources are not in the order typed' json \
    '[(x["kind"], x["source"][:13]) for x in d[0]["devices"]] == [("mjpeg", "twin:dataset:"), ("gige", "twin:cones?wi")]' serve.out
ended

# A fault that is started begins with the next part, of parts that do not begin at 1 too.
serve --gige "$net.1" --scene "$SMALL&from=200" --fps 25 --truth from.jsonl
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 5 --set FaultSelector=lamp_dying --set FaultParts=2 --set FaultStart=1
check 'the fault is not of the first two parts' json \
    '[(t["part"], "lamp_dying" in t["faults"]) for t in d[:4]] == [(200, True), (201, True), (202, False), (203, False)]' from.jsonl
ended

serve --gige "$net.1" --dataset pictures
expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 2
check 'the pictures of the folder are not what is seen' json 'd[0]["whole"] and d[0]["width"] == 160' "$OUT"
ended

# --- foreign clients, and our own ---
# A camera of which nothing else is said has what a real one has: a sensor with gain, temperature and all its bits.
serve --gige "$net.1" --scene "$SMALL" --fps 20 --truth spoiled.jsonl
if command -v arv-tool-0.8 >/dev/null; then
    expect_exit 0 arv-tool-0.8 -a "$net.1" control DeviceModelName LensDirt=0.7 LensDirt ExposureTime=600 \
        ExposureTime Gain=6 Gain SensorTemperature=40 DeviceTemperature PixelFormat=Mono10 PixelFormat \
        FaultScript='faults: [{fault: hase}]' FaultScriptStatus
    expect_out 'DeviceModelName = Twin'
    expect_out 'LensDirt = 0.7 '
    expect_out 'ExposureTime = 600 us'
    expect_out 'Gain = 6 dB'
    expect_out 'DeviceTemperature = 40 C'
    expect_out 'PixelFormat = Mono10'
    expect_out "there is no fault 'hase': did you mean 'haze'"
    expect_exit 0 arv-tool-0.8 -a "$net.1" features
    expect_out "'BeltSpeed'"
    expect_exit 0 "$PYTHON" "$PEER" "$net.1" --frames 4
    check 'the truth does not tell of what features spoil' json \
        'd[-1]["faults"] == {} and d[-1]["conditions"]["dirt"] == 0.7 and d[-1]["conditions"]["exposure"] == 600' spoiled.jsonl
else
    skip_case 'arv-tool-0.8 is not here (aravis-tools-cli)'
fi
if [ -x "$BUILD/tests/devices/gv_client" ]; then
    for format in Mono8 Mono12p BayerRG8 RGB8; do
        expect_exit 0 "$BUILD/tests/devices/gv_client" "$net.1" --frames 5 --seconds 10 --set "PixelFormat=$format"
        check "$format does not come whole" json 'd[0]["n_ok"] >= 4' "$OUT"
    done
    mkdir line
    printf 'y\n' | "$ASSAY" init line >/dev/null 2>&1
    expect_exit 0 "$ASSAY" -C line capture --camera "gige:$net.1?format=Mono8" --parts 4 --label good
    expect_out '4 pictures seen, 4 kept'
else
    skip_case 'this build has no Aravis'
fi
if command -v gst-launch-1.0 >/dev/null && gst-inspect-1.0 aravissrc >/dev/null 2>&1; then
    expect_exit 0 gst-launch-1.0 -q aravissrc camera-name="$net.1" num-buffers=5 ! video/x-raw,format=GRAY8 ! \
        filesink location=five.raw
    expect_equal "$(stat -c %s five.raw)" $((5 * 320 * 240))
else
    skip_case 'gst-launch-1.0 or aravissrc is not here (gstreamer1.0-tools)'
fi
if command -v arv-camera-test-0.8 >/dev/null; then
    for trigger in '' '--trigger=Line0' '--software-trigger=20'; do
        # shellcheck disable=SC2086
        expect_exit 0 arv-camera-test-0.8 --name="$net.1" --duration=2 --width=80 --height=60 --exposure=600 --gain=3 \
            --frequency=20 --packet-size-adjustment=always --no-packet-socket $trigger
        expect_out '^n_failures += 0$'
        expect_out '^n_missing_packets += 0$'
        expect_out '^n_completed_buffers += [2-4][0-9]$'
    done
    # It leaves its trigger on: who comes next is told why there is no picture.
    run "$ASSAY" camera grab "gige:$net.1" --frames 1 -o none.png
    check 'a picture came without a trigger' [ "$STATUS" -ne 0 ]
    expect_err 'has sent nothing for 3 s: it waits for its trigger .*Software.: trigger=off in its address'
    expect_exit 0 "$ASSAY" camera grab "gige:$net.1?trigger=off" --frames 1 -o one.png
else
    skip_case 'arv-camera-test-0.8 is not here (aravis-tools)'
fi
ended
finish
