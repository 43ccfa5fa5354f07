#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bits that fall over in packs, indexes, refs, the journal and the catalog: flips.sh --times 100000
. "$(dirname "$0")/lib.sh"
need_fault flips
times 400 100000
make_folders

expect_pass "$ASSAY_FAULT_BUILD/fault_flips" "$TIMES" "$SEED" "$FAST"
finish
