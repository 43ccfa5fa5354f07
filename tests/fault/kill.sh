#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 at any moment of import, label, undo, gc, erase, capture and the journal: kill.sh --times 10000
. "$(dirname "$0")/lib.sh"
need_fault kill
times 150 10000
make_folders

expect_pass "$ASSAY_FAULT_BUILD/fault_kill" "$TIMES" "$SEED" "$FAST"
finish
