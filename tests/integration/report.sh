#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay report: one page that stands alone, whatever state the project is in.
. "$(dirname "$0")/lib.sh"
need_program
ws=$TMP/ws

# shellcheck disable=SC2317 # check calls them
# size FILE MOST: the file has at most so many bytes
size() { [ "$(stat -c %s "$1")" -le "$2" ]; }
# shellcheck disable=SC2317
lacks() { ! grep -Eq -e "$1" "$2"; }

expect_exit 0 "$ASSAY" init "$ws" --example cones
expect_exit 2 "$ASSAY" -C "$ws" report
expect_err 'no run yet .*assay train'
expect_no_file "$ws/report.html"

expect_exit 0 "$ASSAY" -C "$ws" capture --parts 60
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule
expect_exit 0 "$ASSAY" -C "$ws" report
expect_out "^$(realpath "$ws")/report.html\$"
page=$ws/report.html
expect_file "$page"
check 'the page is not small enough to mail' size "$page" 3000000
for id in R1 R2 R3 R4; do
    expect_grep "<b>$id</b>" "$page"
done
for part in 'What was true, and what was found' 'Precision against recall' 'The worst mistakes' 'has not run on a line yet' \
    'How to repeat it' 'assay train --trainer.* rule --commit' 'data:image/jpeg;base64,'; do
    expect_grep "$part" "$page"
done
check 'the page fetches something' lacks '(https?:|src="[^d]|href="[^#]|url\(|@import|<script|<link)' "$page"
if command -v python3 >/dev/null; then
    check 'the page is not well-formed' python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$page"
fi

# With a line that ran, into a file of one's own.
expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=100001' --parts 20 --fast
expect_exit 0 "$ASSAY" -C "$ws" report 1-rule -o "$TMP/mine.html"
expect_grep 'Where the time goes' "$TMP/mine.html"
expect_exit 0 "$ASSAY" -C "$ws" report --json
expect_out '"report": *"'
expect_out '"run": *"1-rule"'

# What goes wrong is told, and the page that was there stays.
cp "$page" "$TMP/before.html"
expect_exit 2 "$ASSAY" -C "$ws" report no-such-run
expect_err "no run 'no-such-run'"
expect_exit 2 "$ASSAY" -C "$ws" report -o "$TMP/no/such/folder/report.html"
expect_err 'no/such/folder'
printf 'no model' >"$ws/.assay/runs/1-rule/model.onnx"
expect_exit 3 "$ASSAY" -C "$ws" report
expect_err '1-rule'
check 'the page changed' cmp -s "$page" "$TMP/before.html"
finish
