#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay camera: what is found, shown and set, on Aravis' own camera and on the twin.
. "$(dirname "$0")/lib.sh"
need_program
cd "$TMP" || exit 3

expect_exit 0 "$ASSAY" camera list --json
check 'the twin is not listed' python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))["cameras"]
assert any(x["uri"] == "twin:cones" and x["driver"] == "twin" for x in c)' "$OUT"
expect_exit 2 "$ASSAY" camera show
expect_err 'a word is missing: assay camera show URI'
expect_exit 2 "$ASSAY" camera show twin:nothing
expect_exit 3 "$ASSAY" camera show folder:.
expect_err 'no picture'

# The twin's settings are those of a camera, and what they do is seen.
TWIN='twin:fabric?views=64&sensor=imx250&width=160&height=120'
expect_exit 0 "$ASSAY" camera set "$TWIN" ExposureTime=50 LensDirt=0.5
expect_out 'ExposureTime: '
expect_exit 2 "$ASSAY" camera set "$TWIN" LensDirt=2
expect_err "'LensDirt=2' is not allowed: it is a number, 0 to 1"
expect_exit 3 "$ASSAY" camera grab "twin:cones?width=64&height=48&parts=2" --output few.png --frames 5
expect_err 'ended after 2 of 5 pictures'
expect_exit 2 "$ASSAY" camera set "$TWIN" ExposureTme=50
expect_err "did you mean 'ExposureTime'?"

cp /etc/hostname part-005.png # not grab's, though it is called so
expect_exit 0 "$ASSAY" camera grab "$TWIN&pixel=Mono12" --frames 4 -o part.png
expect_exit 0 "$ASSAY" camera grab "$TWIN&pixel=Mono12" --frames 3 -o part.png
check 'a picture of the longer run before is left' [ ! -e part-004.png ]
check 'a file that is not its own is gone' [ -e part-005.png ]
check 'no three pictures of 16 bits with their times' python3 -c '
import json, struct
d = json.load(open("part.json"))["pictures"]
assert [p["file"] for p in d] == ["part-001.png", "part-002.png", "part-003.png"]
assert all(p["status"] == "ok" and p["pixel"] == "Mono12" and p["monotonic_ns"] > 0 for p in d)
for p in d:
    b = open(p["file"], "rb").read()
    assert struct.unpack(">IIBB", b[16:26]) == (160, 120, 16, 0)'
printf 'faults:\n  - {fault: half_frame, from: 1, until: 100, amount: 1}\n' >half.yaml
expect_exit 0 "$ASSAY" camera grab 'twin:cones?width=64&height=48&script=half.yaml' -o half.png
check 'half a picture is not told' test -s half.incomplete.png
expect_exit 2 "$ASSAY" camera grab "$TWIN"
expect_err 'say where to'
# What is somebody else's is not written over.
echo '{"recipe": "do not lose"}' >mine.json
expect_exit 2 "$ASSAY" camera grab "$TWIN" -o mine.png
expect_err "'mine.json' is there and is something else"
expect_no_file mine.png
expect_grep 'do not lose' mine.json

# What a sensor sends is taken in as it is: 16 bits where it has more than 8, Bayer developed.
expect_exit 0 "$ASSAY" -q init ws --example cones
sed -i 's/frame_px: \[640, 480\]/frame_px: [160, 120]/' ws/assay.yaml
expect_exit 0 "$ASSAY" -C ws capture --camera 'twin:cones?sensor=imx250&pixel=Mono12p' --parts 3
expect_exit 0 "$ASSAY" -C ws capture --camera 'twin:cones?sensor=imx250&pixel=BayerRG12' --parts 3
expect_exit 0 "$ASSAY" -C ws data checkout out
check 'no PNG of 16 bits and none in colour' python3 -c '
import glob
kinds = {(b[24], b[25]) for b in (open(p, "rb").read(26) for p in glob.glob("out/**/*.png", recursive=True))}
assert kinds == {(16, 0), (16, 2)}, kinds'

# No file may hold a pipeline, the command line may.
sed -i 's/camera: "twin:cones[^"]*"/camera: "gst:pipeline=videotestsrc"/' ws/assay.yaml
run "$ASSAY" -C ws capture --parts 1 --label good
check 'a pipeline of a file was run' [ "$STATUS" -ne 0 ]
expect_err 'no file may hold one|built without GStreamer'

