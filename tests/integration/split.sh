#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Splits that say why, and a test split that nothing leaks into.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=anna
ws=$TMP/ws
mkdir -p "$TMP/pics/good" "$TMP/pics/bad" "$TMP/more/test/good" "$TMP/more/good"
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3
"$picture" rgb.png 1 "$TMP/pics/good" 16
"$picture" rgb.png 40 "$TMP/pics/bad" 8

expect_exit 0 "$ASSAY" import "$TMP/pics"
expect_exit 0 "$ASSAY" data split --split-seed 9 --dry-run
expect_out '^class +train +validation +test +no split$'
expect_out '^shares  0\.6 training, 0\.15 validation, 0\.25 test \(data\.split\), of the groups of each class, by chance$'
expect_out '^groups  24, '
expect_out 'would move: nothing was written$'
expect_exit 0 "$ASSAY" data split --split-seed 9
expect_out '^split: [0-9]+ samples moved, by chance, seed 9$'
expect_exit 0 "$ASSAY" data split --split-seed 9
expect_out '^0 would move'

# Frozen: nothing moves out, nothing comes in.
expect_exit 2 "$ASSAY" data split --thaw
expect_err 'is not frozen'
expect_exit 0 "$ASSAY" data split --freeze
expect_out '^split: the test is frozen, 6 samples$'
expect_exit 2 "$ASSAY" data split --freeze
expect_err 'frozen already'
test_before=$("$ASSAY" data ls --split test --json | grep -o '"name":"[^"]*"')
expect_exit 0 "$ASSAY" data split --split-seed 4
expect_out '^frozen  the 6 pictures of the test stay'
"$picture" rgb.png 300 "$TMP/more/test/good" 3
expect_exit 0 "$ASSAY" import "$TMP/more/test" --prefix more/test --format folders
expect_exit 0 "$ASSAY" label set bad --where 'split=test'
expect_equal "$("$ASSAY" data ls --split test --json | grep -o '"name":"[^"]*"')" "$test_before"
rm -r "$TMP/more/good"
"$picture" rgb.png 400 "$TMP/more/test/good" 5
expect_exit 0 "$ASSAY" import "$TMP/more" --prefix again
expect_err 'set aside, in no split'
expect_equal "$("$ASSAY" data ls --split test --json | grep -o '"name":"[^"]*"')" "$test_before"
# A label moves nobody else: what was set aside stays there.
aside=$("$ASSAY" data ls --where split=none --json | grep -o '"name":"[^"]*"')
check 'some are aside' test -n "$aside"
one=$("$ASSAY" data ls --where 'split=train and class=good' --limit 1 --json | grep -o '"name":"[^"]*"' | cut -d'"' -f4)
expect_exit 0 "$ASSAY" label set bad "$one"
expect_equal "$("$ASSAY" data ls --where split=none --json | grep -o '"name":"[^"]*"')" "$aside"
expect_exit 2 "$ASSAY" data split --thaw
expect_err 'say why, it is kept in the history: --reason TEXT'
expect_exit 2 "$ASSAY" data split --thaw --freeze
expect_exit 0 "$ASSAY" data split --thaw --reason 'new lamp'
expect_exit 0 "$ASSAY" data log --limit 1
expect_out 'the test is no longer frozen: new lamp'
expect_exit 0 "$ASSAY" data split --json
expect_out '"n_frozen":0'

# By time, and grouped: what assay.yaml says.
printf 'data: {split_by: time, group_by: "pics/*/"}\n' >>assay.yaml
expect_exit 0 "$ASSAY" data split --dry-run
expect_out 'the newest groups are the test \(data.split_by: time\)$'
expect_out ', by data.group_by pics/\*/: 22'
sed -i 's/^data: .*/data: {group_by: name}/' assay.yaml
expect_exit 2 "$ASSAY" data split
expect_err "'group_by' is part, camera, or a pattern of names with one star"
finish
