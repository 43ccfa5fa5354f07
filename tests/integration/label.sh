#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Labels: pictures that come without, what people say of them, and other programs' formats.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=anna
ws=$TMP/ws
mkdir -p "$TMP/pics"
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3
"$picture" rgb.png 1 "$TMP/pics" 12

expect_exit 0 "$ASSAY" import "$TMP/pics" --format unlabelled
expect_out '^\(no label\) +0 +0 +0 +12'
expect_err 'next: assay label set'
expect_exit 2 "$ASSAY" train --trainer rule
expect_exit 0 "$ASSAY" label set bad pics/00000.png pics/00001.png pics/00002.png pics/00003.png
expect_out '^label: 4 samples are bad by person:anna$'
expect_exit 0 "$ASSAY" label set good --where 'not labelled' --by person:bo
expect_out '^label: 8 samples are good by person:bo$'
expect_exit 0 "$ASSAY" data show
expect_out '^bad +2 +1 +1 +4'
expect_exit 0 "$ASSAY" label review --where 'class=bad and split=test'
expect_exit 0 "$ASSAY" data ls --where reviewed --json
expect_out '"state":"reviewed"'
expect_exit 0 "$ASSAY" label undo
expect_exit 0 "$ASSAY" data ls --where reviewed --json
expect_out '^\[\]$'
expect_exit 0 "$ASSAY" label show pics/00000.png
expect_out '  bad +given +person:anna *$'
expect_out '  - +none +- *$'

# What others say stands beside the label; nothing of the pictures is written again.
expect_exit 2 "$ASSAY" label agreement
expect_err 'no sample has labels by two people'
objects=$(count_objects .)
expect_exit 0 "$ASSAY" label vote bad pics/00000.png pics/00001.png pics/00004.png --by person:bo
expect_equal $(($(count_objects .) - objects)) 3 # the labels, the commit, and which is the newest
expect_exit 0 "$ASSAY" label vote good pics/00002.png pics/00003.png pics/00005.png --by person:cy
expect_exit 0 "$ASSAY" label show pics/00002.png
expect_out '  bad +given +person:anna +person:cy good$'
expect_exit 0 "$ASSAY" label agreement
expect_out '^3 people, 5 samples .* 2 in dispute$'
expect_exit 0 "$ASSAY" label agreement --by person:anna --by person:cy --by person:bo
expect_out '^person:anna +person:cy +2 +0.0 % '
expect_out '^pics/00002.png +class +person:anna bad, person:cy good$'
expect_exit 0 "$ASSAY" label agreement --json
expect_out '"fleiss":\{"expected":'
expect_exit 0 "$ASSAY" label undo
expect_exit 0 "$ASSAY" label undo
expect_exit 0 "$ASSAY" label show pics/00000.png
expect_equal "$(sed -n '2s/.*anna//p' "$OUT" | tr -d ' ')" '' # nobody else's
expect_exit 0 "$ASSAY" label redo
expect_exit 0 "$ASSAY" label show pics/00000.png
expect_out ' +person:bo bad$'
expect_exit 0 "$ASSAY" label redo
expect_exit 2 "$ASSAY" label redo
expect_err 'nothing to redo'

expect_exit 2 "$ASSAY" label next
expect_err 'no run yet'

