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

# A query as a word, pages, and any field to sort by.
expect_exit 0 "$ASSAY" data ls 'class=spillage and sharpness<0.2 and camera=2 and not labelled'
expect_equal "$(wc -l <"$OUT")" 1
expect_exit 0 "$ASSAY" data ls 'camera=1 and class!=nothing' --limit 3
expect_equal "$(grep -c '\.png ' "$OUT")" 3
expect_err 'there are more: --offset 3'
first=$(sed -n 2p "$OUT" | cut -d' ' -f1)
expect_exit 0 "$ASSAY" data ls main 'camera=1' --limit 1 --page 2
check 'page 2 begins as page 1' bash -c "! grep -q '^$first ' '$OUT'"
expect_err 'there are more: --page 3'
expect_exit 0 "$ASSAY" data ls 'camera=1' --json
n=$(grep -o '"camera"' "$OUT" | wc -l)
expect_exit 0 "$ASSAY" data ls "camera='twin:cones'" --json # as the first of them by its URI, and no other
expect_equal "$(grep -o '"camera"' "$OUT" | wc -l)" "$n"
expect_exit 0 "$ASSAY" data ls 'camera in (1, 99)' --json
expect_equal "$(grep -o '"camera"' "$OUT" | wc -l)" "$n"
expect_exit 2 "$ASSAY" data ls camera=0
expect_err "a camera's URI, or its number from 1"
expect_exit 0 "$ASSAY" data ls --sort -width --limit 1
expect_exit 2 "$ASSAY" data ls --page 2 --offset 3
expect_err 'page and --offset both say where to begin'
expect_exit 2 "$ASSAY" data ls 'split=test' --where 'split=train'
expect_err 'both say which samples: join them with and'
expect_exit 2 "$ASSAY" data ls 'sharpnes<3'
expect_err "column 1 of the query: nothing is called 'sharpnes', did you mean 'sharpness'"
expect_exit 0 "$ASSAY" data ls labelled --limit 1
expect_exit 2 "$ASSAY" data ls nosuch
expect_err "'nosuch' names no commit"

# Checkout: part of it, and what is there already takes no room twice.
cd "$ws" || exit 3
cp "$TMP/monday/good/00001.png" "$TMP/tuesday/good/copied.png"
mkdir -p "$TMP/pairs/good" "$TMP/pairs/bad"
"$picture" rgb.png 700 "$TMP/pairs/good" 3
"$picture" rgb.png 720 "$TMP/pairs/bad" 3
cp "$TMP/pairs/good/00000.png" "$TMP/pairs/good/twin.png"
expect_exit 0 "$ASSAY" import "$TMP/pairs"
expect_exit 0 "$ASSAY" data checkout "$TMP/all"
expect_err 'samples of [0-9a-f]+ written to'
check 'a mark is left' [ ! -e "$TMP/all/.assay-incomplete" ]
n=$(find "$TMP/all" -name '*.png' | wc -l)
expect_exit 0 "$ASSAY" data checkout "$TMP/bad" --where 'class=bad and name~pairs/*'
expect_equal "$(find "$TMP/bad" -name '*.png' | wc -l)" 3
expect_exit 2 "$ASSAY" data checkout "$TMP/none" --where 'class=bad and class=good'
expect_err 'no sample meets the query'
expect_exit 2 "$ASSAY" data checkout "$TMP/all"
expect_err 'is not empty: name a new one'
expect_exit 0 "$ASSAY" data checkout "$TMP/again" --reuse "$TMP/all" --link hard --json
expect_out "\"n_bytes\":0,.*\"n_reused\":$n,"
expect_equal "$(find "$TMP/again" -name '*.png' -links +1 | wc -l)" "$n"
check 'the same version, and not the same folder' diff -r "$TMP/all" "$TMP/again"
# What was changed there is not taken, but written as it is in the version.
victim=$(find "$TMP/all" -name '*.png' | head -1)
cp "$victim" "$TMP/kept.png"
rm "$victim"
echo spoilt >"$victim"
expect_exit 0 "$ASSAY" data checkout "$TMP/third" --reuse "$TMP/all" --link hard --json
expect_out "\"n_reused\":$((n - 1)),"
check 'a changed file was taken' cmp -s "$TMP/kept.png" "$TMP/third/${victim#"$TMP/all/"}"
expect_exit 0 "$ASSAY" data checkout "$TMP/hard" --link hard --json
expect_out '"n_shared":1'
expect_exit 0 "$ASSAY" data checkout "$TMP/copies" --link copy --json
expect_out '"n_shared":0'
expect_equal "$(find "$TMP/copies" -name '*.png' -links +1 | wc -l)" 0
expect_exit 2 "$ASSAY" data checkout "$TMP/x" --reuse "$TMP/nowhere"
expect_err "there is no folder '.*/nowhere' to reuse"
finish
