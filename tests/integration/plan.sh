#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay plan: what is feasible and what is not, its files, and what wrong input gets.
. "$(dirname "$0")/lib.sh"
need_program
ws=$TMP/ws

# shellcheck disable=SC2317 # check calls them
lacks() { ! grep -Eq -e "$1" "$2"; }
# shellcheck disable=SC2317
whole() { python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$1"; }

# number KEY: of the JSON that was printed last, the first there is, as a whole number where it is one
number() { printf '%.8g' "$(grep -Eo "\"$1\": ?[-0-9.e+]+" "$OUT" | head -1 | grep -Eo '[-0-9.e+]+$')"; }

expect_exit 2 "$ASSAY" -C "$TMP" plan
expect_err 'no assay.yaml in'
expect_exit 0 "$ASSAY" init "$ws" --example cones
expect_exit 0 "$ASSAY" -C "$ws" plan --no-measure
expect_quiet
expect_out '^cones: feasible$'
expect_out '^pixels needed +54 x 144 +3 pixels on a defect of 4 mm'
expect_out '^R1 +recall of reject >= 90.0 % at 95 % +29 +116 +6 +64 % +239 +464 +bad parts'
expect_out '^precision is proven for as many good parts as bad ones'
expect_out '^R3 .*299'
expect_no_out '^network'

# A file of one's own, and numbers from the command line, with units. 1 m/s and 0.1 mm a pixel: a pixel in 100 us.
cat >"$TMP/bench.yaml" <<'YAML'
assay: 1
line: bench
product: {size_mm: [100, 80], defect_mm: 0.3}
station: {belt_mm_per_s: 500, parts_per_minute: 120}
optics: {field_mm: [160, 130], distance_mm: 525, sensor: IMX264, focal_mm: 25}
task: classify
classes: {good: pass, bad: reject}
requirements: [{id: R1, measure: recall, of: reject, at_least: 0.9}]
YAML
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --json
expect_out '"feasible": ?true'
expect_equal "$(number pixel_mm)" 0.069
expect_equal "$(number longest_exposure_us)" 138
expect_equal "$(number bytes_per_s)" 10027008
expect_out '"link": ?"GigE Vision"'
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --json --belt '1000 mm/s'
expect_equal "$(number longest_exposure_us)" 69
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --json --belt '60 m/min'
expect_equal "$(number longest_exposure_us)" 69
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --json --set station.belt_mm_per_s=1m/s --size '10 x 8 cm'
expect_equal "$(number longest_exposure_us)" 69
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --belt '3 furlong/h'
expect_err "^assay plan: --belt: 'furlong/h' is no unit that can be written here: mm/s, cm/s, m/s, .*m/min"
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --json --belt 1000mm/s --set optics.max_blur_px=0.5
expect_equal "$(number longest_exposure_us)" 34.5

# Every sensor that fits, or how many are left out.
expect_exit 0 "$ASSAY" -C "$ws" plan --no-measure
n_fit=$(grep -Eo '^[0-9]+ of 19 sensors fit' "$OUT" | grep -Eo '^[0-9]+')
n_shown=$(grep -Ec '^(IMX|AR|PYTHON)[0-9]+ .*(GigE|USB|CoaX|Link)' "$OUT")
check "$n_shown of $n_fit are shown, and it does not say so" grep -q "^$n_fit of 19 sensors fit; the $n_shown simplest" "$OUT"

# A height that the depth of field does not reach is said where it fails; where the distance is free, another one is found.
expect_exit 1 "$ASSAY" -C "$ws" plan --no-measure --height 500 --distance 237.9mm
expect_out 'a part 500 mm high .*its middle in focus 237.9 mm from the lens, would touch the lens: more than 250 mm'
expect_out 'optics.distance_mm: [0-9]+ instead of 237.9'
expect_out 'optics.distance_mm: leave it out \(IMX287, 12 mm at F/16 from [0-9.]+ mm would do\)'
expect_exit 1 "$ASSAY" -C "$ws" plan --no-measure --height 400 --distance 237.9
expect_out 'of the nearest plane, 37.9 mm away'
expect_exit 0 "$ASSAY" -C "$ws" plan --no-measure --height 500

# What no number of parts proves is not feasible, on the page and in JSON too.
sed 's/at_least: 0.90/at_least: 1.0/' "$ws/assay.yaml" >"$TMP/perfect.yaml"
expect_exit 1 "$ASSAY" plan "$TMP/perfect.yaml" --no-measure --page "$TMP/perfect.html"
expect_out 'R1, recall of reject >= 100.0 % at 95 %: no number of parts proves that.*write at_least: 0.99, which 299 bad parts'
expect_grep 'no number of parts proves that' "$TMP/perfect.html"
expect_exit 1 "$ASSAY" plan "$TMP/perfect.yaml" --no-measure --json
expect_out '"feasible": ?false'
expect_out 'no number of parts proves that'

# More light than there is, is not feasible: which class gives how much, and which number mends it.
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --belt 20m/s
expect_out 'lx for [0-9.]+ us at F/[0-9.]+ would be needed, and the brightest class of light gives 5e\+05 \(full sun is 100,000\)'
expect_out '^lamp +none +'
expect_out '^  optics.snr: [0-9.]+ instead of 40$'
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure
expect_out '^lamp +pulsed LED bars +within some 200 mm, on for a tenth of the time or less: up to some 200,000 lx; [0-9,]+ lm'
expect_out '^R1 .* 29 +116 +6 +64 % +239 +464 +bad parts'
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --set station.channels=3
expect_out '^colour +mosaic +'

# A plan that fails at the depth of field says nothing of light that was not worked out.
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --height 40 --svg "$TMP/deep.svg" --page "$TMP/deep.html"
expect_grep '>for [0-9.]+ .s<' "$TMP/deep.svg"
check 'a light of 0 lx is drawn' lacks '>0 lx' "$TMP/deep.svg"
check 'a light of 0 lx is told' lacks '>0 lx' "$TMP/deep.html"

# What is small is seen through rings or a macro lens.
expect_exit 0 "$ASSAY" -C "$ws" plan --no-measure --size 5x4 --defect 0.1 --height 0.2 --belt 50 --pace 120
expect_out '^lens +[0-9]+ mm (with [0-9.]+ mm of spacer rings|macro lens, in tubes of [0-9.]+ mm)'
expect_out '^or +a telecentric lens of 1:'
expect_exit 1 "$ASSAY" -C "$ws" plan --no-measure --set optics.distance_mm=150 --focal 8 --sensor IMX250 --height 100
expect_out 'optics.distance_mm and optics.focal_mm: leave both out \(IMX250, '

# What fails is named with its key, and what is advised does it.
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --exposure 1000us
expect_out 'in 1000 us the part moves 7.25 pixels of 0.069 mm, and optics.max_blur_px is 1'
expect_out 'optics.exposure_us: 138 instead of 1000'
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --exposure 138us
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --pace 600
expect_out '50 mm apart, but each is 100 mm long: set station.belt_mm_per_s to 1000 or more'
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --light 1000 --json
expect_out '"key": ?"optics.light_lx"'
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --sensor IMX226
expect_out 'rolling shutter'
expect_out 'optics.sensor: leave it out'

# Measured here: however busy the machine is, it says how long a frame took.
run "$ASSAY" -C "$ws" plan
check 'neither feasible nor not' [ "$STATUS" -le 1 ]
expect_out '^network +[0-9.,]+ ms a frame +a reference network .*measured here'
expect_exit 0 "$ASSAY" -C "$ws" capture --parts 40
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule
run "$ASSAY" -C "$ws" plan
expect_out '^network +[0-9.,]+ ms a frame +run 1-rule, measured here'
expect_exit 2 "$ASSAY" -C "$ws" plan --model "$TMP/none.onnx"
expect_err 'none.onnx'

# Its files.
expect_exit 0 "$ASSAY" -C "$ws" plan --no-measure --page "$TMP/plan.html" --svg "$TMP/plan.svg" --twin "$TMP/twin.yaml"
check 'the page fetches something' lacks '(https?:|src="[^d]|href="[^#]|url\(|@import|<script|<link)' "$TMP/plan.html"
for part in 'The set-up' 'Sensors that fit' 'Lenses before the' 'Parts that prove it' 'How it is worked out' '<svg'; do
    expect_grep "$part" "$TMP/plan.html"
done
expect_grep '^<svg xmlns="http://www.w3.org/2000/svg"' "$TMP/plan.svg"
if command -v python3 >/dev/null; then
    check 'the page is not well-formed' whole "$TMP/plan.html"
    check 'the drawing is not well-formed' whole "$TMP/plan.svg"
fi
# The emulated camera opens, and gives frames of the sensor's size.
camera=$(grep -Eo 'twin:[^"]+' "$TMP/twin.yaml" | head -1)
frame=$(grep -Eo 'frame_px: \[[0-9]+, [0-9]+\]' "$TMP/twin.yaml")
expect_grep '^# Not in it: your part' "$TMP/twin.yaml"
expect_grep 'distance=' "$TMP/twin.yaml"
sed "s/frame_px: \[640, 480\]/$frame/" "$ws/assay.yaml" >"$TMP/assay.yaml" && cp "$TMP/assay.yaml" "$ws/assay.yaml"
expect_exit 0 "$ASSAY" -C "$ws" capture --camera "$camera" --parts 4

# The twin has formulas of its own for the lens: both find the same pixel, depth of field and blur.
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --twin "$TMP/bench-twin.yaml"
camera=$(grep -Eo 'twin:[^"]+' "$TMP/bench-twin.yaml" | head -1)
expect_exit 0 "$ASSAY" twin show --scene "${camera#twin:}&width=2448&height=2048"
expect_out '^ +px per mm +14\.492[78]' # 1 / 0.069
expect_out '^ +depth of field mm +11\.593'
expect_out '^ +motion blur px +(1|1\.0000.*|0\.9999.*)$'

# Whichever sensor the plan names, the twin has it: its picture is as noisy as the plan says.
for sensor in IMX287 AR0135 PYTHON1300 IMX264 IMX541; do
    expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --defect 1 --sensor $sensor --set optics.focal_mm=25 \
        --set optics.distance_mm=525 --set optics.snr=20 --field 60x50 --size 40x30 --twin "$TMP/one.yaml"
    expect_grep "sensor=$sensor" "$TMP/one.yaml"
    rm "$TMP/one.yaml"
done

# A plan that is not feasible: the page says so; there is no twin of it. What was there stays.
expect_exit 1 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --exposure 1000us --page "$TMP/no.html"
expect_grep 'Not feasible as it stands' "$TMP/no.html"
expect_grep 'What to change' "$TMP/no.html"
cp "$TMP/twin.yaml" "$TMP/before.yaml"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --exposure 1000us --twin "$TMP/twin.yaml"
expect_err 'not feasible'
check 'the file changed' cmp -s "$TMP/before.yaml" "$TMP/twin.yaml"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --distance 9000 --svg "$TMP/none.svg"
expect_err 'no set-up to draw'
expect_no_file "$TMP/none.svg"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --page "$TMP/no/such/folder/plan.html"
expect_err 'no/such/folder'

# Wrong use names the option or the key, and what to write.
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --belt fast
expect_err "^assay plan: --belt: 'belt_mm_per_s' must be a number, not 'fast'"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --field 100
expect_err "field_mm' must be a list of 2 values"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --sensor imx
expect_err "'sensor' cannot be 'imx'.*IMX264"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --sensor imx250
expect_err "did you mean 'IMX250'\\?"
expect_exit 0 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --set station.frame_px='1700 x 1400'
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --set optics.snr
expect_err 'as optics.snr=20'
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --set optics.sn=20
expect_err "no number or word 'optics.sn'"
expect_exit 2 "$ASSAY" plan "$TMP/bench.yaml" --no-measure --defect "$(printf '1%.0s' {1..200})"
expect_err 'longer than any number'
sed 's/, defect_mm: 0.3//' "$TMP/bench.yaml" >"$TMP/less.yaml"
expect_exit 2 "$ASSAY" plan "$TMP/less.yaml" --no-measure
expect_err 'add product.defect_mm in mm, or try one with --defect'
expect_exit 0 "$ASSAY" plan "$TMP/less.yaml" --no-measure --defect 0.3
finish