# The lens is turned: the number falls, and the best stays.
focus() { "$ASSAY" camera focus "$1" --frames 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["sharpness"])'; }
sharp=$(focus "$TWIN&focal=16&distance=300") soft=$(focus "$TWIN&focal=16&distance=300&off=30")
check "sharpness $sharp in focus, $soft 30 mm off it" python3 -c "assert $sharp > 2 * $soft"
# Half a pixel of blur is seen too: there is no plateau around the focus.
near=$(focus "twin:film?sensor=ideal&belt=0&focal=16&distance=400&pitch=3.45&fnumber=4")
off=$(focus "twin:film?sensor=ideal&belt=0&focal=16&distance=400&pitch=3.45&fnumber=4&off=4")
check "sharpness $near in focus, $off 4 mm off it" python3 -c "assert $near > 1.005 * $off"
expect_exit 0 "$ASSAY" camera focus "$TWIN" --frames 2
expect_out 'frame 1  sharpness'

expect_exit 0 "$ASSAY" camera test "$TWIN&fps=50" --frames 30 --max-jitter 1000 --min-fps 5 --html test.html
expect_out '^PASS'
check 'the page fetches or runs something' sh -c '! grep -qE "<script|href=\"http|src=\"http" test.html'
check 'the page has no plots' test "$(grep -o '<svg' test.html | wc -l)" -ge 3
expect_exit 0 "$ASSAY" camera test "$TWIN&fps=50" --frames 30 --max-jitter 1000 --min-fps 5 --json
check 'the test is not as it should be' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
r = {x["name"]: x for x in d["rows"]}
assert d["pass"] and r["exposure linearity"]["value"] > 0.999 and r["exposure linearity"]["n"] >= 16
assert 1 < r["temporal noise"]["value"] < 4 and len(d["host_ms"]) == 30 and d["frames"]["incomplete"] == 0' "$OUT"
# Every other view of this scene is 1 % brighter, as of a lamp that is not twice alike: that is no noise. Two pictures under the
# same light say what is (EMVA 1288).
STILL='twin:fabric?views=64&sensor=ideal&width=320&height=240&fps=50'
expect_exit 0 "$ASSAY" camera test "$STILL" --frames 8 --max-jitter 1000 --min-fps 1 --json
check 'noise is not what two pictures have' python3 -c '
import json, sys
r = {x["name"]: x for x in json.load(open(sys.argv[1]))["rows"]}
assert 0.6 < r["temporal noise"]["value"] < 0.7, r["temporal noise"]' "$OUT"
# The part that passes meanwhile is another one: one of seven differences says nothing of noise.
expect_exit 0 "$ASSAY" camera test 'twin:fabric?views=64&sensor=imx250&width=160&height=120&fps=50' --frames 60 --max-jitter 1000 --min-fps 1
# Each limit can be missed.
expect_exit 1 "$ASSAY" camera test "$TWIN&fps=50&db=24&exposure=8" --frames 5 --max-jitter 1000 --min-fps 5
expect_out 'temporal noise .*FAIL'
expect_exit 1 "$ASSAY" camera test "$TWIN&fps=50" --frames 5 --max-jitter 1000 --min-fps 60
expect_out 'frame rate .*FAIL'
expect_exit 1 "$ASSAY" camera test "$TWIN&fps=50" --frames 5 --max-jitter 1000 --min-fps 5 --min-focus 1e8
expect_out 'focus .*FAIL'
printf 'faults:\n  - {fault: frame_loss, from: 1, until: 1000, amount: 0.3}\n' >loss.yaml
expect_exit 1 "$ASSAY" camera test 'twin:fabric?width=64&height=48&fps=50&script=loss.yaml' --frames 30 --max-jitter 1000 --min-fps 1 --max-noise 255 --min-linearity 0
expect_out 'lost or not whole .*FAIL'
expect_exit 1 "$ASSAY" camera test 'twin:fabric?views=64&width=160&height=120&pixel=RGB8&fps=50' --frames 5 --max-jitter 1000 --min-fps 1 --max-noise 255
expect_out 'exposure linearity .*FAIL.*a curve \(gamma\) may be on'
# What has a limit and shows nothing to measure is no pass: the lens cap is on.
expect_exit 1 "$ASSAY" camera test 'twin:fabric?views=64&width=160&height=120&fps=50&light=0' --frames 10 --max-jitter 1000 --min-fps 1
expect_out 'temporal noise .*FAIL.*black.*nothing to measure'
expect_out 'exposure linearity .*FAIL'
expect_out '^FAIL'
# Files have no exposure and wait for who looks: that is not judged, and said, unless it is not asked for.
mkdir still
cp part-001.png still/a.png
cp part-001.png still/b.png
expect_exit 1 "$ASSAY" camera test 'folder:still?loop=1' --frames 5
expect_out 'exposure linearity .*not judged'
expect_out '^INCOMPLETE'
expect_exit 0 "$ASSAY" camera test 'folder:still?loop=1' --frames 5 --min-linearity 0
expect_out '^PASS'
expect_exit 1 "$ASSAY" camera test 'folder:still?loop=1' --frames 5 --min-linearity 0 --min-fps 5
expect_out '^INCOMPLETE'

