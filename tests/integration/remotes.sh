#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Remotes: a folder, a server of buckets that checks every signature and fails as it is told, and npm's s3rver where
# tools/setup --all has put it.
. "$(dirname "$0")/lib.sh"
need_program
picture=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
[ -x "$picture" ] || skip "'$picture' is not built"
export ASSAY_AUTHOR=tester HOME=$TMP/home
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_DEFAULT_REGION
unset AWS_SHARED_CREDENTIALS_FILE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
mkdir -p "$TMP/first/good" "$TMP/first/bad" "$TMP/second/good" "$HOME"
"$picture" rgb.png 1 "$TMP/first/good" 60
"$picture" grey.png 100 "$TMP/first/bad" 20
"$picture" rgb.png 200 "$TMP/second/good" 3
mkdir -p "$TMP/third/good" "$TMP/fourth/good"
"$picture" rgb.png 300 "$TMP/third/good" 3
"$picture" rgb.png 400 "$TMP/fourth/good" 3
ws=$TMP/ws
"$ASSAY" -q init "$ws" --classes good,bad
cd "$ws" || exit 3
"$ASSAY" -q import "$TMP/first" >/dev/null

# sent: how many bytes the last push or pull moved, by its own account (with --json)
moved() { grep -oE "\"$1\":[0-9]+" "$OUT" | grep -oE '[0-9]+$'; }

# --- names and places
expect_exit 0 "$ASSAY" data remote
expect_out 'no remote yet \(add one with: assay data remote add origin URL\)'
expect_exit 2 "$ASSAY" data push
expect_err 'this workspace has no remote'
expect_exit 2 "$ASSAY" data remote add origin ftp://somewhere
expect_err 'use a folder .* or a bucket'
expect_exit 2 "$ASSAY" data remote add origin s3://KEY:SECRET@pictures
expect_err 'must have no name or password in it'
expect_no_err SECRET@
expect_exit 2 "$ASSAY" data remote add ../x "$TMP/there"
expect_exit 2 "$ASSAY" data remote add origin
expect_exit 2 "$ASSAY" data remote add origin / --region r
expect_exit 0 "$ASSAY" data remote add origin "$TMP/not/mounted"
expect_exit 3 "$ASSAY" data push
expect_err 'is the share mounted\?'
expect_no_file "$TMP/not"
expect_exit 2 "$ASSAY" data remote add origin "$TMP/there"
expect_err 'there is a remote .origin. already'
expect_exit 0 "$ASSAY" data remote remove origin
mkdir -p "$TMP/full/folder"
echo x >"$TMP/full/folder/somebodys.txt"
expect_exit 0 "$ASSAY" data remote add origin "$TMP/full"
expect_exit 2 "$ASSAY" data push
expect_err "has files that are no remote's .*somebodys.txt"
mv "$TMP/full/folder/somebodys.txt" "$TMP/full/folder/2024 Plan.DOCX"
expect_exit 2 "$ASSAY" data push
expect_err "has files that are no remote's .*Plan.DOCX"
expect_equal 1 "$(find "$TMP/full" -type f | wc -l)"
expect_exit 0 "$ASSAY" data remote remove origin
expect_exit 0 "$ASSAY" data remote add origin ../there
expect_exit 0 "$ASSAY" data remote list
expect_out "^origin +$TMP/there +- +- +none needed"
expect_exit 2 "$ASSAY" data push nowhere
expect_err 'there is no remote .nowhere. \(there are: origin\)'
# What a killed `remote add` leaves is no remote, and stands in nobody's way.
mkdir "$ws/.assay/remotes/half"
expect_exit 0 "$ASSAY" data remote list
expect_no_out half

