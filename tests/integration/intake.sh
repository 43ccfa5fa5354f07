#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the way in looks at, as `assay intake` tells it.
. "$(dirname "$0")/lib.sh"
need_program
export ASSAY_AUTHOR=anna
ws=$TMP/ws
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3

expect_exit 0 "$ASSAY" intake checks
expect_out '^exposure +picture +quarantine  '
expect_out '^balance +version +by case  '
expect_exit 0 "$ASSAY" intake checks --json
expect_out '^\[\{"check":"whole","level":"by case","on":"picture","summary":'
expect_exit 2 "$ASSAY" intake checks all
expect_err "'all' is one word too many for 'intake checks'"
expect_exit 2 "$ASSAY" intake
expect_err 'a word is missing: checks'

# What came since a reference, and limits from it.
expect_exit 2 "$ASSAY" intake learn
expect_err 'no commit yet \(make one with'
expect_exit 2 "$ASSAY" intake drift
expect_err 'compare with which version\? --reference COMMIT, or intake.reference in assay.yaml'
"$ASSAY" -q init "$TMP/line" --example cones
cd "$TMP/line" || exit 3
expect_exit 0 "$ASSAY" -q capture --parts 60
expect_exit 0 "$ASSAY" -q capture --parts 30 --camera 'twin:cones?seed=2'
expect_exit 0 "$ASSAY" intake drift --reference main~1
expect_out '^brightness +ks [0-9.]+ +[0-9.e-]+ +[0-9.]+ +ok +median '
expect_err '^30 pictures of [0-9a-f]{12} that [0-9a-f]{12} does not have, against its 60$'
expect_exit 2 "$ASSAY" intake drift --reference main
expect_err 'has 90 pictures and 0 came since: each side takes 10'
expect_exit 0 "$ASSAY" intake learn --quantile 0.02
expect_out '^intake:$'
expect_out '^  min_contrast: [0-9.]+ # leaves out [0-9]+; now 10 leaves out 0; lowest '
"$ASSAY" -q intake learn --quantile 0.02 | sed '/^#/d; s/^intake:$/intake: {reference: main~1, max_psi: 0.2,/; s/^  \([a-z_]*: [0-9.]*\) #.*/  \1,/' >learnt
echo '}' >>learnt
cat learnt >>assay.yaml
expect_exit 0 "$ASSAY" spec show # what was printed can be pasted
expect_out '^  reference: "main~1"$'
expect_exit 0 "$ASSAY" -q capture --parts 40 --camera 'twin:cones?seed=3&noise=60'
expect_out 'warn drift: noise is not as in the reference: median '
expect_out 'look at gain, light'
expect_exit 1 "$ASSAY" intake drift --json
expect_out '"changed":true,"measure":"noise"'
expect_exit 0 "$ASSAY" intake outliers --limit 2
expect_out '^cones-[0-9]+/[0-9]+.png +[0-9.]+ +(ok|unlike)'
expect_exit 0 "$ASSAY" label errors --json
expect_out '"accuracy":0'

# A picture of another kind among the reference's, and one that is not as the file says.
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
if [ -x "$picture" ]; then
    sed -i 's/frame_px: \[640, 480\], /channels: 3, bit_depth: 8, /; s/max_noise: [0-9.]*,//' assay.yaml
    mkdir -p "$TMP/odd/good" "$TMP/wrong/good"
    "$picture" rgb.png 7 "$TMP/odd/good/a.png"
    "$picture" grey.png 8 "$TMP/wrong/good/b.png"
    "$picture" rgb16.png 9 "$TMP/wrong/good/c.png"
    expect_exit 0 "$ASSAY" import "$TMP/odd"
    expect_out "'odd/good/a.png' is unlike the reference: distance [0-9.e+]+, usual to [0-9.]+; most by "
    expect_exit 2 "$ASSAY" import "$TMP/wrong"
    expect_err "'wrong/good/b.png' has 1 channel, and station.channels says 3"
    expect_exit 0 "$ASSAY" quarantine list
    expect_out 'has 16 bits a channel, and station.bit_depth says 8'
fi

finish
