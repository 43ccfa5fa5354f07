#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The life of versions: names for them, what was restored, and the room of what nothing leads to.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=tester
ws=$TMP/ws
A=("$ASSAY" -C "$ws")
"$ASSAY" -q init "$ws" --classes good,bad
mkdir -p "$TMP/one/good" "$TMP/one/bad" "$TMP/two/good" "$TMP/three/good"
"$picture" rgb.png 1 "$TMP/one/good" 8
"$picture" grey.png 100 "$TMP/one/bad" 6
"$picture" rgb.png 50 "$TMP/two/good" 4
"$picture" rgb.png 80 "$TMP/three/good" 30

# --- tags ---
expect_exit 2 "${A[@]}" data tag v1
expect_exit 0 "${A[@]}" import "$TMP/one"
expect_exit 0 "${A[@]}" data tag v1
expect_exit 0 "${A[@]}" import "$TMP/two"
expect_exit 2 "${A[@]}" data tag v1
expect_err 'does not move'
expect_exit 0 "${A[@]}" data tag v1 main~1
expect_exit 0 "${A[@]}" data tag v2 main
expect_exit 0 "${A[@]}" data show v1
expect_out '14 samples'
expect_exit 0 "${A[@]}" data show v2~1
expect_out '14 samples'
expect_exit 0 "${A[@]}" data diff v1 v2
expect_out '4 added, 0 removed'
expect_exit 0 "${A[@]}" data tag list
expect_out '^v1 .* 14 '
expect_exit 0 "${A[@]}" data tag --json
expect_out '"tag": ?"v2"'
for bad in main cafe 12345 'a b' ../x; do expect_exit 2 "${A[@]}" data tag "$bad" main; done
expect_exit 2 "${A[@]}" data tag remove nobody
expect_exit 2 "${A[@]}" data show nobody

# --- restore ---
expect_exit 0 "${A[@]}" label set bad one/good/00000.png
expect_exit 0 "${A[@]}" label set bad one/good/00001.png
expect_exit 0 "${A[@]}" data restore v1 one/good/00000.png --labels
expect_exit 0 "${A[@]}" data ls --class bad --json
expect_no_out 'one/good/00000.png'
expect_out 'one/good/00001.png'
expect_exit 0 "${A[@]}" data restore v2
expect_exit 0 "${A[@]}" data diff v2 main
expect_out '0 added, 0 removed, 0 changed'
expect_exit 2 "${A[@]}" data restore v2
expect_err 'nothing would change'
expect_exit 0 "${A[@]}" data restore v1
expect_exit 0 "${A[@]}" data show
expect_out '14 samples'
expect_exit 0 "${A[@]}" data restore v2 two/good/00002.png
expect_exit 0 "${A[@]}" data show
expect_out '15 samples'
expect_exit 2 "${A[@]}" data restore v2 two/good/0002.png
expect_err "did you mean 'two/good/00002.png'"
expect_exit 0 "${A[@]}" data log
expect_out 'restore of 1 sample from'

# --- gc ---
expect_exit 0 "${A[@]}" data gc
before=$(cat "$ws/.assay/refs/data/main")
expect_exit 0 "${A[@]}" import "$TMP/three"
expect_exit 0 "${A[@]}" data tag v3
echo "$before" >"$ws/.assay/refs/data/main"
n=$(count_objects "$ws")
expect_exit 0 "${A[@]}" data gc --dry-run
expect_out 'nothing to clean' # a tag leads to them
expect_exit 0 "${A[@]}" data tag remove v3
expect_exit 0 "${A[@]}" data gc --dry-run
expect_out '3[0-9] objects .* would go'
expect_equal "$n" "$(count_objects "$ws")"
expect_exit 0 "${A[@]}" data gc --json
expect_out '"n_dropped": ?3[0-9]'
check 'gc makes room' test "$(count_objects "$ws")" -lt "$n"
expect_exit 0 "${A[@]}" data verify
for commit in main v1 v2; do expect_exit 0 "${A[@]}" data checkout "$TMP/out-$commit" "$commit"; done
expect_exit 0 "${A[@]}" train -t rule --commit v2
cp "$ws/.assay/runs/1-rule/run.json" "$TMP/run.json"
echo '{' >"$ws/.assay/runs/1-rule/run.json"
expect_exit 3 "${A[@]}" data gc
expect_err "run '1-rule'"
cp "$TMP/run.json" "$ws/.assay/runs/1-rule/run.json"
expect_exit 0 "${A[@]}" data gc
exec 9>>"$ws/.assay/lock"
flock 9
expect_exit 3 "${A[@]}" data gc
expect_err 'locked'
expect_exit 3 "${A[@]}" erase one/good/00001.png --reason x --yes
expect_exit 0 "${A[@]}" data log
exec 9>&-
finish
