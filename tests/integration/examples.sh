#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The example of the boards, with fewer parts than prove its requirements. (That of the cones is `make demo`; those with photographs
# are in real_photos.sh.)
. "$(dirname "$0")/lib.sh"
need_program
LIMIT=600
[ "${ASSAY_SANITIZE:-none}" = none ] || skip 'a sanitizer makes it slow, and says nothing more here'

expect_exit 1 "$SOURCE/examples/boards/run.sh" "$TMP/boards" 180
expect_out '^180 triggers == .*its chain is whole'
expect_out 'warning: the operating point rejects all' # the rule
escaped=$(sed -n 's/^truth known of 180: \([0-9]*\) of [0-9]* bad parts escaped, .*/\1/p' "$OUT")
overkill=$(sed -n 's/^truth known of 180: .* escaped, \([0-9]*\) of .*/\1/p' "$OUT")
check "${escaped:-?} bad boards escaped of about 72" [ "${escaped:-99}" -le 7 ]
check "${overkill:-?} good boards were rejected of about 108" [ "${overkill:-99}" -le 20 ]
expect_file "$TMP/boards/report.html"
expect_exit 2 "$SOURCE/examples/boards/run.sh" "$TMP"
expect_err 'is no project of assay'
finish
