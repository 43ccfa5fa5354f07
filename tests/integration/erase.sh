#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pictures, and whose they were, leave every version, the quarantine and what runs have written; every version still
# verifies, a signed receipt says so, and a program that is killed in between leaves nothing half done.
. "$(dirname "$0")/lib.sh"
need_program

# picture FILE TEXT: a PGM whose pixels are letters, TEXT among them: grep finds it wherever the bytes lie
picture() {
    mkdir -p "$(dirname "$1")"
    {
        printf 'P5\n96 96\n255\n'
        { printf '%s' "$2"; head -c 9000 /dev/urandom | base64 -w 0; } | head -c 9216
    } >"$1"
}

# little BYTES NUMBER...: each in so many bytes, the least first
little() {
    local n=$1 v i
    shift
    for v; do for ((i = 0; i < n; i++)); do printf '%b' "\\x$(printf %02x $((v >> 8 * i & 255)))"; done; done
}

# scan FILE: a TIFF of two pages of such pixels
scan() {
    local at
    mkdir -p "$(dirname "$1")"
    {
        printf 'II*\0' && little 4 9224
        for at in 8 9326; do
            { printf '%s' "$2"; head -c 9000 /dev/urandom | base64 -w 0; } | head -c 9216
            little 2 8 256 3 && little 4 1 96 && little 2 257 3 && little 4 1 96 && little 2 258 3 && little 4 1 8
            little 2 259 3 && little 4 1 1 && little 2 262 3 && little 4 1 1 && little 2 273 4 && little 4 1 $at
            little 2 278 3 && little 4 1 96 && little 2 279 4 && little 4 1 9216 $((at == 8 ? 18542 : 0))
        done
    } >"$1"
}

# where_is TEXT: files of the workspace that have it
where_is() { grep -rlaF -e "$1" "$WS"; }
# shellcheck disable=SC2317 # check calls it
nowhere() { ! where_is "$1" >"$OUT"; }

new_workspace() {
    WS=$1
    "$ASSAY" init "$WS" --classes good,bad >/dev/null 2>&1
    # Letters are no photograph.
    printf 'intake: {max_clipped_ratio: 1, min_sharpness: 0}\nprivacy: {faces: keep}\n' >>"$WS/assay.yaml"
}

