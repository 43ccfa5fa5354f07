#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What import does with everything a folder of pictures can hold, with disks that end and programs that are killed: a clear
# word, a whole workspace, and the next command goes on.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=tester
photos=$TMP/photos
ws=$TMP/ws

# fresh: an empty workspace with two classes, and an empty folder for photographs
fresh() {
    rm -rf "$ws" "$photos"
    mkdir -p "$photos/good" "$photos/bad"
    "$ASSAY" -q init "$ws" --classes good,bad
}
# value KEY: of "KEY":V in the output
value() { grep -oE "\"$1\":\"?[^,\"}]*" "$OUT" | head -n 1 | sed "s/\"$1\":\"\?//"; }
expect_whole() {
    expect_exit 0 "$ASSAY" -C "$ws" data verify
    expect_out 'all whole'
}

# --- no workspace, no folder, nothing in it
mkdir "$TMP/none"
expect_exit 2 "$ASSAY" -C "$TMP/none" import "$TMP"
expect_err "no assay.yaml in '.*' or above it \(make one with: assay init"
fresh
expect_exit 2 "$ASSAY" -C "$ws" import "$TMP/nowhere"
expect_err "cannot open folder '.*/nowhere': no such file or folder"
expect_exit 2 "$ASSAY" -C "$ws" import "$photos"
expect_err "no picture \(.jpg, .jpeg, .png, .*\) in the class folders of"
expect_exit 2 "$ASSAY" -C "$ws" import "$photos" --split-seed x
expect_err "--split-seed 'x' is no whole number"
"$picture" grey.png 1 "$photos/loose.png"
expect_exit 2 "$ASSAY" -C "$ws" import "$photos"
expect_err 'sort them into one folder a class'

# --- a class nobody knows: nothing is written
"$picture" grey.png 1 "$photos/good/1.png"
mkdir "$photos/baad"
"$picture" grey.png 2 "$photos/baad/2.png"
before=$(find "$ws" | sort)
expect_exit 2 "$ASSAY" -C "$ws" import "$photos"
expect_err "folder 'baad' is no class of '[^']*assay.yaml', did you mean 'bad'\?; .* --rename 'baad=bad', or add baad: reject to its classes"
expect_equal "$(find "$ws" | sort)" "$before"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos" --rename baad=bad --json
expect_equal "$(value kept)" 2

# --- one picture, and a class without any
fresh
"$picture" grey.png 1 "$photos/good/1.png"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
expect_out "'bad' is a class without a picture"
expect_out '^1 pictures seen, 1 kept'
expect_exit 0 "$ASSAY" -C "$ws" data ls
expect_out 'photos/good/1.png +good +train +96x64'
# The same again is no new version.
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
expect_out 'nothing new'
expect_exit 0 "$ASSAY" -C "$ws" data log
expect_equal "$(grep -c tester "$OUT")" 1

# --- pictures of all kinds, right and wrong
fresh
for kind in rgb.png rgb16.png rgba.png palette.png rgb.jpg cmyk.jpg turned.jpg; do
    "$picture" "$kind" 1 "$photos/good/$kind"
done
"$picture" huge.png 1 "$photos/bad/huge.png"
"$picture" white.png 1 "$photos/bad/white.png"
"$picture" rgb.jpg 2 "$TMP/whole.jpg"
head -c 1500 "$TMP/whole.jpg" >"$photos/bad/cut.jpg"
echo 'not a picture at all' >"$photos/bad/text.jpg"
: >"$photos/bad/empty.png"
"$picture" rgb.png 7 "$photos/bad/first.png"
cp "$photos/bad/first.png" "$photos/good/twin.png"
cp "$photos/good/rgb.png" "$photos/good/rgb copy.png"
echo data >"$photos/good/Thumbs.db"
echo data >"$photos/good/.DS_Store"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos" --json
expect_equal "$(value seen) $(value kept) $(value quarantined) $(value warned)" '15 9 6 1'
expect_out '"left_alone":\[\{"name":"good/.DS_Store".*"good/Thumbs.db"'
expect_exit 0 "$ASSAY" -C "$ws" quarantine list
expect_out 'photos/bad/cut.jpg +whole '
expect_out 'photos/bad/empty.png +whole .*empty'
expect_out 'photos/bad/huge.png +whole .*60000 x 60000'
expect_out 'photos/bad/text.jpg +whole .*a text'
expect_out 'photos/good/twin.png +duplicate .*bad/first.png'
expect_out 'photos/bad/white.png +exposure .*100.0 % white'
expect_exit 0 "$ASSAY" -C "$ws" quarantine list --state all --json
expect_equal "$(grep -o '"reason"' "$OUT" | wc -l)" 6
expect_exit 0 "$ASSAY" -C "$ws" quarantine list --where 'name=photos/bad/text.jpg' --json
check 'a refused file is not kept as it came' cmp -s "$photos/bad/text.jpg" "$ws/.assay/$(grep -oE 'quarantine/[0-9a-f]+.jpg' "$OUT")"
expect_exit 0 "$ASSAY" -C "$ws" data show
expect_out '^9 samples, .*, 6 quarantined'
expect_exit 0 "$ASSAY" -C "$ws" data ls --name '*turned*'
expect_out ' 64x96 ' # upright
expect_whole
# All refused: no version, and the first reason.
fresh
echo 'not a picture' >"$photos/bad/text.jpg"
expect_exit 2 "$ASSAY" -C "$ws" import "$photos"
expect_err "nothing was kept: 1 of 1 pictures were refused, the first: 'photos/bad/text.jpg' is no JPEG, PNG, TIFF, BMP or PNM picture"
expect_exit 2 "$ASSAY" -C "$ws" data log
expect_err 'no commit yet'