# Outlines, one at a time.
expect_exit 0 "$ASSAY" label box pics/00000.png bad 3,4,10,12
expect_exit 0 "$ASSAY" label polygon pics/00000.png bad 1,1 20,1 20,20 / 3,2 5,2 5,4
expect_exit 0 "$ASSAY" label mask pics/00000.png bad "$TMP/pics/00000.png"
expect_exit 0 "$ASSAY" label box pics/00000.png bad 4,4,10,12 --vote --by person:bo
expect_exit 0 "$ASSAY" label show pics/00000.png
expect_out '^2  polygon bad  1,1,19,19  by person:anna$'
expect_out '^1  box bad  4,4,10,12  by person:bo$'
expect_exit 2 "$ASSAY" label agreement --json --by person:bo
expect_err "'person:bo' labelled no sample that another"
expect_exit 0 "$ASSAY" label agreement --by person:bo --by person:anna
expect_out '^person:anna +person:bo .* 1 of 3 and 1 +0\.'
expect_exit 2 "$ASSAY" label box pics/00000.png bad 3,4,10
expect_err 'is not X,Y,W,H'
expect_exit 2 "$ASSAY" label mask pics/00000.png bad assay.yaml
expect_err "file 'assay.yaml'"
expect_exit 0 "$ASSAY" label remove pics/00000.png 2
expect_exit 0 "$ASSAY" label undo
expect_exit 0 "$ASSAY" label show pics/00000.png --json
expect_out '"outline":"polygon"'
for _ in 1 2 3 4; do expect_exit 0 "$ASSAY" label undo; done
expect_exit 0 "$ASSAY" -q train --trainer rule
expect_exit 2 "$ASSAY" label next
expect_err 'every sample is labelled, or is in the test or validation split'
expect_exit 0 "$ASSAY" label clear --where 'split=train and class=good'
# Known answers for bo, who does not see which they are, and how he did.
expect_exit 0 "$ASSAY" label review --where 'split=test' --by person:eve
expect_exit 0 "$ASSAY" label next -l 2 --run last --by person:zoe --honeypots 1 --again 1 --json
expect_equal "$(grep -o '"name"' "$OUT" | wc -l)" 4
expect_no_out 'known'
expect_exit 2 "$ASSAY" label next -l 2 --run last --honeypots 2
expect_err 'say for whom they are: --by WHO'
known=$("$ASSAY" data ls --where 'reviewed and class=bad' --json | grep -o '"name":"[^"]*"' | cut -d'"' -f4 | head -n 1)
expect_exit 0 "$ASSAY" label vote good "$known" --by person:zoe
expect_exit 0 "$ASSAY" label score --by person:zoe
expect_out '^person:zoe +1 +0 +0.0 % +0.0 to 97.5 %'
expect_out "^$known +person:zoe +good +bad$"
expect_exit 2 "$ASSAY" label score --by person:nobody
expect_exit 0 "$ASSAY" data ls --where "name=\"$known\" and class=bad and reviewed" --json
expect_out "$known" # the answer stays
expect_exit 0 "$ASSAY" label next -l 2 --run last
expect_out '^name +perhaps +probability +margin$'
expect_err "2 of [0-9]+ samples without a label, seen by run '1-rule'"
expect_exit 0 "$ASSAY" label next --run last --method random --json
expect_out '^\[\{"class":'
expect_exit 0 "$ASSAY" label propose --run last
expect_out ' by model:1-rule$'
expect_exit 0 "$ASSAY" data ls --where 'proposed and not labelled and by="model:1-rule"' --json
expect_out '^\[\{'
expect_exit 0 "$ASSAY" label undo
expect_exit 0 "$ASSAY" label undo

expect_exit 2 "$ASSAY" label errors
expect_err "of 2 classes have 5 labelled parts or more"
expect_exit 2 "$ASSAY" label errors main pics/00000.png
expect_err "'pics/00000.png' is one word too many"

expect_exit 2 "$ASSAY" label set bed pics/00000.png
expect_err "did you mean 'bad'"
expect_exit 2 "$ASSAY" label set bad
expect_err 'name the samples, or say which with --where'
expect_exit 2 "$ASSAY" label set bad pics/0000.png
expect_err "did you mean 'pics/00000.png'"
expect_exit 2 "$ASSAY" label set bad --where 'clas=good'
expect_err "column 1 of the query: nothing is called 'clas', did you mean 'class'"

expect_exit 0 "$ASSAY" data checkout "$TMP/coco" --as coco
expect_exit 2 "$ASSAY" data checkout "$TMP/coco" --as coco
expect_err 'is not empty'
expect_exit 2 "$ASSAY" data checkout "$TMP/no" --as unlabelled
expect_err "format 'unlabelled' is read, not written"
"$ASSAY" -q init "$TMP/again" --classes good,bad
expect_exit 0 "$ASSAY" -C "$TMP/again" import "$TMP/coco"
expect_out 'is read as coco: .* has images and categories'
expect_out '12 pictures seen, 12 kept'
finish
