#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/reference/ is what the tables say.
. "$(dirname "$0")/lib.sh"
need_program
cd "$SOURCE" || exit 3
expect_exit 0 tools/gen_docs --check "$(dirname "$ASSAY")"
finish