# --- identical pictures in train/ and test/: never on both sides, in one import or in two
fresh
mkdir -p "$photos/Train/good" "$photos/Train/bad" "$photos/TEST/good" "$photos/TEST/bad"
rmdir "$photos/good" "$photos/bad"
"$picture" grey.png 1 "$photos/Train/good" 6
"$picture" grey.png 21 "$photos/Train/bad" 6
"$picture" grey.png 41 "$photos/TEST/good" 3
"$picture" grey.png 61 "$photos/TEST/bad/1.png"
cp "$photos/TEST/bad/1.png" "$photos/Train/bad/copy.png"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
expect_out "'photos/Train/bad/copy.png' is byte for byte 'photos/TEST/bad/1.png', which is in test and stays there: never on both sides"
mkdir -p "$TMP/more/test/good" "$TMP/more/train/bad"
cp "$photos/Train/good"/*1.png "$TMP/more/test/good/trained.png"
"$picture" grey.png 81 "$TMP/more/train/bad/new.png"
expect_exit 0 "$ASSAY" -C "$ws" import "$TMP/more"
expect_out "'more/test/good/trained.png' is byte for byte 'photos/Train/good/.*', which is in (train|validation) and stays there"
expect_exit 0 "$ASSAY" -C "$ws" data ls --json
expect_equal "$(grep -oE '"image":"[0-9a-f]*"' "$OUT" | sort | uniq -d | wc -l)" 0
# What was refused and is kept later is not listed any more.
fresh
"$picture" white.png 1 "$photos/bad/white.png"
"$picture" grey.png 1 "$photos/good/1.png"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
expect_exit 0 "$ASSAY" -C "$ws" quarantine list
expect_out 'photos/bad/white.png +exposure'
sed -i 's/^\(task:.*\)/\1\nintake: {max_clipped_ratio: 1}/' "$ws/assay.yaml"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
expect_exit 0 "$ASSAY" -C "$ws" quarantine list
expect_out 'nothing is in quarantine'
expect_err '1 more: 1 kept later'
expect_exit 0 "$ASSAY" -C "$ws" quarantine list --state all --json
expect_out '"kept_as":"photos/bad/white.png"'

# --- names
fresh
"$picture" grey.png 1 "$photos/good/a b'c\"d.png"
"$picture" grey.png 2 "$photos/good/new
line.png"
"$picture" grey.png 3 "$photos/good/$(printf '\377\344').png"
"$picture" grey.png 4 "$photos/good/-C.png"
"$picture" grey.png 5 "$photos/bad/$(printf 'w\303\244hrung \342\202\254').png"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos" --json
expect_equal "$(value kept)" 5
expect_exit 0 "$ASSAY" -C "$ws" data ls
expect_out "^photos/good/a b'c\"d.png "
expect_out '^photos/good/new\\x0aline.png '
expect_out '^photos/good/\\xff\\xe4.png '
expect_out "^photos/bad/$(printf 'w\303\244hrung \342\202\254').png "
expect_exit 0 "$ASSAY" -C "$ws" data ls --json
check 'the JSON is not UTF-8' iconv -f UTF-8 -t UTF-8 -o /dev/null "$OUT"

# --- links
fresh
mkdir "$TMP/outside"
"$picture" grey.png 1 "$photos/good/1.png"
"$picture" grey.png 2 "$TMP/outside/secret.png"
ln -s "$TMP/outside/secret.png" "$photos/good/link.png"
ln -s "$TMP/outside" "$photos/good/folder"
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
expect_out "'good/link.png' is a symbolic link out of the folder: refused"
expect_out "'good/folder' is a symbolic link out of the folder: refused"
expect_out '^1 pictures seen, 1 kept'

# --- a second program in the same workspace
fresh
"$picture" grey.png 1 "$photos/good/1.png"
exec 8>"$ws/.assay/lock"
flock 8
expect_exit 3 "$ASSAY" -C "$ws" import "$photos"
expect_err 'cannot open workspace .* for writing: .*(another program|in use|process)'
expect_exit 0 "$ASSAY" -C "$ws" quarantine list # reading goes on
flock -u 8
exec 8>&-
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"

# --- what is in the store and is damaged
pack=$ws/.assay/objects/packs/000001.pack
at=$(LC_ALL=C grep -obUaF PNG "$pack" | head -n 1 | cut -d: -f1)
printf xyz | dd of="$pack" bs=1 seek=$((at + 100)) conv=notrunc 2>/dev/null
expect_exit 1 "$ASSAY" -C "$ws" data verify
expect_out "damaged .*/000001.pack.*needed by 'photos/good/1.png'"
expect_exit 1 "$ASSAY" -C "$ws" data verify --json
expect_out '"whole":false'
# The head of its record, 65 bytes before "PNG".
printf x | dd of="$pack" bs=1 seek=$((at - 65)) conv=notrunc 2>/dev/null
expect_exit 1 "$ASSAY" -C "$ws" data verify
expect_out "is missing .*needed by 'photos/good/1.png'"
expect_out "damaged .*bytes at .*/000001.pack"
# Importing the pictures again mends it, as verify says.
expect_out 'import the pictures again'
expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
run "$ASSAY" -C "$ws" data verify
check 'the picture is whole again' bash -c "! grep -q \"needed by 'photos/good/1.png'\" '$OUT'"