for i in $(seq -w 1 24); do
    class=good
    [ $((10#$i % 2)) -eq 0 ] || class=bad
    picture "$TMP/photos/$class/anna$i.pgm" "FORGET-ANNA$i-"
done
for i in $(seq -w 1 6); do picture "$TMP/more/good/other$i.pgm" "KEEP-OTHER$i-"; done
cp "$TMP/photos/good/anna02.pgm" "$TMP/broken"
mkdir -p "$TMP/bad/good"
head -c 5000 "$TMP/photos/good/anna02.pgm" >"$TMP/bad/good/anna90.pgm"

new_workspace "$TMP/ws"
A=("$ASSAY" -C "$WS")
expect_exit 0 "${A[@]}" import "$TMP/photos"
expect_exit 0 "${A[@]}" data tag first
expect_exit 0 "${A[@]}" import "$TMP/more"
run "${A[@]}" import "$TMP/bad"
expect_exit 0 "${A[@]}" train -t rule
expect_exit 0 "${A[@]}" eval
expect_exit 0 "${A[@]}" report
expect_exit 0 "${A[@]}" data ls --where 'name~*anna02*'
check 'the test can see what it looks for' test "$(where_is FORGET-ANNA02- | wc -l)" -ge 2
check 'a name is in more than one file' test "$(where_is anna02 | wc -l)" -ge 2
n_before=$(find "$WS/.assay/quarantine" -name '*.json' | wc -l)
expect_equal 1 "$n_before"

# --- what is said before, and what is refused ---
expect_exit 2 "${A[@]}" erase 'photos/good/anna02.pgm'
expect_err 'reason'
expect_exit 2 "${A[@]}" erase 'photos/good/anna02.pgm' --reason 'request 7'
expect_err 'say --yes'
expect_exit 2 "${A[@]}" erase 'photos/good/nobody.pgm' --reason 'request 7' --yes
expect_err 'nobody.pgm'
expect_exit 2 "${A[@]}" erase --where 'name~*none*' --reason 'request 7' --yes
expect_exit 2 "${A[@]}" erase --reason 'request 7' --yes
expect_exit 0 "${A[@]}" erase --where 'name~*anna02*' --dry-run
expect_out '1 picture .*in 2 versions'
expect_out 'page with pictures: report.html'
expect_exit 0 "${A[@]}" erase --where 'name~*anna02*' --dry-run --json
expect_out '"dry_run": ?true'
check 'a dry run changes nothing' test "$(where_is FORGET-ANNA02- | wc -l)" -ge 2

# --- legal hold ---
expect_exit 0 "${A[@]}" data hold add --where 'name~*anna04*' --reason 'case 12'
expect_exit 3 "${A[@]}" erase --where 'name~*anna0*' --reason 'request 7' --yes
expect_err 'legal hold 1'
check 'nothing of a selection with a held picture goes' test "$(where_is FORGET-ANNA02- | wc -l)" -ge 2
expect_exit 0 "${A[@]}" data hold list
expect_out 'case 12'
expect_exit 0 "${A[@]}" data hold release 1
expect_exit 2 "${A[@]}" data hold release 1

# --- it goes ---
cp "$TMP/photos/good/anna04.pgm" "$WS/copy of mine.pgm"
ln "$WS/.assay/catalog.db" "$TMP/catalog.blocks" # what the disk keeps of it
check 'the index has names' grep -qaF anna02 "$TMP/catalog.blocks"
expect_exit 0 "${A[@]}" erase 'photos/good/anna02.pgm' 'photos/good/anna04.pgm' 'bad/good/anna90.pgm' --reason 'request 7' --yes
expect_out '3 pictures are erased'
expect_out 'to be removed by hand: copy of mine.pgm'
rm "$WS/copy of mine.pgm"
check 'pixels of the first are gone' nowhere FORGET-ANNA02-
check 'pixels of the second are gone' nowhere FORGET-ANNA04-
check 'its name is gone' nowhere anna02
check 'and that of the refused one' nowhere anna90
check 'the index is overwritten' test -z "$(tr -d '\0' <"$TMP/catalog.blocks")"
expect_no_file "$WS/report.html"
check 'others are there' test "$(where_is FORGET-ANNA03- | wc -l)" -ge 1
check 'others are there' test "$(where_is KEEP-OTHER1- | wc -l)" -ge 1
expect_exit 0 "${A[@]}" data verify
expect_out 'all whole'
expect_out 'objects were erased'
for commit in main main~1 main~2 first; do expect_exit 0 "${A[@]}" data show "$commit"; done
expect_exit 0 "${A[@]}" data ls first --json
expect_out 'erased/'
expect_exit 0 "${A[@]}" data ls --json
expect_no_out 'erased/'
receipt=$WS/.assay/receipts/1.json
expect_file "$receipt"
expect_grep '"run": "1-rule"' "$receipt"
expect_grep '"clean": true' "$receipt"
check 'a receipt names nobody' test -z "$(grep -i anna "$receipt")"

# --- the receipt ---
expect_exit 0 "${A[@]}" erase --check 1
expect_out 'signed by this workspace'
sed 's/request 7/request 8/' "$receipt" >"$TMP/forged.json"
expect_exit 1 "${A[@]}" erase --check "$TMP/forged.json"
expect_out 'not to be trusted'
new_workspace "$TMP/elsewhere"
expect_exit 0 "$ASSAY" -C "$WS" erase --check "$receipt"
expect_out 'another workspace'
WS=$TMP/ws

# --- who has it comes again, and versions that had it go on ---
expect_exit 0 "${A[@]}" import "$TMP/photos"
expect_out 'was erased at'
check 'nothing of it came back' nowhere FORGET-ANNA02-
check 'not even its name' nowhere anna02
run "${A[@]}" import "$TMP/bad"
expect_err 'was erased at'
check 'nor the refused one' nowhere FORGET-ANNA02-
check 'nor its name' nowhere anna90
expect_exit 0 "${A[@]}" erase --check 1
expect_exit 0 "${A[@]}" train -t rule --commit first
expect_err '2 samples of this version were erased'
expect_exit 0 "${A[@]}" eval 1-rule
expect_exit 0 "${A[@]}" data checkout "$TMP/out" first
expect_err '2 more were erased'
expect_equal 22 "$(find "$TMP/out" -name '*.pgm' | wc -l)"
expect_exit 2 "${A[@]}" data restore first photos/good/anna02.pgm
expect_exit 0 "${A[@]}" data restore first
expect_err '2 pictures of .* were erased'
expect_exit 0 "${A[@]}" report

# --- names may stay, and the refused may go by their hash ---
sum=$(sha256sum <"$TMP/photos/bad/anna03.pgm" | cut -c 1-64)
expect_exit 0 "${A[@]}" erase "$sum" --reason 'too old' --keep-metadata --yes
check 'its pixels are gone' nowhere FORGET-ANNA03-
check 'its name is kept' test "$(where_is anna03 | wc -l)" -ge 1
expect_exit 2 "${A[@]}" erase "$sum" --reason 'too old' --keep-metadata --yes
expect_err 'erased already'
expect_exit 0 "${A[@]}" erase photos/bad/anna03.pgm --reason 'request 6' --yes
check 'its name went too, later' nowhere anna03
expect_exit 2 "${A[@]}" erase "$sum" --reason 'request 6' --yes
expect_err 'erased already'
expect_exit 0 "${A[@]}" erase --check 3
expect_exit 0 "${A[@]}" data gc
expect_exit 0 "${A[@]}" data verify
expect_exit 0 "${A[@]}" erase --check 2

# --- a folder that cannot be looked through may hold a copy ---
deep=$WS/anna/$(printf 'd/%.0s' {1..70})
mkdir -p "$deep"
expect_exit 1 "${A[@]}" erase 'photos/bad/anna05.pgm' --reason 'request 7' --yes
expect_err "not all of the project's folder was looked through"
expect_grep '"clean": false' "$WS/.assay/receipts/4.json"
expect_grep '"not_looked": "larger than allowed"' "$WS/.assay/receipts/4.json"
rm -r "$WS/anna"
check 'it is erased all the same' nowhere FORGET-ANNA05-

# --- names that no version leads to: an import was killed before its version was made ---
picture "$TMP/killed/bad/anna70.pgm" FORGET-ANNA70-
before=$(cat "$WS/.assay/refs/data/main")
expect_exit 0 "${A[@]}" import "$TMP/killed"
echo "$before" >"$WS/.assay/refs/data/main"
check 'the store has it all the same' test "$(where_is FORGET-ANNA70- | wc -l)" -ge 1
expect_exit 0 "${A[@]}" erase killed/bad/anna70.pgm --reason 'request 7' --yes
check 'its pixels are gone' nowhere FORGET-ANNA70-
check 'its name is gone' nowhere anna70
expect_exit 0 "${A[@]}" data verify

# --- from remotes, and a remote that is not there ---
expect_exit 0 "${A[@]}" data remote add origin "$TMP/far"
expect_exit 0 "${A[@]}" data push
check 'a remote has the picture' grep -rqaF FORGET-ANNA06- "$TMP/far"
expect_exit 0 "${A[@]}" erase 'photos/good/anna06.pgm' --reason 'request 8' --yes
expect_out "remote 'origin': [1-9][0-9]* objects erased there"
check 'the picture is gone from the remote' test -z "$(grep -rlaF FORGET-ANNA06- "$TMP/far")"
check 'and its name' test -z "$(grep -rlaF anna06 "$TMP/far")"
check 'others are there' grep -rqaF FORGET-ANNA08- "$TMP/far"
mv "$TMP/far" "$TMP/away"
touch "$TMP/far"
expect_exit 0 "${A[@]}" erase 'photos/good/anna08.pgm' --reason 'request 8' --yes
expect_err "remote 'origin' still has them"
rm "$TMP/far"
mv "$TMP/away" "$TMP/far"
expect_exit 0 "${A[@]}" data push
check 'the next push erases it there' test -z "$(grep -rlaF FORGET-ANNA08- "$TMP/far")"
check 'a key stays at home' test -z "$(grep -rlF assay-ed25519-secret "$TMP/far")"

# --- both sides have gone on: what was fetched is in no version of main, and goes all the same ---
expect_exit 0 "$ASSAY" data clone "$TMP/far" "$TMP/ahead"
picture "$TMP/lone/good/anna71.pgm" FORGET-ANNA71-
expect_exit 0 "$ASSAY" -C "$TMP/ahead" import "$TMP/lone"
expect_exit 0 "$ASSAY" -C "$TMP/ahead" data push
expect_exit 0 "${A[@]}" label set bad photos/good/anna10.pgm
expect_exit 2 "${A[@]}" data pull
expect_err 'both sides have gone on'
check 'it was fetched' test "$(where_is FORGET-ANNA71- | wc -l)" -ge 1
expect_exit 0 "${A[@]}" erase lone/good/anna71.pgm --reason 'request 8' --yes
check 'its pixels are gone' nowhere FORGET-ANNA71-
check 'its name is gone' nowhere anna71
check 'in the remote, too' test -z "$(grep -rlaF -e anna71 -e FORGET-ANNA71- "$TMP/far")"
expect_exit 0 "${A[@]}" data verify

# --- a pull that was cut: what came of the remote's newest version is written anew, and everybody can read it ---
expect_exit 0 "$ASSAY" data clone "$TMP/far" "$TMP/late"
expect_exit 0 "$ASSAY" -C "$TMP/ahead" data pull
picture "$TMP/lone2/good/anna72.pgm" FORGET-ANNA72-
expect_exit 0 "$ASSAY" -C "$TMP/ahead" import "$TMP/lone2"
expect_exit 0 "$ASSAY" -C "$TMP/ahead" data push
pack=$(grep -laF FORGET-ANNA72- "$TMP/far"/packs/*.pack)
mv "$pack" "$TMP/aside"
run "$ASSAY" -C "$TMP/late" data pull
check 'the pull was cut' test "$STATUS" -ne 0
mv "$TMP/aside" "$pack"
expect_exit 0 "$ASSAY" -C "$TMP/late" erase photos/good/anna12.pgm --reason 'request 8' --yes
check 'its name is gone' test -z "$(grep -rlaF anna12 "$TMP/late" "$TMP/far")"
expect_exit 0 "$ASSAY" data clone "$TMP/far" "$TMP/fresh"
expect_exit 0 "$ASSAY" -C "$TMP/fresh" data verify
expect_exit 0 "$ASSAY" -C "$TMP/fresh" data ls --json
expect_out anna72
expect_no_out anna12
expect_exit 2 "$ASSAY" -C "$TMP/late" data pull # its erasure made a version on top
expect_err 'both sides have gone on'
expect_exit 0 "$ASSAY" -C "$TMP/late" data verify

# --- what stays is whole: the part of a page is the name of the first, and a part may be called like anything ---
new_workspace "$TMP/parts.from"
C=("$ASSAY" -C "$WS")
for i in $(seq -w 1 24); do picture "$TMP/parts/$([ $((10#$i % 2)) -eq 0 ] && echo good || echo bad)/p$i.pgm" "PART$i-"; done
expect_exit 0 "${C[@]}" import "$TMP/parts"
expect_exit 0 "${C[@]}" data checkout "$TMP/parts.out"
sed -i -E '2,25{/p01.pgm"/ s/("split":"[a-z]*",)/\1"part":"test",/}' "$TMP/parts.out/assay-extra.jsonl"
new_workspace "$TMP/parts.ws"
C=("$ASSAY" -C "$WS")
scan "$TMP/scans/good/scan.tif" PAGES-
expect_exit 0 "${C[@]}" import "$TMP/parts.out"
expect_exit 0 "${C[@]}" data ls --where 'part=test' --json
expect_out p01.pgm
expect_exit 0 "${C[@]}" import "$TMP/scans"
expect_exit 0 "${C[@]}" train -t rule
expect_exit 0 "${C[@]}" eval
expect_grep '"split": "test"' "$WS/.assay/runs/1-rule/eval-test.json"
expect_exit 0 "${C[@]}" erase --where 'name~*p01.pgm' --reason 'request 1' --yes
expect_exit 0 "${C[@]}" erase --where 'name~*#2*' --reason 'request 2' --yes
expect_grep '"split": "test"' "$WS/.assay/runs/1-rule/eval-test.json"
for commit in main main~1; do
    expect_exit 0 "${C[@]}" data ls "$commit" --name 'scans/good/scan.tif' --json
    expect_out '"name": ?"scans/good/scan.tif"'
    expect_out '"part": ?"scans/good/scan.tif"'
    expect_no_out '#2'
done

# --- retention: the oldest go, in every version, but not what is held ---
new_workspace "$TMP/kept"
B=("$ASSAY" -C "$WS")
mkdir -p "$TMP/aged/good" "$TMP/aged/bad"
for i in 1 2 3 4 5 6; do
    picture "$TMP/aged/good/old$i.pgm" "FORGET-OLD$i-"
    touch -d "2020-01-0$i" "$TMP/aged/good/old$i.pgm"
    picture "$TMP/aged/bad/old$i.pgm" "KEEP-BAD$i-"
    touch -d "2020-01-0$i" "$TMP/aged/bad/old$i.pgm"
    picture "$TMP/aged/good/new$i.pgm" "KEEP-NEW$i-"
done
expect_exit 0 "${B[@]}" import "$TMP/aged"
expect_exit 2 "${B[@]}" data retention
expect_err 'no rule of retention'
echo 'retention: [{class: good, older_than: 90 d}, {keep_at_most: 105 kB}]' >>"$WS/assay.yaml"
expect_exit 0 "${B[@]}" spec show
expect_out 'older_than: 90 d'
cp "$OUT" "$TMP/shown.yaml"
expect_exit 0 "$ASSAY" -C "$WS" spec show
check 'what is shown says the same' cmp -s "$OUT" "$TMP/shown.yaml"
expect_exit 0 "${B[@]}" data hold add --where 'name~*old3*' --reason 'case 1'
expect_exit 0 "${B[@]}" data retention --dry-run
expect_out 'good, older than 90 d +5 .* 2020-01-0[12] +1 '
expect_out 'at most 105 kB +2 '
check 'a dry run changes nothing' test "$(where_is FORGET-OLD1- | wc -l)" -ge 1
expect_exit 0 "${B[@]}" data retention
check 'the old is gone' nowhere FORGET-OLD1-
check 'the held is there' test "$(where_is FORGET-OLD3- | wc -l)" -ge 1
check 'the new is there' test "$(where_is KEEP-NEW1- | wc -l)" -ge 1
check 'beyond the bytes the oldest goes' nowhere KEEP-BAD1-
check 'a name stays in the history' test "$(where_is old1 | wc -l)" -ge 1
expect_exit 0 "${B[@]}" erase aged/good/old1.pgm aged/bad/old1.pgm --reason 'request 10' --yes
check 'until somebody asks' nowhere old1
check 'and no more than that' test "$(where_is KEEP-BAD4- | wc -l)" -ge 1
expect_exit 0 "${B[@]}" data retention --json
expect_out '"n_pictures": ?0'
expect_exit 0 "${B[@]}" data verify
for bad in '{class: god, older_than: 90 d}' '{older_than: 90}' '{class: good}' '{older_than: 1 d, keep_at_most: 1 GB}' '{keep: 1}' 'x'; do
    sed -i '/^retention/d' "$WS/assay.yaml"
    echo "retention: [$bad]" >>"$WS/assay.yaml"
    expect_exit 2 "${B[@]}" data retention --dry-run
    expect_err 'assay.yaml:[0-9]+:[0-9]+'
done

# --- killed at each call that changes the disk: all or nothing once somebody has opened it for writing ---
if ! strace -o /dev/null true 2>/dev/null; then
    skip_case 'strace is not here, or may not trace'
    finish
fi
new_workspace "$TMP/kill"
"$ASSAY" -C "$WS" import "$TMP/photos" >/dev/null 2>&1
"$ASSAY" -C "$WS" train -t rule >/dev/null 2>&1
"$ASSAY" -C "$WS" report >/dev/null 2>&1
WS=$TMP/killed
A=("$ASSAY" -C "$WS")
n_mid=0
calls=fsync,fdatasync,rename,unlink,ftruncate
for ((n = 1; n < 200; n++)); do
    rm -rf "$WS"
    cp -r "$TMP/kill" "$WS"
    # The leak sanitizer does not work under a tracer.
    LSAN_OPTIONS="${LSAN_OPTIONS:+$LSAN_OPTIONS:}detect_leaks=0" \
        strace -f -o /dev/null -e "trace=$calls" -e "inject=$calls:signal=KILL:when=$n" \
        "${A[@]}" erase --where 'class=good' --reason 'request 9' --yes >/dev/null 2>&1 && break
    begun=no
    [ ! -e "$WS/.assay/erasing.json" ] || begun=yes
    if [ $begun = yes ]; then
        n_mid=$((n_mid + 1))
        expect_exit 1 "${A[@]}" data verify
        expect_exit 0 "${A[@]}" data tag opened
        check "killed at call $n: pictures are gone" nowhere FORGET-ANNA02-
        check "killed at call $n: names are gone" nowhere anna02
        expect_exit 0 "${A[@]}" erase --resume
    elif ! [ -e "$WS/.assay/receipts/1.json" ]; then
        expect_exit 0 "${A[@]}" data verify
        expect_exit 0 "${A[@]}" erase --where 'class=good' --reason 'request 9' --yes
    fi
    check "killed at call $n, in the end: pictures are gone" nowhere FORGET-ANNA02-
    check "killed at call $n, in the end: names are gone" nowhere anna02
    expect_exit 0 "${A[@]}" data verify
    expect_exit 0 "${A[@]}" erase --check 1
    expect_exit 0 "${A[@]}" data ls --json
    expect_no_out '"class": ?"good"'
done 2>/dev/null
check 'the last round was not killed' test "$n" -lt 200
check 'some kills fell in between' test "$n_mid" -ge 3
echo "$((n - 1)) kills, $n_mid of them in between"
finish
