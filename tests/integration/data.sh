#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Versions of the data: two imports and a capture, and what `assay data` says of them.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=tester
ws=$TMP/ws
mkdir -p "$TMP/monday/good" "$TMP/monday/bad" "$TMP/tuesday/good"
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3

expect_exit 2 "$ASSAY" data show
expect_err 'no commit yet \(make one with: assay import FOLDER, or assay capture\)'
expect_exit 0 "$ASSAY" quarantine list
expect_out 'nothing is in quarantine'
expect_exit 0 "$ASSAY" data verify

"$picture" rgb.png 1 "$TMP/monday/good" 20
"$picture" grey.png 100 "$TMP/monday/bad" 8
expect_exit 0 "$ASSAY" import "$TMP/monday" --message 'first shift'
expect_out '^good +12 +3 +5 +20'
expect_out '^bad +5 +1 +2 +8'
expect_out '^all +17 +4 +7 +28'
expect_err 'next: assay train'
"$picture" rgb.png 50 "$TMP/tuesday/good" 3
cp "$TMP/monday/good/00000.png" "$TMP/tuesday/good/again.png"
expect_exit 0 "$ASSAY" import "$TMP/tuesday"
expect_out '^4 pictures seen, 3 kept .* 1 known already'

expect_exit 0 "$ASSAY" data log
expect_equal "$(grep -c tester "$OUT")" 2
expect_out 'tester +31 .* import .*tuesday: 3 pictures'
expect_out 'tester +28 .* first shift'
first=$(grep 'first shift' "$OUT" | cut -d' ' -f1)
expect_exit 0 "$ASSAY" data log --limit 1 --json
expect_out '^\[\{"author":"tester".*"n_samples":31.*\}\]$'

expect_exit 0 "$ASSAY" data show "$first"
expect_out '    first shift'
expect_out '^sharpness +[0-9]'
expect_exit 0 "$ASSAY" data show main~1 --json
expect_out '"classes":\[\{"class":"bad".*"intake":\{.*"sharpness":\{"largest":'

expect_exit 0 "$ASSAY" data diff
expect_out '3 added, 0 removed, 0 changed'
expect_out '^\+ tuesday/good/00000.png  good, '
expect_exit 0 "$ASSAY" data diff main "$first" --json
expect_out '"removed":\[\{.*tuesday/good/00002.png'
expect_exit 0 "$ASSAY" -C "$ws" data diff main~1 main~1
expect_out '0 added, 0 removed, 0 changed'

expect_exit 0 "$ASSAY" data ls --class bad --split train
expect_equal "$(grep -c '^monday/bad/' "$OUT")" 5
expect_exit 0 "$ASSAY" data ls --sort -sharpness --limit 2 --json
expect_equal "$(grep -o '"part"' "$OUT" | wc -l)" 2
expect_exit 2 "$ASSAY" data ls --sort colour
expect_err "cannot sort samples by 'colour'"
expect_exit 2 "$ASSAY" data ls --split exam
expect_err 'use train, validation or test'
expect_exit 2 "$ASSAY" data show abcd
expect_err "no commit begins with 'abcd'"
expect_exit 2 "$ASSAY" data verify main
expect_err "'main' is one word too many"

# The same name for another picture, and what helps.
"$picture" rgb.png 90 "$TMP/tuesday/good/00000.png"
expect_exit 0 "$ASSAY" import "$TMP/tuesday"
expect_out 'another picture of this name is in this version'
expect_exit 0 "$ASSAY" import "$TMP/tuesday" --prefix evening
expect_out '^4 pictures seen, 1 kept'

# A camera.
"$ASSAY" -q init "$TMP/cones" --example cones
cd "$TMP/cones" || exit 3
expect_exit 2 "$ASSAY" capture
expect_err 'say how many parts: --parts N'
expect_exit 0 "$ASSAY" capture --parts 24 --json
expect_out '"kept":24'
expect_exit 0 "$ASSAY" data ls
expect_out '^cones-1/000024.png +(good|missing_topping|spillage|broken) +(train|validation|test) +640x480'
expect_exit 0 "$ASSAY" capture --parts 24
expect_out 'nothing new'
expect_exit 0 "$ASSAY" capture --camera 'twin:cones?from=1001&views=2' --parts 3
expect_out '^6 pictures seen, 6 kept'
expect_exit 0 "$ASSAY" data ls --name 'cones-2/*'
expect_out '^cones-2/001003.2.png '
expect_exit 2 "$ASSAY" capture --camera "folder:$TMP/monday" --parts 3
expect_err "the camera's class 'bad' is no class of"
expect_exit 2 "$ASSAY" capture --camera "folder:$TMP/monday" --parts 3 --label broken
expect_err "nothing was kept: 3 of 3 .* 96x64 px, and station.frame_px says 640x480"
expect_exit 0 "$ASSAY" data verify
# Ctrl-C: what came whole is a version.
"$ASSAY" capture --camera 'twin:cones?seed=9' --parts 100000 >"$OUT" 2>"$ERR" &
pid=$!
before=$(count_objects .)
while [ "$(count_objects .)" -lt $((before + 20)) ] && kill -0 $pid 2>/dev/null; do sleep 0.05; done
kill -INT $pid
wait $pid
STATUS=$?
last_cmd='capture and Ctrl-C'
expect_equal "$STATUS" 3
expect_err 'stopped after [0-9]+ of 100000 parts: these are kept'
parts=$(grep -oE 'stopped after [0-9]+' "$ERR" | grep -oE '[0-9]+$')
expect_out "^$parts pictures seen, $parts kept"
expect_exit 0 "$ASSAY" data log
expect_equal "$(grep -c tester "$OUT")" 3
expect_exit 0 "$ASSAY" data ls --name 'cones-3/*'
expect_equal "$(grep -c '^cones-3/' "$OUT")" "$parts"
expect_exit 0 "$ASSAY" data verify
# Parts of two frames: never half of one. With no number of parts, Ctrl-C is how it ends.
"$ASSAY" capture --camera 'twin:cones?seed=11&views=2' --parts 0 >"$OUT" 2>"$ERR" &
pid=$!
before=$(count_objects .)
while [ "$(count_objects .)" -lt $((before + 20)) ] && kill -0 $pid 2>/dev/null; do sleep 0.05; done
kill -INT $pid
wait $pid
STATUS=$?
last_cmd='capture of two views and Ctrl-C'
expect_equal "$STATUS" 0
expect_exit 0 "$ASSAY" data ls --name 'cones-4/*'
expect_equal "$(grep -cE '^cones-4/[0-9]+\.png' "$OUT")" "$(grep -cE '^cones-4/[0-9]+\.2\.png' "$OUT")"
check 'nothing of it was kept' grep -q '^cones-4/' "$OUT"
# The camera knows the class: --label is not taken in silence.
expect_exit 0 "$ASSAY" capture --camera 'twin:cones?seed=21' --parts 3 --label good
expect_out 'knew the class of 3 of 3 frames itself: --label good was not needed'
# Words that are no class and no key.
expect_exit 2 "$ASSAY" data ls --class brokn
expect_err "'brokn' is no class of this version, did you mean 'broken'\?"
expect_exit 2 "$ASSAY" data ls --sort bogus
expect_err "cannot sort samples by 'bogus'"
expect_equal "$(cat "$OUT")" ''
finish
