#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Recordings and streams come in by their own time: which frames, their names, their part, and what goes wrong.
. "$(dirname "$0")/lib.sh"
need_program
need_shared data/conveyor
belt=$ASSAY_SHARED/data/conveyor
expect_exit 0 "$ASSAY" init "$TMP/probe"
run "$ASSAY" -C "$TMP/probe" import "$belt/bottle-detection.gif" --frames 1
! grep -q 'built without GStreamer' "$ERR" || skip 'this build has no GStreamer'

rows() { # the samples of WORKSPACE, a line each
    "$ASSAY" -C "$1" data ls --json | tr '{' '\n' | grep '"name"'
}
field() {
    sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"
}

# An MP4, twice: the same frames, the same bytes, one part, one split.
for i in 1 2; do
    expect_exit 0 "$ASSAY" init "$TMP/ws$i"
    expect_exit 0 "$ASSAY" -C "$TMP/ws$i" import "$belt/bottle-detection.mp4" --fps 2 --label good
    expect_out '^80 pictures seen, 80 kept '
    rows "$TMP/ws$i" >"$TMP/rows$i"
    expect_equal "$(field part <"$TMP/rows$i" | sort -u)" bottle-detection
    expect_equal "$(field split <"$TMP/rows$i" | sort -u | wc -l)" 1
    expect_equal "$(field camera <"$TMP/rows$i" | sort -u)" video:bottle-detection
done
expect_equal "$(field image <"$TMP/rows1" | sha256sum)" "$(field image <"$TMP/rows2" | sha256sum)"
expect_exit 0 "$ASSAY" -C "$TMP/ws1" import "$belt/bottle-detection.mp4" --fps 2 --label good
expect_out 'nothing new'

# Against another decoder: the stamps say which frames, and the pixels that they are those.
if /usr/bin/python3 -c 'import cv2' 2>/dev/null; then
    expect_exit 0 "$ASSAY" -C "$TMP/ws1" data checkout "$TMP/out" --as folders
    cat >"$TMP/judge.py" <<'END'
import cv2, glob, os, sys
import numpy as np
film, want, frames, k, i = cv2.VideoCapture(sys.argv[1]), [], {}, 0, 0
while True:
    stamp = film.get(cv2.CAP_PROP_POS_MSEC)
    ok, frame = film.read()
    if not ok: break
    stamp = film.get(cv2.CAP_PROP_POS_MSEC)
    if stamp + 1 >= k * 500:
        want.append(i)
        while k * 500 <= stamp + 1: k += 1
    frames[i] = frame
    i += 1
files = sorted(glob.glob(sys.argv[2] + "/**/*.png", recursive=True))
have = [int(os.path.basename(f)[:6]) for f in files]
print("frames", "same" if have == want else "%s and not %s" % (have, want))
# Decoders differ in how they make colours of it; over all frames the right ones are still the nearest.
off = [0.0] * 5
for f, n in zip(files, have):
    ours = cv2.imread(f).astype(int)
    if 2 <= n < i - 2:
        for d in range(5): off[d] += np.abs(ours - frames[n + d - 2]).mean()
print("pixels", "same" if min(off) == off[2] else off)
END
    expect_exit 0 /usr/bin/python3 "$TMP/judge.py" "$belt/bottle-detection.mp4" "$TMP/out"
    expect_out '^frames same'
    expect_out '^pixels same'
    # AVI and Matroska of 12 frames a second.
    expect_exit 0 /usr/bin/python3 -c '
import cv2, sys
import numpy as np
for kind, code in ("avi", "MJPG"), ("mkv", "MJPG"):
    film = cv2.VideoWriter("%s/clip.%s" % (sys.argv[1], kind), cv2.VideoWriter_fourcc(*code), 12, (64, 48))
    for i in range(36):
        frame = np.random.RandomState(i).randint(0, 255, (48, 64, 3), dtype=np.uint8)
        film.write(frame)
    film.release()' "$TMP"
    for kind in avi mkv; do
        expect_exit 0 "$ASSAY" init "$TMP/$kind"
        expect_exit 0 "$ASSAY" -C "$TMP/$kind" import "$TMP/clip.$kind" --fps 4 --prefix line/2
        expect_equal "$(rows "$TMP/$kind" | field name | tr '\n' ' ')" "$(for i in 0 3 6 9 12 15 18 21 24 27 30 33; do
            printf 'line/2/clip/%06d.png ' $i
        done)"
    done
else
    skip_case 'python3-opencv, the other decoder, is missing (tools/setup)'
fi

# A GIF: all its frames, at their times; --frames ends it.
expect_exit 0 "$ASSAY" init "$TMP/gif"
expect_exit 0 "$ASSAY" -C "$TMP/gif" import "$belt/bottle-detection.gif" --fps 0
expect_out '^45 pictures seen, 45 kept '
expect_equal "$(rows "$TMP/gif" | field time | sort -u | wc -l)" 45
expect_exit 0 "$ASSAY" -C "$TMP/gif" import "$belt/bolt-multi-size-detection.gif" --fps 0 --frames 3
expect_out '^3 pictures seen, 3 kept '

