#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A disk that is full, at each step: a clear word and exit status 3, nothing is lost, and once there is room the same
# command goes through. A file system of its own in memory; the room left is from nothing to more than enough.
. "$(dirname "$0")/lib.sh"
need_fault writer
unshare -m true 2>/dev/null || skip 'a disk of a set size needs root'
times 3 12
make_folders

# The rest runs where mounts are nobody else's business.
if [ -z "${ASSAY_FAULT_OWN:-}" ]; then
    export ASSAY_FAULT_OWN=1 TIMES SEED
    trap - EXIT
    rm -rf "$TMP"
    exec unshare -m --propagation private bash "$0" --times "$TIMES" --seed "$SEED"
fi

disk=$TMP/disk
mkdir "$disk"
mount -t tmpfs -o size=64m none "$disk" || skip 'no tmpfs can be mounted'
ws=$disk/ws
master=$TMP/master
photos=$ASSAY_FAULT_PICTURES

# leave KIB: fills the disk until so much room is left
leave() {
    rm -f "$disk/filler"
    local free
    free=$(df --output=avail -k "$disk" | tail -n 1)
    [ $((free - $1)) -le 0 ] || fallocate -l $((free - $1))k "$disk/filler"
}
restore() {
    rm -rf "$ws" "$disk/filler" "$disk"/out* "$disk"/report*
    [ ! -d "$master" ] || cp -r "$master" "$ws"
}
# the newest version: what it holds, without the time it was made
state_of() { "$ASSAY" -C "$ws" data show --json 2>/dev/null | grep -oE '"manifest":"[0-9a-f]*"'; }
n_versions() { "$ASSAY" -C "$ws" data log --json 2>/dev/null | grep -o '"commit"' | wc -l; }

n_full=0
# disturb NAME COMMAND...: with less and less room, then with enough
disturb() {
    local name=$1 kib want before
    shift
    restore
    before=$(n_versions)
    expect_exit 0 "$@"
    want=$(state_of)
    local failed=0
    for kib in $(printf '0\n4\n8\n16\n40\n100\n260\n400\n600\n900\n1400\n2200\n' | awk -v n="$TIMES" 'NR == 1 || (NR - 2) % int(11 / n + 0.999) == 0'); do
        restore
        leave "$kib"
        run "$@"
        if [ "$STATUS" -eq 0 ]; then
            check "$name with $kib KiB comes to another version" [ "$(state_of)" = "$want" ]
            continue
        fi
        failed=$((failed + 1))
        if [ "$STATUS" -ne 3 ]; then fail "$name with $kib KiB left: exit status $STATUS, not 3"; else pass; fi
        expect_err "no space left on the disk"
        expect_err "'$disk"
        # What was there is there, and readable while the disk is full.
        if [ -e "$master" ]; then
            expect_exit 0 "$ASSAY" -C "$ws" data verify
            check "$name with $kib KiB: a half version can be seen" [ "$(n_versions)" -eq "$before" ]
        fi
        rm -f "$disk/filler"
        expect_exit 0 "$@"
        check "$name with $kib KiB, then room: another version" [ "$(state_of)" = "$want" ]
        expect_exit 0 "$ASSAY" -C "$ws" -q data verify
        check "$name left something behind" [ -z "$(find "$ws/.assay" -name '*.tmp.*')" ]
    done
    echo "$name: the disk was full in $failed of the tries"
    check "$name was never short of room" [ "$failed" -gt 0 ]
    n_full=$((n_full + failed))
}

a=("$ASSAY" -C "$ws")

disturb init "$ASSAY" init "$ws" --classes good,bad
restore
expect_exit 0 "$ASSAY" init "$ws" --classes good,bad
cp -r "$ws" "$master"
disturb import "${a[@]}" import "$photos/p0"
restore
expect_exit 0 "${a[@]}" import "$photos/p0"
rm -rf "$master" && cp -r "$ws" "$master"
disturb 'import with quarantine' "${a[@]}" import "$photos/p1"
disturb label "${a[@]}" label set bad --where 'name~*good*'
disturb checkout "${a[@]}" data checkout "$disk/out"
disturb tag "${a[@]}" data tag v1

# An erasure that was begun is ended by whoever writes next; its receipt by --resume.
for kib in 0 16 40 100 300 700; do
    restore
    leave $kib
    run "${a[@]}" erase p0/good/00000.png --reason asked --yes
    if [ "$STATUS" -ne 0 ]; then
        expect_equal "$STATUS" 3
        expect_err 'no space left on the disk'
        expect_exit 0 "${a[@]}" data verify
        n_full=$((n_full + 1))
    fi
    rm -f "$disk/filler"
    run "${a[@]}" erase p0/good/00000.png --reason asked --yes
    [ "$STATUS" -eq 0 ] || run "${a[@]}" erase --resume
    expect_exit 0 "${a[@]}" erase --check 1
    expect_exit 0 "${a[@]}" data verify
    expect_equal "$(n_versions)" 2
done

# What is needed and what is not, in one pack.
rm -rf "$master" "$ws"
expect_exit 0 "$ASSAY" init "$ws" --classes good,bad
for n in 0 1 2; do
    (cd "$disk" && "$ASSAY_FAULT_BUILD/fault_writer" junk $n)
    expect_exit 0 "${a[@]}" import "$photos/p$n"
done
cp -r "$ws" "$master"
disturb gc "${a[@]}" data gc

restore
rm -rf "$ws" "$master"
expect_exit 0 "$ASSAY" init "$ws" --example cones
sed -i 's/frame_px: \[640, 480\]/frame_px: [160, 120]/' "$ws/assay.yaml"
expect_exit 0 "${a[@]}" capture --parts 12
rm -rf "$master" && cp -r "$ws" "$master"
disturb train "${a[@]}" train --trainer rule
expect_exit 0 "${a[@]}" train --trainer rule
expect_exit 0 "${a[@]}" eval
rm -rf "$master" && cp -r "$ws" "$master"
disturb report "${a[@]}" report -o "$disk/report.html"

# Pictures of a camera are numbered on: the versions differ, their number does not.
restore
leave 100
expect_exit 3 "${a[@]}" capture --parts 12 --camera 'twin:cones?from=500'
expect_err 'no space left on the disk'
expect_exit 0 "${a[@]}" data verify
rm -f "$disk/filler"
expect_exit 0 "${a[@]}" capture --parts 12 --camera 'twin:cones?from=500'
expect_equal "$(n_versions)" 2
expect_exit 0 "${a[@]}" data verify

echo "$n_full full disks, 0 things lost"
umount "$disk"
finish
