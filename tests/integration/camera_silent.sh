#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera that answers and of whose pictures nothing comes: within 2 s it is said why, and what to do. Behind a firewall, with
# packets that a network card does not take, and where something between has turned them elsewhere; and one whose pictures are long on
# their way (a network of its own: root).
. "$(dirname "$0")/lib.sh"
need_program
BUILD=$(dirname "$ASSAY")
[ -x "$BUILD/tests/devices/gv_proxy" ] || skip 'tests/devices is not built'
[ -e "$BUILD/as_camera_gige.so" ] || skip 'this build has no Aravis'
if [ "${1:-}" != inside ]; then
    unshare -n true 2>/dev/null || skip 'a network of its own cannot be made here (root is needed)'
    trap - EXIT
    rm -rf "$TMP"
    exec unshare -n bash "$0" inside
fi
ip link set lo up || skip 'no loopback network'
cd "$TMP" || exit 3
export LIMIT=40
SCENE='cones?width=320&height=240&pixel=Mono8'

# grabs ADDRESS STATUS: a picture is asked for; what was said first is in said.ms, ms after that
grabs() {
    local from
    rm -f grab.err
    touch grab.err
    from=$(date +%s%N)
    "$ASSAY" camera grab "gige:$1" --wait 3 -o part.png >grab.out 2>grab.err &
    local grab=$!
    await grep -q 'the camera answers' grab.err
    echo $((($(date +%s%N) - from) / 1000000)) >said.ms
    wait $grab
    expect_equal $? "$2"
    check 'it took more than 2.5 s until it was told' [ "$(cat said.ms)" -lt 2500 ]
    echo "told after $(cat said.ms) ms: $(grep -m 1 'the camera answers' grab.err)"
}

"$ASSAY" twin serve --gige 127.0.0.1 --scene "$SCENE" --fps 20 --replay 4 --json >serve.out 2>serve.err &
server=$!
await grep -q serving serve.out
for deaf in 1 2; do
    rm -f in && mkfifo in
    "$BUILD/tests/devices/gv_proxy" 127.0.0.2 127.0.0.1 --deaf $deaf <in >proxy.out &
    proxy=$!
    exec 9>in
    await grep -q ready proxy.out
    grabs 127.0.0.2 3
    [ $deaf = 2 ] || check 'a firewall is not named' grep -Eq \
        'UDP port [0-9]+: most likely a firewall .*ufw allow proto udp from 127.0.0.2.*packet=1500' grab.err
    [ $deaf = 1 ] || check 'it is not told where it sends to' grep -Eq 'sends its pictures to [0-9.]+, UDP port [0-9]+, not to ' grab.err
    check 'the end does not say why' grep -Eq 'no frame came in time: the camera answers' grab.err
    exec 9>&-
    wait $proxy
done
# A camera of which pictures do come, and one that waits for its trigger, are left alone.
expect_exit 0 "$ASSAY" camera grab gige:127.0.0.1 --frames 50 -o part.png
expect_equal "$(grep -c 'the camera answers' "$ERR")" 0
expect_exit 3 "$ASSAY" camera grab 'gige:127.0.0.1?TriggerSource=Software&TriggerMode=On' --wait 4 -o part.png
expect_err 'has sent nothing for 3 s: it waits for its trigger'
expect_err 'no frame came in time: the camera waits for its trigger .*trigger=off'
expect_equal "$(grep -c 'the camera answers, and' "$ERR")" 0
kill $server
wait $server

# Triggered pictures that are long on their way: one comes after its trigger was given up and sent again. It alone is late, and
# each of the others was exposed after the one before was handed on: no picture passes for that of the next trigger.
if [ -x "$BUILD/tests/devices/gv_camera" ]; then
    rm -f in in2 && mkfifo in in2
    "$BUILD/tests/devices/gv_camera" 127.0.0.1 <in2 >camera.out &
    camera=$!
    exec 8>in2
    "$BUILD/tests/devices/gv_proxy" 127.0.0.2 127.0.0.1 --delay 300 --slow 3 --slow-ms 2150 <in >proxy.all &
    proxy=$!
    exec 9>in
    await grep -q ready camera.out
    await grep -q ready proxy.all
    expect_exit 0 "$ASSAY" camera grab "gige:127.0.0.2?trigger=software&packet=1500" --frames 7 -o slow.png --json
    check 'the picture that came too late is not late alone' python3 -c '
import json, sys
s = [p["status"] for p in json.loads(open(sys.argv[1]).readline())["pictures"]]
assert s.count("late") == 1 and s.count("ok") == 6, s' "$OUT"
    check 'a picture is taken for that of another trigger' python3 -c '
import datetime, json, sys
p = json.loads(open(sys.argv[1]).readline())["pictures"]
at = [datetime.datetime.fromisoformat(x["utc"].replace("Z", "+00:00")).timestamp() for x in p]
assert all(x["status"] != "ok" or x["device_ns"] / 1e9 > t for x, t in zip(p[1:], at)), p' "$OUT"
    exec 8>&- 9>&-
    wait $proxy $camera
fi

# The camera's network carries 9000 bytes, and this one's card 1500.
unshare -n sleep 60 &
other=$!
if ip link add near type veth peer name far 2>/dev/null; then
    await ip link set far netns $other
    ip addr add 10.9.0.2/24 dev near && ip link set near mtu 1500 up
    nsenter -t $other -n bash -c 'ip link set lo up; ip addr add 10.9.0.1/24 dev far; ip link set far mtu 9000 gso_max_segs 1 up'
    nsenter -t $other -n "$ASSAY" twin serve --gige 10.9.0.1 --scene "$SCENE" --fps 20 --replay 4 --json >serve.out 2>serve.err &
    server=$!
    await grep -q serving serve.out
    grabs '10.9.0.1?packet=9000' 0
    check 'half of nothing is a picture' [ -s part.incomplete.png ]
    check 'the size of packets is not named' grep -Eq \
        'none of their pixels: its packets have 9000 bytes, more than the network card near, whose MTU is 1500' grab.err
    expect_exit 0 "$ASSAY" camera grab gige:10.9.0.1 -o part.png
    kill $server
    wait $server
fi
kill $other
finish
