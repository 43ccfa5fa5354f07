#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay twin serve --mjpeg and --rtsp: what a browser, curl, GStreamer and our own camera driver see of it, and that a client
# who is slow keeps nobody waiting.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3
export LIMIT=30
server=

SMALL='cones?width=320&height=240&defects=0.6'

# --- what is refused ---
expect_exit 2 "$ASSAY" twin serve --mjpeg here
expect_err "'here' is no address: 127.0.0.1:8080"
expect_exit 2 "$ASSAY" twin serve --mjpeg 127.0.0.1:99999
expect_err "'99999' is no port"
expect_exit 2 "$ASSAY" twin serve --mjpeg 192.0.2.77:0
expect_err "'192.0.2.77' is no address of this machine"
expect_exit 2 "$ASSAY" twin serve --mjpeg 127.0.0.1:0 --scene 'cones?sensor=IMX273&pixel=Mono12'
expect_err 'pictures of Mono12 cannot be sent so: add pixel=Mono8'

# --- pictures over HTTP ---
expect_exit 0 "$ASSAY" twin serve --mjpeg 127.0.0.1:0 "$SMALL" --seconds 0.2
expect_exit 2 "$ASSAY" twin serve --mjpeg 127.0.0.1:0 metall --seconds 1
expect_err "no scene 'metall': did you mean 'metal'"
serve --mjpeg 127.0.0.1:0 --scene "$SMALL" --fps 20 --truth truth.jsonl
url=$(grep -Eo 'http://[0-9.:]+/' serve.out | head -1)
port=${url##*:} port=${port%/}
expect_exit 3 "$ASSAY" twin serve --mjpeg "127.0.0.1:$port"
expect_err "the port of 127.0.0.1:$port is taken"

# Two clients, and one that asks for the stream and reads nothing of it: the two get their 20 a second all the same, what
# each picture is called is in the truth, and each is a whole JPEG of its size.
python3 - "$port" >client.out 2>&1 <<'PYTHON'
import json, socket, sys, threading, time
port = int(sys.argv[1])

def ask(path):
    s = socket.create_connection(("127.0.0.1", port), timeout=10)
    s.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
    return s

def jpeg_size(b):
    i = 2
    while True:
        assert b[i] == 0xff, i
        if b[i + 1] in (0xc0, 0xc2):
            return int.from_bytes(b[i + 7:i + 9], "big"), int.from_bytes(b[i + 5:i + 7], "big")
        i += 2 + int.from_bytes(b[i + 2:i + 4], "big")

def watch(result):
    f = ask("/stream").makefile("rb")
    assert f.readline() == b"HTTP/1.1 200 OK\r\n"
    begun, numbers = None, []
    while begun is None or time.monotonic() - begun < 5.0:
        head = {}
        while True:
            line = f.readline().decode().strip()
            if line == "" and "Content-Length" in head:
                break
            if ": " in line:
                k, v = line.split(": ", 1)
                head[k] = v
        picture = f.read(int(head["Content-Length"]))
        assert picture[:2] == b"\xff\xd8" and picture[-2:] == b"\xff\xd9" and jpeg_size(picture) == (320, 240)
        numbers.append(int(head["X-Number"]))
        begun = begun or time.monotonic()
    result.append(numbers)

slow = ask("/stream")
slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
seen = []
threads = [threading.Thread(target=watch, args=(seen,)) for _ in range(2)]
for t in threads: t.start()
for t in threads: t.join()
assert len(seen) == 2, seen
for numbers in seen:
    assert numbers == sorted(set(numbers)) and len(numbers) >= 30, numbers # 100 on an idle machine
f = ask("/truth").makefile("rb")
event = None
while event is None:
    line = f.readline()
    if line.startswith(b"data: "):
        event = json.loads(line[6:])
assert (event["width"], event["height"]) == (320, 240) and event["truth"]["part"] == event["number"], event
# More than may be there at once: the rest is told so, and nobody else suffers.
many = [ask("/stream") for _ in range(20)]
answers = [s.recv(12) for s in many]
assert answers.count(b"HTTP/1.1 200") >= 10 and answers.count(b"HTTP/1.1 503") >= 4, answers
for s in many: s.close()
time.sleep(0.6) # until the server saw it
# Nonsense, in pieces.
s = socket.create_connection(("127.0.0.1", port), timeout=10)
for piece in (b"BREW /", b"pot HTTP/1.1\r", b"\n\r\n"):
    s.sendall(piece)
    time.sleep(0.05)
assert s.recv(12) == b"HTTP/1.1 405"
print("seen", *seen[0])
PYTHON
check "clients: $(tail -n 3 client.out)" grep -q '^seen ' client.out
check 'a picture that was seen is not in the truth' python3 -c '
import json
truth = {json.loads(l)["block"] for l in open("truth.jsonl")}
seen = {int(n) for n in open("client.out").read().split()[1:]}
assert seen and seen <= truth'
if command -v curl >/dev/null; then
    sleep 0.4 # until the many are gone
    check 'curl gets no picture' sh -c "curl -sf -m 10 -o one.jpg ${url}snapshot.jpg && head -c 3 one.jpg | od -An -tx1 | grep -q 'ff d8 ff'"
    expect_equal "$(curl -s -m 10 -o /dev/null -w '%{http_code}' -X DELETE "$url")" 405
    expect_equal "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "${url}../etc/passwd")" 404
fi
if command -v chromium >/dev/null; then
    # It looks once the first picture is there, which may be before the first truth.
    for _ in $(seq 10); do
        timeout 30 chromium --headless --no-sandbox --disable-gpu --disable-background-networking \
            --disable-component-update --disable-sync --user-data-dir="$TMP/browser" --timeout=4000 --dump-dom "$url" \
            >page.html 2>/dev/null
        grep -Eq '<dd id="number">[0-9]+' page.html && break
    done
    check 'the browser shows no truth' grep -Eq '<dd id="class" class="(good|bad)">[a-z_]+</dd>' page.html
    check 'the browser shows no number' grep -Eq '<dd id="number">[0-9]+</dd>' page.html
fi
ended
expect_grep 'frames sent' serve.out

# GStreamer as a client of the stream.
if [ -x "$(dirname "$ASSAY")/tests/devices/gst_client" ]; then
    serve --mjpeg 127.0.0.1:0 --scene "$SMALL" --fps 20
    url=$(grep -Eo 'http://[0-9.:]+/' serve.out | head -1)
    timeout 20 "$(dirname "$ASSAY")/tests/devices/gst_client" \
        "souphttpsrc location=${url}stream ! multipartdemux ! jpegdec ! fakesink name=sink num-buffers=15" >gst.out 2>&1
    if [ $? -eq 77 ]; then
        skip_case 'no souphttpsrc here'
    else
        expect_grep '^15 buffers' gst.out
    fi
    ended
fi

# What a script takes is missing in the numbers, and half a picture is black below.
printf 'faults:\n  - {fault: frame_loss, from: 1, amount: 0.5}\n  - {fault: half_frame, from: 1, amount: 1}\n' >loss.yaml
serve --mjpeg 127.0.0.1:0 --scene "$SMALL&script=loss.yaml" --fps 40 --truth loss.jsonl --seconds 4
wait $server
check 'the script does not show in the truth' python3 -c '
import json
what = [json.loads(l)["what"] for l in open("loss.jsonl")]
assert what.count("half") > 10 and what.count("lost") > 10 and what.count("sent") == 0, what'

# --- an RTSP stream ---
BUILD=$(dirname "$ASSAY")
if [ ! -f "$BUILD/as_wire_rtsp.so" ]; then
    expect_exit 3 "$ASSAY" twin serve --rtsp 127.0.0.1:0
    expect_err 'libgstrtspserver-1.0-dev'
    skip_case 'no libgstrtspserver-1.0-dev (tools/setup): no RTSP to look at'
    finish
fi
check 'the program itself stands on GStreamer' sh -c "! ldd '$ASSAY' | grep -q libgst"
expect_exit 2 "$ASSAY" twin serve --rtsp 127.0.0.1:x
expect_err "'x' is no port"

# rtsp PATH: of what is served, with our own driver and with GStreamer's elements; then the two at once
rtsp() {
    grep -Eo "rtsp://[0-9.:]+/$1" serve.out | head -1
}
client() {
    timeout 20 "$BUILD/tests/devices/gst_client" \
        "rtspsrc location=$1 latency=0 protocols=tcp ! decodebin ! videoconvert ! fakesink name=sink num-buffers=$2"
}
# A grey picture of odd sides: the last column and row are left out.
serve --rtsp 127.0.0.1:0 --scene 'metal?width=321&height=241' --fps 20 --truth rtsp.jsonl
address=$(rtsp jpeg)
address=${address#rtsp://} address=${address%/jpeg}
expect_exit 3 "$ASSAY" twin serve --rtsp "$address"
expect_err "cannot listen at port ${address##*:}"
expect_exit 0 "$ASSAY" init cam --example cones
sed -i 's/frame_px: [^]]*\], //' cam/assay.yaml
for path in live jpeg; do
    [ -n "$(rtsp $path)" ] || {
        skip_case "no encoder for /$path here"
        continue
    }
    expect_exit 0 "$ASSAY" -C cam capture --camera "gst:rtsp=$(rtsp $path)" --parts 3 --label good
    expect_out '^3 pictures seen'
    if [ -x "$BUILD/tests/devices/gst_client" ]; then
        client "$(rtsp $path)" 15 >one.out 2>&1 &
        one=$!
        client "$(rtsp $path)" 15 >two.out 2>&1
        expect_equal "$?" 0
        wait $one
        expect_equal "$?" 0
        expect_grep '^15 buffers' one.out
        expect_grep '^15 buffers' two.out
    fi
done
expect_exit 0 "$ASSAY" -C cam data ls --json
check 'the pictures are not 320 x 240' python3 -c '
import json, sys
assert {(s["width_px"], s["height_px"]) for s in json.load(open(sys.argv[1]))} == {(320, 240)}' "$OUT"
expect_grep '"what": ?"sent"' rtsp.jsonl
# Ends tidily while somebody looks.
if [ -x "$BUILD/tests/devices/gst_client" ]; then
    client "$(rtsp jpeg)" 1000 >three.out 2>&1 &
    three=$!
    sleep 1
    ended
    kill $three 2>/dev/null
    wait $three 2>/dev/null
else
    ended
fi
expect_grep 'frames sent' serve.out
finish