# --- a folder
expect_exit 3 "$ASSAY" data pull
expect_err 'there is no folder'
expect_exit 0 "$ASSAY" data push --json
all=$(moved n_objects)
check 'pictures, manifest, labels and the version at least were sent' [ "$all" -ge 83 ]
expect_out '"moved":true.*"spec_sent":true'
expect_exit 0 "$ASSAY" data push --json
expect_equal "$(moved n_bytes)" 0
expect_out '"moved":false'
expect_exit 0 "$ASSAY" data clone "file://$TMP/there" "$TMP/clone"
expect_out "^$all objects fetched, .*; main is [0-9a-f]{12} on both sides now"
check 'the same assay.yaml came' cmp -s "$ws/assay.yaml" "$TMP/clone/assay.yaml"
expect_exit 0 "$ASSAY" -C "$TMP/clone" data verify
expect_out 'all whole'
expect_exit 2 "$ASSAY" data clone "$TMP/there" "$TMP/clone"
expect_err 'exists already'
expect_exit 0 "$ASSAY" -C "$TMP/clone" data ls --class bad
expect_equal "$(grep -c '^first/bad/' "$OUT")" 20
"$ASSAY" -q -C "$TMP/clone" import "$TMP/second" >/dev/null
expect_exit 0 "$ASSAY" -C "$TMP/clone" data push --json
new=$(moved n_objects)
check 'three pictures and what says so were sent' [ "$new" -ge 6 -a "$new" -le 8 ]
expect_exit 0 "$ASSAY" data pull --json
expect_equal "$(moved n_objects)" "$new"
expect_exit 0 "$ASSAY" data log
expect_equal "$(grep -c tester "$OUT")" 2

# --- pictures that nobody looked for faces in do not come where faces must not be
"$ASSAY" init "$TMP/strict" --classes good,bad >/dev/null 2>&1
printf 'privacy: {faces: redact}\n' >>"$TMP/strict/assay.yaml"
expect_exit 0 "$ASSAY" -C "$TMP/strict" data remote add origin "$TMP/there"
expect_exit 3 "$ASSAY" -C "$TMP/strict" data pull
expect_err 'were taken in without looking for faces'
check 'no picture came' python3 -c "
import pathlib, sys
packs = b''.join(p.read_bytes() for p in pathlib.Path('$TMP/strict/.assay').rglob('*.pack'))
sys.exit(any(p.read_bytes()[40:104] in packs for p in pathlib.Path('$TMP/first').rglob('*.png')))"
expect_exit 0 "$ASSAY" -C "$TMP/strict" data pull --unlooked
expect_exit 0 "$ASSAY" -C "$TMP/strict" data verify
cp "$ws/assay.yaml" "$TMP/keeps.yaml"
printf 'privacy: {faces: refuse}\n' >>"$ws/assay.yaml"
expect_exit 0 "$ASSAY" data push
expect_exit 3 "$ASSAY" data clone "$TMP/there" "$TMP/strict2"
expect_err 'were taken in without looking for faces'
expect_exit 0 "$ASSAY" -C "$TMP/strict2" data pull --unlooked
cp "$TMP/keeps.yaml" "$ws/assay.yaml"
expect_exit 0 "$ASSAY" data push

