#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera describes itself in XML, which is bytes from outside: damaged in many ways it is refused or used, each time in a
# process of its own that ends as it should.
. "$(dirname "$0")/lib.sh"
device=${ASSAY_BUILD:-$SOURCE/build}/tests/devices/gige_show
[ -x "$device" ] || skip "'$device' is not built: no Aravis"
[ "${ASSAY_SANITIZE:-none}" = none ] || skip 'GLib is not made for sanitizers'

LIMIT=300
expect_exit 0 python3 "$SOURCE/tests/integration/genicam_mutants.py" "$device" "${ASSAY_MUTANTS_FROM:-0}" "${ASSAY_MUTANTS:-160}"
cat "$OUT"
finish
