#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Faces are covered before the first write: on pictures of people, with every write of the program looked at. Each case is
# also run with privacy.faces: keep, where it must find what it looks for.
. "$(dirname "$0")/lib.sh"
need_program
people=$ASSAY_SHARED/data/people
model=$ASSAY_SHARED/models/yunet_n_320_320.onnx
cascades=${ASSAY_CASCADES:-/usr/share/opencv4}
[ -f "$people/classroom.gif" ] || skip "the pictures of people in '$people' are not here"
[ -f "$cascades/haarcascades/haarcascade_frontalface_alt2.xml" ] || skip "opencv-data is not installed (tools/setup)"
/usr/bin/python3 -c 'import cv2' 2>/dev/null || skip "python3-opencv, which unpacks the pictures, is missing (tools/setup)"

unpack='
import cv2, os, sys
source, target, every = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.makedirs(target, exist_ok=True)
film = cv2.VideoCapture(source)
for i in range(200):
    ok, frame = film.read()
    if not ok: break
    if i % every == 0: cv2.imwrite("%s/%03d.png" % (target, i), frame)
'
/usr/bin/python3 -c "$unpack" "$people/classroom.gif" "$TMP/in/good/class" 15
/usr/bin/python3 -c "$unpack" "$people/face-demographics-walking.gif" "$TMP/in/good/walk" 12
[ "$(find "$TMP/in" -name '*.png' | wc -l)" -ge 4 ] || skip 'the pictures of people could not be unpacked'
head -c 3000 "$TMP/in/good/class/000.png" >"$TMP/in/good/cut.png"
cp "$TMP/in/good/class/000.png" "$TMP/one.png"

workspace() { # workspace DIR RULE DETECTOR SENSITIVITY
    mkdir -p "$1"
    cat >"$1/assay.yaml" <<END
assay: 1
line: people
task: classify
classes: {good: pass, bad: reject}
requirements:
  - {id: R1, text: nobody is stored, measure: stored_faces, at_most: 0}
privacy: {faces: $2, detector: $3, sensitivity: $4, margin: 0.3}
END
}

# The detector runs on the program's own engine: no ONNX Runtime is needed.
workspace "$TMP/probe" redact "$model" 0.5
export ASSAY_ORT=$TMP/none
detectors=cascade
if [ -f "$model" ]; then
    expect_exit 1 "$ASSAY" -C "$TMP/probe" -q privacy show "$TMP/one.png"
    detectors="$model cascade"
else
    skip_case "the ONNX detector '$model' is not here"
fi

for detector in $detectors; do
    name=$(basename "$detector" .onnx)
    at=1
    [ "$name" != cascade ] || at=0.5
    workspace "$TMP/$name" redact "$detector" $at
    expect_exit 0 "$ASSAY" -C "$TMP/$name" import "$TMP/in"
    expect_exit 0 "$ASSAY" -C "$TMP/$name" privacy scan --all --sensitivity $at
    expect_out '^0 faces in [0-9]+ pictures'
    expect_exit 0 "$ASSAY" -C "$TMP/$name" data show
    expect_out '^[1-9][0-9]* faces covered in [0-9]+ of [0-9]+ pictures that were looked at \('
    # The same, not redacted: the scan finds them.
    workspace "$TMP/$name-open" keep "$detector" $at
    expect_exit 0 "$ASSAY" -C "$TMP/$name-open" import "$TMP/in"
    expect_exit 1 "$ASSAY" -C "$TMP/$name-open" privacy scan
    # A picture that cannot be decoded leaves its hash behind and no byte.
    check "$name keeps the bytes of a picture that nobody could look at" \
        [ -z "$(find "$TMP/$name/.assay/quarantine" -type f ! -name '*.json')" ]
    expect_equal "$(grep -l "$(sha256sum <"$TMP/in/good/cut.png" | cut -d' ' -f1)" "$TMP/$name"/.assay/quarantine/*.json | wc -l)" 1
    check "without privacy the bytes stay in quarantine" \
        [ -n "$(find "$TMP/$name-open/.assay/quarantine" -type f ! -name '*.json')" ]
done

