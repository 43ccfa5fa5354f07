#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A camera is unplugged and comes back, again and again, while another one goes on; then three are at once, each for a time of its
# own (a network of their own is made: root).
. "$(dirname "$0")/lib.sh"
need_fault camera
times 3 1000
device=${ASSAY_BUILD:-$SOURCE/build}/tests/devices/gv_camera
[ -x "$device" ] || skip "'$device' is not built: no Aravis"
unshare -n true 2>/dev/null || skip 'a network of its own cannot be made here (root is needed)'

LIMIT=$((60 + TIMES * 12))
for n in 1 3; do
    # shellcheck disable=SC2016 # the inner shell expands
    expect_exit 0 unshare -n bash -c '
        ip link set lo up && for i in 2 3 4; do ip addr add 127.0.0.$i/8 dev lo; done && exec "$@"' bash \
        "$ASSAY_FAULT_BUILD/fault_camera" "$device" "$TIMES" "$SEED" "$n"
    echo "lost at once: $n"
    cat "$OUT"
done
finish
