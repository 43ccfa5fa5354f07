#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Power cuts of a real file system: programs import and label on an ext4 in a file; at random moments the file is copied as
# it is, which is what a disk has when the power goes, and the copy is mounted. What was printed before is in it, nothing is
# damaged, the next program goes on: power_ext4.sh --times 1000
#
# A copy takes time, and must be of one moment: the file lies on an outer file system, which is frozen meanwhile.
. "$(dirname "$0")/lib.sh"
need_program
unshare -m true 2>/dev/null || skip 'file systems can only be mounted by root'
for tool in losetup mkfs.ext4 fsfreeze; do command -v $tool >/dev/null || skip "there is no $tool"; done
times 6 1000
make_folders

# The rest runs where mounts are nobody else's business, and end with it.
if [ -z "${ASSAY_FAULT_OWN:-}" ]; then
    export ASSAY_FAULT_OWN=1
    trap - EXIT
    rm -rf "$TMP"
    exec unshare -m --propagation private bash "$0" --times "$TIMES" --seed "$SEED" --dir "$FAST"
fi
RANDOM=$SEED
export ASSAY_AUTHOR=tester
photos=$ASSAY_FAULT_PICTURES
disks=$(mktemp -d "$FAST/assay-power.XXXXXX") || exit 3
mkdir "$disks/outer" "$disks/inner" "$disks/copy"
writer=
# shellcheck disable=SC2317 # the trap calls it
clean() {
    fsfreeze -u "$disks/outer" 2>/dev/null
    [ -z "$writer" ] || kill "$writer" 2>/dev/null
    wait "$writer" 2>/dev/null
    umount "$disks/copy" 2>/dev/null
    umount "$disks/inner" 2>/dev/null
    umount "$disks/outer" 2>/dev/null
    rm -rf "$disks"
    end_of_test
}
trap clean EXIT
truncate -s 96M "$disks/outer.img"
mkfs.ext4 -q -F "$disks/outer.img"
mount -o loop "$disks/outer.img" "$disks/outer" 2>/dev/null || skip 'no loop device can be had'

# Workspaces ws1, ws2, ...; what is printed goes to $TMP/told, with the number of the workspace.
write_on() {
    local n=0 k command
    while [ ! -e "$TMP/stop" ]; do
        n=$((n + 1))
        "$ASSAY" -q init "$disks/inner/ws$n" --classes good,bad || return
        rm -rf "$disks/inner/ws$((n - 2))"
        for k in $(seq 0 38); do
            [ ! -e "$TMP/stop" ] || return
            for command in "import $photos/p$k" "label set bad --where name~*p$k/good*"; do
                # shellcheck disable=SC2086
                "$ASSAY" -C "$disks/inner/ws$n" $command 2> >(grep -v '^next: ' >>"$TMP/trouble") | sed -n "s/^commit /ws$n /p" >>"$TMP/told"
            done
        done
    done
}

# One moment: the last workspace that was told of, and what was told of it until then.
cut() {
    local ws n id
    ws=$(tail -n 1 "$TMP/told" | cut_word 1)
    [ -n "$ws" ] || return 1
    grep "^$ws " "$TMP/told" >"$TMP/promised"
    fsfreeze -f "$disks/outer"
    cp --sparse=always "$disks/outer/inner.img" "$disks/copy.img"
    fsfreeze -u "$disks/outer"
    if ! mount -o loop "$disks/copy.img" "$disks/copy" 2>>"$TMP/trouble"; then
        fail "the copy cannot be mounted: $(tail -n 1 "$TMP/trouble")"
        return 1
    fi
    expect_exit 0 "$ASSAY" -C "$disks/copy/$ws" data verify
    expect_exit 0 "$ASSAY" -C "$disks/copy/$ws" data log
    for id in $(cut_word 2 <"$TMP/promised"); do
        grep -q "^$id" "$OUT" || fail "version $id was told of before the power went, and is not there"
    done
    n_promised=$((n_promised + $(wc -l <"$TMP/promised")))
    expect_exit 0 "$ASSAY" -C "$disks/copy/$ws" import "$photos/p39"
    expect_exit 0 "$ASSAY" -C "$disks/copy/$ws" data verify
    umount "$disks/copy"
    n_cut=$((n_cut + 1))
}
cut_word() { awk -v n="$1" '{print $n}'; }

n_cut=0
n_promised=0
begin=$SECONDS
for options in commit=5 commit=1,data=writeback; do
    rm -f "$TMP/stop" "$disks/outer/inner.img"
    : >"$TMP/told"
    truncate -s 24M "$disks/outer/inner.img"
    mkfs.ext4 -q -F -b 4096 "$disks/outer/inner.img"
    mount -o "loop,$options" "$disks/outer/inner.img" "$disks/inner" || skip 'no second loop device can be had'
    write_on &
    writer=$!
    until [ -s "$TMP/told" ] || ! kill -0 $writer; do sleep 0.05; done
    goal=$((n_cut + (TIMES + 1) / 2))
    while [ "$n_cut" -lt "$goal" ] && [ "$n_failed" -eq 0 ]; do
        sleep "0.0$((RANDOM % 90 + 10))"
        cut
    done
    touch "$TMP/stop"
    wait $writer
    writer=
    umount "$disks/inner"
done
check "the writers complained: $(head -n 2 "$TMP/trouble")" [ ! -s "$TMP/trouble" ]
echo "$n_cut power cuts, $n_promised versions told of before them, 0 lost; at 95 % confidence fewer than 1 in $((n_cut / 3)) cuts loses one. $((SECONDS - begin)) s"
finish