# The classroom has 4 faces.
if [ "$detectors" != cascade ]; then
    for f in "$TMP"/in/good/class/*.png; do
        run "$ASSAY" -C "$TMP/probe" privacy show "$f" --sensitivity 0.5 --json
        faces=$(grep -o '"n_faces":[0-9]*' "$OUT" | cut -d: -f2)
        check "$faces faces in $(basename "$f"), not 4 (or one more by mistake)" [ "${faces:-0}" -ge 4 -a "${faces:-9}" -le 5 ]
    done
fi

# Every byte that is written, to whatever: none of the picture's own.
written() { # written RULE: how many writes hold a piece of the picture's compressed pixels
    workspace "$TMP/traced-$1" "$1" cascade 0.5
    mkdir -p "$TMP/alone-$1/good"
    cp "$TMP/one.png" "$TMP/alone-$1/good/"
    strace -f -qq -s 4000000 -xx -o "$TMP/trace-$1" \
        -e trace=write,pwrite64,writev,pwritev,sendto,sendmsg,sendfile,splice,copy_file_range,link,linkat \
        "$ASSAY" -C "$TMP/traced-$1" -q import "$TMP/alone-$1" >/dev/null 2>&1
    local total=0 at piece
    for at in 200 5000 20000 60000 100000; do
        piece=$(dd if="$TMP/one.png" bs=1 skip=$at count=24 2>/dev/null | od -An -v -tx1 | tr -d ' \n' | sed 's/../\\\\x&/g')
        total=$((total + $(grep -c "$piece" "$TMP/trace-$1")))
    done
    echo $total
}
if strace -f -qq -o "$TMP/trace" -e trace=write true 2>/dev/null; then
    open=$(written keep) closed=$(written redact)
    check "the search finds nothing where nothing is redacted" [ "$open" -ge 4 ]
    expect_equal "$closed" 0
    check "it was imported" [ "$(grep -c write "$TMP/trace-redact")" -gt 3 ]
    for call in sendfile splice copy_file_range link linkat sendto sendmsg; do
        expect_equal "$call $(grep -cE "^[0-9]+ +$call\(" "$TMP/trace-redact")" "$call 0"
    done
else
    skip_case 'strace cannot trace here'
fi

# What transparent pixels hide cannot be looked at, and does not come in.
mkdir -p "$TMP/hidden/good"
/usr/bin/python3 -c '
import cv2, numpy, sys
shown = cv2.cvtColor(cv2.imread(sys.argv[1]), cv2.COLOR_BGR2BGRA)
shown[:, : shown.shape[1] // 2, 3] = 0
cv2.imwrite(sys.argv[2], shown)
' "$TMP/one.png" "$TMP/hidden/good/half.png"
hidden() { # hidden RULE: the brightest of what is under transparent pixels
    workspace "$TMP/hidden-$1" "$1" cascade 0.5
    "$ASSAY" -q -C "$TMP/hidden-$1" import "$TMP/hidden" >/dev/null 2>&1
    "$ASSAY" -q -C "$TMP/hidden-$1" data checkout "$TMP/out-$1" >/dev/null 2>&1
    /usr/bin/python3 -c '
import cv2, glob, sys
picture = cv2.imread(glob.glob(sys.argv[1] + "/**/half.png", recursive=True)[0], cv2.IMREAD_UNCHANGED)
print(picture[:, : picture.shape[1] // 2 - 1, :3].max())' "$TMP/out-$1"
}
check 'the test hides something' [ "$(hidden keep)" -gt 100 ]
expect_equal "$(hidden redact)" 0

# The requirement.
workspace "$TMP/law" redact cascade 0.5
expect_exit 0 "$ASSAY" -C "$TMP/law" import "$TMP/in"
run "$ASSAY" -C "$TMP/law" privacy scan
check "the evidence is there" grep -q '"measure":"stored_faces"' "$TMP/law/.assay/evidence-data.json"
expect_exit 2 "$ASSAY" -C "$TMP/law" privacy show
expect_err 'a word is missing: assay privacy show FILE \(see'
ASSAY_CASCADES=$TMP/none expect_exit 3 "$ASSAY" -C "$TMP/law" import "$TMP/in"
expect_err 'opencv-data'
finish