# Pictures and recordings in one folder: class folders count for both; what lies in none has no class, or --label.
mkdir -p "$TMP/mixed/good" "$TMP/mixed/bad"
cp "$TMP/out"/*/good/bottle-detection/000000.png "$TMP/mixed/good/a.png" 2>/dev/null ||
    cp "$(find "$ASSAY_SHARED/data/cookie" -name '*.jpg' | head -n 1)" "$TMP/mixed/good/a.jpg"
cp "$belt/bolt-multi-size-detection.gif" "$TMP/mixed/bad/bolts.gif"
cp "$belt/bottle-detection.gif" "$TMP/mixed/belt.gif"
cp "$belt/bottle-detection.mp4" "$TMP/mixed/belt.mp4"
head -c 40000 "$belt/bottle-detection.mp4" >"$TMP/mixed/bad/cut.mp4"
printf '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://%s/bottle-detection.mp4\n#EXT-X-ENDLIST\n' "$belt" >"$TMP/mixed/bad/list.mp4"
expect_exit 0 "$ASSAY" init "$TMP/folder"
expect_exit 0 "$ASSAY" -C "$TMP/folder" import "$TMP/mixed" --prefix m
rows "$TMP/folder" >"$TMP/rows"
expect_equal "$(field part <"$TMP/rows" | sort | uniq -c | awk '{print $1, $2}' | sed 's/\(a\)\.[a-z]*$/\1/' | tr '\n' ';')" \
    '3 m/bad/bolts;3 m/belt.gif;40 m/belt.mp4;1 m/good/a;'
expect_equal "$(grep -c '"class":"bad"' "$TMP/rows")" 3
expect_equal "$(grep -c '"class":"good"' "$TMP/rows")" 1
expect_exit 0 "$ASSAY" -C "$TMP/folder" quarantine list
expect_out 'm/bad/cut'
expect_out 'm/bad/list'

# A face is covered in frames as in pictures.
people=$ASSAY_SHARED/data/people/classroom.gif
if [ -f "$people" ] && [ -f "${ASSAY_CASCADES:-/usr/share/opencv4}/haarcascades/haarcascade_frontalface_alt2.xml" ]; then
    expect_exit 0 "$ASSAY" init "$TMP/people"
    echo 'privacy: {faces: redact, detector: cascade, sensitivity: 0.5, margin: 0.3}' >>"$TMP/people/assay.yaml"
    expect_exit 0 "$ASSAY" -C "$TMP/people" import "$people" --fps 1 --frames 2
    expect_exit 0 "$ASSAY" -C "$TMP/people" data show
    expect_out '^[1-9][0-9]* faces covered in [1-9] of [1-9] pictures that were looked at'
    expect_exit 0 "$ASSAY" -C "$TMP/people" privacy scan --all --sensitivity 0.5
    expect_out '^0 faces in '
else
    skip_case 'no pictures of people, or no cascade, to look for faces with'
fi

# A stream, from a camera of our own.
camera=${ASSAY%/assay}/tests/devices/rtsp_camera
if [ -x "$camera" ]; then
    mkfifo "$TMP/hold"
    "$camera" <"$TMP/hold" >"$TMP/port" &
    exec 9>"$TMP/hold"
    for _ in $(seq 100); do
        grep -q ready "$TMP/port" && break
        sleep 0.1
    done
    port=$(sed -n 's/^ready //p' "$TMP/port")
    expect_exit 0 "$ASSAY" init "$TMP/stream"
    expect_exit 0 "$ASSAY" -C "$TMP/stream" import "rtsp://anna:kP9x@127.0.0.1:$port/live" --fps 2 --frames 4
    expect_out '^4 pictures seen, 4 kept '
    rows "$TMP/stream" >"$TMP/rows"
    expect_equal "$(field part <"$TMP/rows" | sort -u)" live-1
    # 10 frames a second, every fifth; one that came late moves a step.
    expect_equal "$(field name <"$TMP/rows" | head -n 1)" live-1/000000.png
    check 'the frames are not half a second apart' \
        test "$(field name <"$TMP/rows" | tail -n 1 | tr -dc 0-9 | sed 's/^1//')" -ge 000013
    check 'the password is in the workspace' test "$(grep -raF kP9x@ "$TMP/stream" | wc -l)" -eq 0
    expect_exit 0 "$ASSAY" -C "$TMP/stream" import "rtsp://127.0.0.1:$port/live" --fps 5 --frames 2
    rows "$TMP/stream" >"$TMP/rows"
    check 'a second look at the stream is no part of its own' grep -q '"part":"live-2"' "$TMP/rows"
    run "$ASSAY" -C "$TMP/stream" import "rtsp://anna:kP9x@127.0.0.1:$port/nowhere" --frames 2
    check 'a stream that is not there is no error' test "$STATUS" -ne 0
    expect_no_err 'kP9x'
    exec 9>&-
    wait
else
    skip_case 'no libgstrtspserver-1.0-dev (tools/setup), so no stream to look at'
fi

expect_exit 2 "$ASSAY" -C "$TMP/ws1" import rtsp://127.0.0.1:9/live
expect_err 'say how many frames to take with --frames N'
expect_exit 2 "$ASSAY" -C "$TMP/ws1" import "$SOURCE/README.md"
expect_err 'is a file: name its folder, or a recording'
expect_exit 2 "$ASSAY" -C "$TMP/ws1" import "$belt/bottle-detection.mp4" --label goood
expect_err "did you mean 'good'"
expect_exit 2 "$ASSAY" -C "$TMP/ws1" import "$belt/bottle-detection.mp4" --fps much
run "$ASSAY" -C "$TMP/ws1" import "$TMP/mixed/bad/list.mp4"
check 'a list of addresses was followed' test "$STATUS" -ne 0
finish
