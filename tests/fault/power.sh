#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a disk may hold after a power cut: writes that were not synced lost, torn and out of order: power.sh --times 10000
. "$(dirname "$0")/lib.sh"
need_fault power
times 300 10000
make_folders

expect_pass "$ASSAY_FAULT_BUILD/fault_power" "$TIMES" "$SEED" "$FAST"
finish