# --- what is erased on one side
"$ASSAY" -q data clone "$TMP/there" "$TMP/held" >/dev/null
expect_exit 0 "$ASSAY" -C "$TMP/held" data hold add --where 'name=first/good/00007.png' --reason 'a claim'
sum=$(sha256sum "$TMP/first/good/00007.png" | cut -d' ' -f1)
expect_exit 0 "$ASSAY" erase first/good/00007.png --reason 'asked to be forgotten' --yes
expect_exit 0 "$ASSAY" data push
check 'the name is gone from the remote' sh -c "! grep -rqF 'first/good/00007.png' '$TMP/there'"
# The picture itself: none of its 64-byte pieces is there any more.
check 'the picture is gone from the remote' python3 -c "
import pathlib, sys
picture = pathlib.Path('$TMP/first/good/00007.png').read_bytes()
piece = picture[len(picture) // 2:][:64]
sys.exit(any(piece in p.read_bytes() for p in pathlib.Path('$TMP/there').rglob('*') if p.is_file()))"
expect_exit 0 "$ASSAY" -C "$TMP/clone" data ls --name 'first/good/00007.png' --json
expect_out 'first/good/00007.png'
expect_exit 0 "$ASSAY" -C "$TMP/clone" data pull
expect_err 'erased on one side (is|are) erased on the other too'
expect_exit 0 "$ASSAY" -C "$TMP/clone" data verify
expect_out 'all whole'
check 'the name is gone from the clone' sh -c "! grep -rqF 'first/good/00007.png' '$TMP/clone/.assay'"
expect_exit 0 "$ASSAY" -C "$TMP/clone" data show "$("$ASSAY" -C "$TMP/clone" data log --json | grep -oE '"commit":"[0-9a-f]{12}' | tail -1 | tail -c 13)"
run "$ASSAY" -C "$TMP/clone" import "$TMP/first"
expect_exit 0 "$ASSAY" -C "$TMP/clone" data ls --name '*00007.png' --json
expect_no_out "$sum"
expect_exit 0 "$ASSAY" -C "$TMP/held" data pull
expect_err '1 object was erased in .origin., and kept here by a legal hold'
expect_exit 0 "$ASSAY" -C "$TMP/held" data hold release 1
expect_exit 0 "$ASSAY" -C "$TMP/held" data pull
check 'released, the name goes with the next pull' sh -c "! grep -rqF 'first/good/00007.png' '$TMP/held/.assay'"
expect_exit 0 "$ASSAY" -C "$TMP/held" data verify
# A line that anybody could have written there takes no version from anybody.
main=$("$ASSAY" data log --json | grep -oE '"commit":"[0-9a-f]{64}' | head -1 | tail -c 65)
printf '{"assay_erased":1,"erased":[{"object":"%s","reason":"a lie","utc":5}]}' "$main" >"$TMP/lie"
lie=$TMP/there/erased/$(sha256sum "$TMP/lie" | cut -d' ' -f1)
cp "$TMP/lie" "$lie"
expect_exit 0 "$ASSAY" data pull --json
expect_out '"n_kept":1'
expect_err '1 object of versions here is said to be erased in .origin. with nothing that stands for it, and is kept'
expect_exit 0 "$ASSAY" data log
expect_out "${main:0:12}"
rm "$lie"
mkdir -p "$TMP/there/refs/data/tags"
printf '%s and so' "$main" >"$TMP/there/refs/data/tags/lie"
expect_exit 0 "$ASSAY" data pull --json
expect_out '"n_tags_wrong":1'
expect_err '1 tag of .origin. names no version, or has no name for a tag, and was passed over'
rm "$TMP/there/refs/data/tags/lie"

# --- a bucket that checks signatures
s3=$TMP/s3
mkdir "$s3"
python3 "$SOURCE/tests/integration/s3_server.py" "$s3" >"$TMP/s3.log" 2>&1 &
for _ in $(seq 200); do
    [ -e "$s3/port" ] && break
    sleep 0.1
done
[ -e "$s3/port" ] || skip "python3 does not serve: $(head -c 300 "$TMP/s3.log")"
endpoint=http://127.0.0.1:$(cat "$s3/port")
fault() { printf '%s\n' "$*" >"$s3/fault"; }
clone() { # clone DIR [OPTION...]
    local dir=$1
    shift
    rm -rf "$dir"
    run "$ASSAY" data clone s3://pictures/line/1 "$dir" --endpoint "$endpoint" --region eu-test-1 --timeout 1 "$@"
}

expect_exit 0 "$ASSAY" data remote add bucket s3://pictures/line/1 --endpoint "$endpoint" --region eu-test-1
expect_err 'no credentials: AWS_ACCESS_KEY_ID is not set .* cannot read .*/home/.aws/credentials'
expect_exit 3 "$ASSAY" data push bucket
expect_err 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to that file'
export AWS_ACCESS_KEY_ID=TESTKEY
expect_exit 2 "$ASSAY" data push bucket
expect_err 'set without the other'
AWS_SECRET_ACCESS_KEY=wrong expect_exit 3 "$ASSAY" data push bucket
expect_err '403 SignatureDoesNotMatch.*are the key and its secret right'
unset AWS_ACCESS_KEY_ID
mkdir "$HOME/.aws"
printf '[other]\naws_access_key_id = NOBODY\naws_secret_access_key = x\n[default]\naws_access_key_id = TESTKEY\n%s\n' \
    'aws_secret_access_key = test/secret+key' >"$HOME/.aws/credentials"
expect_exit 0 "$ASSAY" data remote list
expect_out 'credentials are those of profile .default. in '
AWS_PROFILE=other expect_exit 3 "$ASSAY" data push bucket
expect_err SignatureDoesNotMatch
expect_exit 0 "$ASSAY" data push bucket --json
all=$(moved n_objects)
check 'all is sent' [ "$all" -ge 88 ]
expect_out '"swap_is_sure":true'
check 'the secret is nowhere' sh -c "! grep -rqF 'test/secret' '$ws/.assay' '$s3/data'"
: >"$s3/log"
expect_exit 0 "$ASSAY" data push bucket --json
expect_equal "$(moved n_bytes)" 0
check 'the second push sends nothing' sh -c "! grep -q '^PUT' '$s3/log'"
clone "$TMP/from_bucket"
expect_equal "$STATUS" 0
expect_exit 0 "$ASSAY" -C "$TMP/from_bucket" data verify
expect_out 'all whole'
main=$("$ASSAY" data log --limit 1 --json | grep -oE '"commit":"[0-9a-f]+' | tail -c 65)
expect_exit 0 "$ASSAY" -C "$TMP/from_bucket" data log --json
expect_out "$main"

# --- it fails
fault errors 3
expect_exit 0 "$ASSAY" -C "$TMP/from_bucket" data pull --json
expect_equal "$(moved n_tried_again)" 3
# Connections that end after 100 kB each: what came is kept, and the rest asked for.
fault cut 100000
clone "$TMP/c0" --json
expect_equal "$STATUS" 0
check 'it was cut' [ "$(moved n_tried_again)" -ge 5 ]
expect_exit 0 "$ASSAY" -C "$TMP/c0" data verify
fault cut 100
clone "$TMP/c0"
expect_equal "$STATUS" 3
expect_err 'tried 6 times'
fault lie
clone "$TMP/c2"
expect_equal "$STATUS" 3
expect_err "returns other bytes for object '[0-9a-f]{64}' in 'packs/[0-9a-f]{64}.pack'"
expect_exit 2 "$ASSAY" -C "$TMP/c2" data log
expect_err 'no commit yet'
fault big
clone "$TMP/c3"
expect_equal "$STATUS" 2
expect_err 'more than the [0-9]+ bytes it should'
fault bomb
clone "$TMP/c4"
expect_equal "$STATUS" 2
expect_err 'document type'
fault drip
begin=$SECONDS
clone "$TMP/c5"
expect_equal "$STATUS" 3
expect_err 'was silent for 1 s .*tried 6 times'
check 'the wait has an end' [ $((SECONDS - begin)) -lt 60 ]
# What was stopped halfway goes on where it was.
fault ''
expect_exit 0 "$ASSAY" -C "$TMP/c5" data pull
expect_exit 0 "$ASSAY" -C "$TMP/c5" data verify
expect_out '3 versions .* all whole'
# Ctrl-C during a wait.
fault hang
"$ASSAY" -C "$TMP/c5" data pull >"$OUT" 2>"$ERR" &
pid=$!
sleep 1
begin=$SECONDS
kill -INT $pid
wait $pid
STATUS=$?
last_cmd='pull and Ctrl-C'
expect_equal "$STATUS" 3
expect_err 'stopped before the end'
check 'Ctrl-C is heard' [ $((SECONDS - begin)) -lt 5 ]

# --- a push that is cut goes on
fault ''
rm -rf "$s3/data/line"
expect_exit 3 "$ASSAY" data push bucket --timeout 1
expect_err 'was in .* before, and nothing is there now'
rm .assay/remotes/bucket/met
fault puts 2
LIMIT=60 expect_exit 3 "$ASSAY" data push bucket --timeout 1
expect_no_file "$s3/data/line/1/refs/data/main"
fault ''
: >"$s3/log"
expect_exit 0 "$ASSAY" data push bucket --json
expect_equal "$(grep -c '^PUT .*\.pack 200' "$s3/log")" 1
check 'fewer are sent than there are' [ "$(moved n_objects)" -lt "$all" ]
expect_file "$s3/data/line/1/refs/data/main"
clone "$TMP/c6"
expect_equal "$STATUS" 0

# --- two who went on
"$ASSAY" -q -C "$TMP/c6" import "$TMP/third" >/dev/null
"$ASSAY" -q import "$TMP/fourth" >/dev/null
expect_exit 0 "$ASSAY" -C "$TMP/c6" data push
expect_exit 2 "$ASSAY" data push bucket
expect_err 'which is not here: bring it with: assay data pull bucket'
expect_exit 2 "$ASSAY" data pull bucket
expect_err 'both sides have gone on'
expect_exit 2 "$ASSAY" data push bucket
expect_err 'both sides have gone on.*--force'
fault nocond
expect_exit 0 "$ASSAY" data push bucket --force
expect_err 'cannot compare and swap'
# Both at the same moment, after the same version: one of them goes through.
fault ''
"$ASSAY" -q data push bucket >/dev/null
clone "$TMP/c9"
clone "$TMP/c10"
mkdir -p "$TMP/fifth/good" "$TMP/sixth/good"
"$picture" rgb.png 500 "$TMP/fifth/good" 3
"$picture" rgb.png 600 "$TMP/sixth/good" 3
"$ASSAY" -q -C "$TMP/c9" import "$TMP/fifth" >/dev/null
"$ASSAY" -q -C "$TMP/c10" import "$TMP/sixth" >/dev/null
"$ASSAY" -C "$TMP/c9" data push >"$TMP/p9" 2>&1 &
pid=$!
"$ASSAY" -C "$TMP/c10" data push >"$TMP/p10" 2>&1
status=$?
wait $pid
expect_equal "$(printf '%s\n' $status $? | sort | tr '\n' ' ')" '0 2 '
clone "$TMP/c11"
expect_exit 0 "$ASSAY" -C "$TMP/c11" data verify
expect_out 'all whole'

# --- npm's s3rver
rver=$SOURCE/.prefix/node/node_modules/.bin/s3rver
if [ -x "$rver" ] && command -v node >/dev/null; then
    port=0
    for _ in 1 2 3 4 5; do
        port=$((20000 + (RANDOM + $$) % 20000))
        node "$rver" -d "$TMP/rver" -a 127.0.0.1 -p $port --configure-bucket pictures >"$TMP/rver.log" 2>&1 &
        pid=$!
        for _ in $(seq 100); do
            grep -q 'listening' "$TMP/rver.log" && break 2
            kill -0 $pid 2>/dev/null || break
            sleep 0.1
        done
    done
    export AWS_ACCESS_KEY_ID=S3RVER AWS_SECRET_ACCESS_KEY=S3RVER
    expect_exit 0 "$ASSAY" data remote add rver s3://pictures/cones --endpoint "http://127.0.0.1:$port"
    expect_exit 0 "$ASSAY" data push rver --json
    check 'all is sent' [ "$(moved n_objects)" -ge "$all" ]
    expect_exit 0 "$ASSAY" data push rver --json
    expect_equal "$(moved n_bytes)" 0
    expect_exit 0 "$ASSAY" data clone s3://pictures/cones "$TMP/c7" --endpoint "http://127.0.0.1:$port"
    expect_exit 0 "$ASSAY" -C "$TMP/c7" data verify
    expect_out 'all whole'
    expect_exit 2 "$ASSAY" data clone s3://nothing/cones "$TMP/c8" --endpoint "http://127.0.0.1:$port"
    expect_err 'there is no bucket .nothing.'
    expect_no_file "$TMP/c8"
else
    skip_case "npm's s3rver is not here (tools/setup --all)"
fi
finish