# --- Ctrl-C and kill -9 in the middle, at several moments
fresh
"$picture" large.png 1 "$photos/good" 60
"$picture" large.png 100 "$photos/bad" 40
expect_exit 0 "$ASSAY" -C "$ws" import "$photos" --json
"$ASSAY" -C "$ws" data show --json >"$TMP/show.json"
undisturbed=$(grep -oE '"manifest":"[0-9a-f]*"' "$TMP/show.json")
# interrupt SIGNAL N: ends an import once N objects are there; $STATUS is the program's, 0 if it was faster
interrupt() {
    rm -rf "$ws"
    "$ASSAY" -q init "$ws" --classes good,bad
    "$ASSAY" -C "$ws" import "$photos" >"$OUT" 2>"$ERR" &
    local pid=$!
    while [ "$(count_objects "$ws")" -lt "$2" ] && kill -0 $pid 2>/dev/null; do :; done
    kill -"$1" $pid 2>/dev/null
    wait $pid
    STATUS=$?
    last_cmd="import, $1 after $2 objects"
}
# shellcheck disable=SC2317 # check calls it
ended_or_stopped() { [ "$STATUS" -eq 3 ] || [ "$STATUS" -eq 0 ]; }
for n in 0 1 20 70; do
    interrupt INT $n
    check "Ctrl-C ends with $STATUS" ended_or_stopped
    if [ $STATUS -eq 3 ]; then
        expect_err 'stopped|cancelled'
        expect_exit 2 "$ASSAY" -C "$ws" data log
        expect_err 'no commit yet'
    fi
    expect_whole
done
for n in 0 1 20 70; do
    interrupt KILL $n
    expect_whole
    expect_exit 0 "$ASSAY" -C "$ws" import "$photos"
    expect_exit 0 "$ASSAY" -C "$ws" data show --json
    expect_out "$undisturbed"
    expect_whole
    expect_equal "$(find "$ws/.assay/objects" -name '*.tmp.*')" ''
    expect_equal "$(find "$ws/.assay/quarantine" -type f 2>/dev/null | wc -l)" 0
done
# The number of threads changes nothing.
rm -rf "$ws"
"$ASSAY" -q init "$ws" --classes good,bad
expect_exit 0 taskset -c 0 "$ASSAY" -C "$ws" import "$photos"
expect_exit 0 "$ASSAY" -C "$ws" data show --json
expect_out "$undisturbed"

# --- disks of our own: one that ends, one that may only be read
if unshare -m true 2>/dev/null; then
    fresh
    "$picture" large.png 1 "$photos/good" 10
    mkdir "$TMP/disk"
    # shellcheck disable=SC2016
    expect_exit 0 unshare -m bash -c '
        assay=$1 disk=$2 photos=$3
        mount -t tmpfs -o size=4m none "$disk" || exit 9
        "$assay" -q init "$disk" --classes good,bad || exit 10
        "$assay" -C "$disk" import "$photos"
        echo "full: $?"
        "$assay" -C "$disk" data verify || exit 11
        "$assay" -C "$disk" data log
        echo "log: $?"
        mount -o remount,size=64m "$disk"
        "$assay" -C "$disk" import "$photos" || exit 12
        "$assay" -C "$disk" data verify || exit 13
        mount -o remount,ro "$disk"
        touch "$photos/good" && "$assay" -C "$disk" import "$photos"
        echo "read-only: $?"
        "$assay" -C "$disk" data verify && "$assay" -C "$disk" data show && "$assay" -C "$disk" data ls || exit 14
        ' bash "$ASSAY" "$TMP/disk" "$photos"
    expect_out '^full: 3'
    expect_err 'no space left on the disk'
    expect_out '^log: 2'
    expect_out '^10 pictures seen, 10 kept'
    expect_out '^read-only: 3'
    expect_err 'read-only'
else
    echo 'no disks of a set size for this user: those tests are left out'
fi
finish
