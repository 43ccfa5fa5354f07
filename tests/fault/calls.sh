#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The n-th system call fails, the disk is full from the n-th on, no file can be opened, the n-th allocation fails: for so
# many n (calls.sh --times 100000: for all of them).
. "$(dirname "$0")/lib.sh"
need_fault calls
times 60 100000
make_folders

for kind in io full files memory; do
    # About so many calls and allocations there are in the five commands.
    count=800
    [ $kind != memory ] || count=60000
    step=$((count / (TIMES / 4 + 1) + 1))
    expect_pass "$ASSAY_FAULT_BUILD/fault_calls" $kind $step "$SEED" "$FAST"
done
finish