if "$ASSAY" camera show gige:fake >/dev/null 2>&1; then
    # A module that another installation left beside the program is not called.
    mkdir other
    cp "$ASSAY" other/assay
    cp "$(ldd "$ASSAY" | sed -n 's/.*=> \(.*libz\.so[^ ]*\) .*/\1/p' | head -n 1)" other/as_camera_gige.so
    expect_exit 3 other/assay camera show gige:fake
    expect_err "as_camera_gige.so' was built for another version of this program"
    # Nor one of this version, and with a table of this size, that was built when it did not tell where its log is set.
    cat >old.c <<'C'
#include "build_config.h"
#include "camera/driver.h"
extern const as_camera_driver as_camera_module;
const as_camera_driver as_camera_module = {.name = "gige"};
typedef struct { const char *version; size_t n_table; const char *behind; } stamp;
extern const stamp as_plugin_built;
const stamp as_plugin_built = {AS_VERSION, sizeof(as_camera_driver), "no function"};
C
    if command -v cc >/dev/null && cc -shared -fPIC -D_GNU_SOURCE -I"$SOURCE/src" -I"$(dirname "$ASSAY")" -I"$(dirname "$ASSAY")/src" old.c -o other/as_camera_gige.so; then
        expect_exit 3 other/assay camera show gige:fake
        expect_err "as_camera_gige.so' was built for another version of this program"
    fi
    expect_exit 0 "$ASSAY" camera show gige:fake
    expect_out 'ImageFormatControl'
    expect_out '512 x 512 pixels of Mono8'
    expect_exit 0 "$ASSAY" camera show gige:fake --json
    check 'the features are not as they are' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
f = {x["name"]: x for x in d["features"]}
assert f["Width"]["value"] == 512 and f["Width"]["most"] == 2048 and f["Width"]["writable"]
assert "Mono8" in f["PixelFormat"]["choices"] and f["TriggerSoftware"]["kind"] == "command"' "$OUT"
    expect_exit 0 "$ASSAY" camera set gige:fake ExposureTimeAbs=2500 Width=256
    expect_out 'ExposureTimeAbs: 10000 -> 2500'
    expect_exit 2 "$ASSAY" camera set gige:fake Width=99999
    expect_err "'Width=99999' is not allowed: it is a whole number, 1 to 2048"
    expect_exit 2 "$ASSAY" camera set gige:fake Widht=64
    expect_err "no feature 'Widht'"
    expect_exit 2 "$ASSAY" camera set gige:fake PixelFormat=Mono9
    expect_err "did you mean 'Mono8'?"
    expect_exit 2 "$ASSAY" camera set gige:fake DeviceModelName=x
    expect_err "'DeviceModelName' can only be read"
    expect_exit 0 "$ASSAY" camera dump 'gige:fake?width=256' -o dump.yaml
    expect_exit 0 "$ASSAY" camera dump 'gige:fake?width=256' -o dump.yaml
    expect_exit 2 "$ASSAY" camera dump "$TWIN" -o dump.yaml
    expect_err "'dump.yaml' holds the settings of another camera, 'gige:fake"
    expect_exit 0 "$ASSAY" camera restore gige:fake dump.yaml
    expect_out '1 were changed'
    sed -i "s/ExposureTimeAbs: .*/ExposureTimeAbs: '1'/" dump.yaml
    expect_exit 2 "$ASSAY" camera restore gige:fake dump.yaml
    expect_err "'ExposureTimeAbs=1' is not allowed"
    printf 'features:\n  Width: [1]\n' >bad.yaml
    expect_exit 2 "$ASSAY" camera restore gige:fake bad.yaml
    expect_err 'bad.yaml:2:10'
else
    skip_case 'gige: this build has no Aravis'
fi
# Each count of a stream stands in the guide.
expect_exit 0 "$ASSAY" camera show "$TWIN" --json
check 'a count of the stream is not in the guide' python3 -c '
import json, sys
page = open(sys.argv[2]).read()
missing = [name for name in json.load(open(sys.argv[1]))["stream"] if name not in page]
assert not missing, missing' "$OUT" "$SOURCE/docs/guide/cameras.md"
# What a new user types first.
expect_exit 2 "$ASSAY" camera show 10.1.2.3
expect_err 'gige:10.1.2.3 for a GigE Vision camera there'
expect_exit 2 "$ASSAY" camera grab "$TWIN" -o part.jpg
expect_err 'written as PNG.*name it .png'
expect_exit 1 "$ASSAY" camera test 'twin:cones?fps=50' --frames 10 --max-jitter 1000 --min-fps 1
expect_out 'temporal noise .*FAIL.*does something move before it'
finish
