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

finish
