#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages about the data: what came in, one version in numbers, and the difference of two.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=anna
ws=$TMP/ws photos=$TMP/photos
mkdir -p "$photos/good" "$photos/bad"
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3
expect_exit 2 "$ASSAY" intake report
expect_err 'no commit yet'
"$picture" grey.png 1 "$photos/good" 6
"$picture" grey.png 21 "$photos/bad" 6
"$picture" white.png 1 "$photos/bad/white <b>.png"
echo 'no picture' >"$photos/bad/text.png"
cp "$photos/good/00001.png" "$photos/good/secret.png"
expect_exit 0 "$ASSAY" import "$photos"
expect_out "secret.png' is byte for byte"
expect_exit 0 "$ASSAY" intake report
expect_out '^.*/intake.html$'
page() { # page FILE WORDS...: they stand in it, and nothing is fetched
    local file=$1
    shift
    for words; do
        check "$file lacks '$words'" grep -qF "$words" "$file"
    done
    check "$file is not whole" grep -q '</html>' "$file"
    check "$file fetches something" bash -c "! grep -qE 'https?://|<script|<link' '$file'"
}
page intake.html '2 pictures refused and in quarantine' 'white &lt;b&gt;.png' 'data:image/jpeg;base64,' 'cannot be shown' \
    'May be accepted, or dropped.' 'variance of the Laplacian' 'import '
expect_exit 0 "$ASSAY" quarantine accept 'photos/bad/white <b>.png' --reason 'a white part'
expect_exit 0 "$ASSAY" quarantine drop --check whole --reason 'no picture'
expect_exit 0 "$ASSAY" intake report --output "$TMP/second.html" --json
expect_out '"commit":"[0-9a-f]{64}","n_bytes":[0-9]+,"page":".*/second.html"'
page "$TMP/second.html" 'Nothing waits in quarantine' 'accepted by anna' 'a white part' 'no picture'
expect_exit 0 "$ASSAY" intake report main~1 --output "$TMP/first.html"
page "$TMP/first.html" 'Intake report'
check 'an earlier version knows what came later' bash -c "! grep -q 'accepted by anna' '$TMP/first.html'"
expect_exit 2 "$ASSAY" intake report --output "$TMP/nowhere/a.html"
expect_err 'nowhere'
expect_exit 0 "$ASSAY" data verify

expect_exit 0 "$ASSAY" label set bad photos/good/00000.png
expect_exit 0 "$ASSAY" data diff main~2 main
expect_out '1 added, 0 removed, 1 changed \(1 relabelled, 0 moved between splits\)'
expect_exit 0 "$ASSAY" data diff main~2 main --html "$TMP/diff.html"
page "$TMP/diff.html" 'white &lt;b&gt;.png' 'good → bad' 'photos/good/00000.png'

expect_exit 0 "$ASSAY" data stats
expect_out '^  good +6 '
expect_out '^  bad +8 .*█'
expect_out '^Sharpness  .* \(.* to .*\)$'
expect_out 'limit'
COLUMNS=40 expect_exit 0 "$ASSAY" data stats
expect_exit 0 "$ASSAY" data stats --json
expect_out '"by":\{.*"class":\[\{"n":8,"n_bytes":[0-9]+,"name":"bad"'
expect_out '"distributions":\{.*"sharpness":\{"counts":\['
expect_exit 0 "$ASSAY" data stats --html "$TMP/stats.html"
page "$TMP/stats.html" 'The data in numbers' 'By class' 'One of each class'

# What was measured goes with the versions: it is kept, sent along, and forgotten with the picture.
expect_exit 0 "$ASSAY" data gc
expect_exit 0 "$ASSAY" data remote add there "$TMP/remote"
expect_exit 0 "$ASSAY" data push there
expect_exit 0 "$ASSAY" data clone "$TMP/remote" "$TMP/copy"
expect_exit 0 "$ASSAY" -C "$TMP/copy" intake report
page "$TMP/copy/intake.html" 'accepted by anna' 'byte for byte the same' 'secret.png'
expect_exit 0 "$ASSAY" erase photos/good/secret.png --reason 'asked for' --yes
check 'its name is still somewhere' bash -c "! grep -rqa 'secret.png' .assay"
expect_exit 0 "$ASSAY" intake report main~1
page intake.html 'erased/'
check 'its name is still on the page' bash -c "! grep -q 'secret.png' intake.html"
expect_exit 0 "$ASSAY" data gc
expect_exit 0 "$ASSAY" data verify
expect_exit 0 "$ASSAY" intake report
finish
