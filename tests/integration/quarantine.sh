#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What people decide about refused pictures: accept, drop, undo, each with a reason, and all of it kept.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=anna
ws=$TMP/ws photos=$TMP/photos
mkdir -p "$photos/good" "$photos/bad"
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3
expect_exit 0 "$ASSAY" quarantine list
expect_out 'nothing is in quarantine'
"$picture" grey.png 1 "$photos/good" 6
"$picture" grey.png 21 "$photos/bad" 6
"$picture" white.png 1 "$photos/bad/white.png"
{ cat "$photos/bad/white.png" && printf ' '; } >"$photos/good/pale.png" # another file, and as white
echo 'no picture' >"$photos/bad/text.png"
cp "$photos/bad/00000.png" "$photos/good/twin.png"
expect_exit 0 "$ASSAY" import "$photos"
expect_exit 0 "$ASSAY" quarantine list
expect_equal "$(grep -c waiting "$OUT")" 4
expect_out '^photos/bad/white.png +exposure +bad +[0-9T:-]+ +0.0 % of its pixels'
expect_exit 0 "$ASSAY" quarantine list --check exposure
expect_equal "$(grep -c exposure "$OUT")" 2
expect_exit 0 "$ASSAY" quarantine list --where 'class=good and clipped>0.9'
expect_equal "$(grep -c waiting "$OUT")" 1
expect_out '^photos/good/pale.png'
expect_exit 2 "$ASSAY" quarantine list --check exposur
expect_err "no check is called 'exposur', did you mean 'exposure'\?"
expect_exit 2 "$ASSAY" quarantine list --where 'class='
expect_err 'the query ends where a value was expected'
expect_exit 0 "$ASSAY" quarantine show photos/bad/white.png
expect_out '^measured sharpness .*white 1'
expect_out 'exposure: 0.0 % of its pixels are black and 100.0 % white'
expect_out '^file +/.*\.png$'

# What is not said or may not be.
expect_exit 2 "$ASSAY" quarantine accept photos/bad/white.png
expect_err 'say why: --reason TEXT'
expect_exit 2 "$ASSAY" quarantine drop photos/bad/white.png --reason ' '
expect_err 'say why: --reason TEXT'
expect_exit 2 "$ASSAY" quarantine drop --reason why
expect_err 'say which: names, --check CHECK or --where QUERY'
expect_exit 2 "$ASSAY" quarantine drop photos/bad/whit.png --reason why
expect_err "is called 'photos/bad/whit.png', did you mean 'photos/bad/white.png'\?"
expect_exit 2 "$ASSAY" quarantine accept photos/bad/text.png --reason why
expect_err "'whole' cannot be overruled: what cannot be decoded"
expect_exit 2 "$ASSAY" quarantine accept photos/good/twin.png --reason why
expect_err "'duplicate' cannot be overruled: one picture has one class"
expect_exit 0 "$ASSAY" quarantine log
expect_out 'nothing was decided yet'
expect_equal "$(cd "$ws" && "$ASSAY" data log --json | grep -o '"commit"' | wc -l)" 1

# In after all, with its label.
expect_exit 0 "$ASSAY" quarantine accept photos/bad/white.png --reason 'a white part'
expect_out '^accepted photos/bad/white.png'
expect_exit 0 "$ASSAY" data ls --name '*white.png'
expect_out '^photos/bad/white.png +bad +(train|validation|test)'
expect_exit 0 "$ASSAY" data log --limit 1
expect_out 'anna .*quarantine: 1 picture accepted, a white part'
expect_exit 0 "$ASSAY" quarantine list
check 'what was accepted still waits' bash -c "! grep -q white.png '$OUT'"
expect_err '1 more: 1 accepted'
expect_exit 2 "$ASSAY" quarantine accept photos/bad/white.png --reason again
expect_err "'photos/bad/white.png' is accepted already"
expect_exit 0 "$ASSAY" import "$photos"
expect_out '^16 pictures seen, 0 kept .* 13 known already, 3 quarantined'
expect_exit 0 "$ASSAY" data verify
# Some of them, and which not.
expect_exit 1 "$ASSAY" quarantine accept --where 'class=bad or class=good' --reason 'all of them' --json
expect_out '"accepted":\["photos/good/pale.png"\]'
expect_out '"left":\[\{"name":"photos/bad/text.png","text":".whole. cannot'

# Out again.
expect_exit 0 "$ASSAY" quarantine undo photos/bad/white.png --reason 'it was the lamp'
expect_out '^1 picture is in quarantine again'
expect_out '^commit [0-9a-f]+ \(13 samples\)'
expect_exit 0 "$ASSAY" quarantine list --check exposure --json
expect_out '"file":"quarantine/[0-9a-f]+.png"'
check 'not the file that came' cmp -s "$photos/bad/white.png" ".assay/$(grep -oE 'quarantine/[0-9a-f]+.png' "$OUT")"
expect_exit 0 "$ASSAY" data ls --name '*white.png'
check 'it is still there' bash -c "! grep -q white.png '$OUT'"

# The bytes go, the record stays; the same file does not bring them back, until that is undone.
expect_exit 0 "$ASSAY" quarantine drop --check whole --reason 'the camera was off'
expect_out '^1 picture dropped'
expect_equal "$(find .assay/quarantine -name '*.png' | wc -l)" 2
expect_exit 0 "$ASSAY" import "$photos"
expect_equal "$(find .assay/quarantine -name '*.png' | wc -l)" 2
expect_exit 0 "$ASSAY" quarantine show photos/bad/text.png
expect_out 'dropped$'
expect_out 'anna +drop +the camera was off'
expect_exit 0 "$ASSAY" quarantine undo photos/bad/text.png --reason 'it was on'
expect_out 'import the file again'
expect_exit 0 "$ASSAY" import "$photos"
expect_equal "$(find .assay/quarantine -name '*.png' | wc -l)" 3
expect_exit 0 "$ASSAY" quarantine log
expect_equal "$(grep -c ' anna ' "$OUT")" 5
expect_out 'accept: exposure +[0-9a-f]{12} +a white part +photos/bad/white.png'
expect_exit 0 "$ASSAY" quarantine log --limit 1 --json
expect_out '"action":"undo".*"name":"photos/bad/text.png".*"reason":"it was on"'
expect_exit 0 "$ASSAY" data verify
finish
