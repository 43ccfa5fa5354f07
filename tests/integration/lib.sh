# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# lib.sh - what integration tests share. A test is a bash script in this folder:
#
#     . "$(dirname "$0")/lib.sh"
#     expect_exit 0 "$ASSAY" init "$TMP/ws"
#     expect_err 'unknown class'        # of the command run last
#     finish
#
# $TMP is a fresh folder, removed at the end. $OUT, $ERR (files) and $STATUS are of the command run last.
# $ASSAY and $ASSAY_EDGE are the programs, $ASSAY_SHARED the folder of real images. One test is one check that is
# counted; the last line says `N passed, N failed`, and `N skipped` where some cases could not be tried here. A check that
# fails does not end the script.
set -u

SOURCE=${ASSAY_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
ASSAY=${ASSAY:-$SOURCE/build/assay}
ASSAY_EDGE=${ASSAY_EDGE:-$SOURCE/build/assay-edge}
ASSAY_SHARED=${ASSAY_SHARED:-$SOURCE/../shared}
export ASSAY ASSAY_EDGE ASSAY_SHARED
TMP=$(mktemp -d "${TMPDIR:-/tmp}/assay-test.XXXXXX") || exit 3
export XDG_CACHE_HOME=$TMP/.cache # not that of whoever runs the tests
OUT=$TMP/.out
ERR=$TMP/.err
STATUS=0
n_passed=0
n_failed=0
n_skipped=0
finished=no
last_cmd=

end_of_test() {
    local pids
    pids=$(jobs -p)
    # shellcheck disable=SC2086
    [ -z "$pids" ] || kill $pids 2>/dev/null
    # A folder made read-only by a test must not stay behind.
    chmod -R u+rwX "$TMP" 2>/dev/null
    rm -rf "$TMP"
    case $finished in
    skipped) exit 77 ;;
    no)
        echo "FAILED: the script ended before its finish line"
        n_failed=$((n_failed + 1))
        ;;
    esac
    if [ $((n_passed + n_failed)) -eq 0 ]; then
        echo "FAILED: nothing was checked"
        n_failed=1
    fi
    echo "$n_passed passed, $n_failed failed$([ $n_skipped -eq 0 ] || echo ", $n_skipped skipped")"
    # With its status: a bare exit in a trap keeps the status from before it.
    exit $((n_failed > 0))
}
trap end_of_test EXIT
trap 'exit 130' INT TERM

pass() {
    n_passed=$((n_passed + 1))
}

# fail TEXT...: counts a failure and shows the command run last
fail() {
    n_failed=$((n_failed + 1))
    echo "FAILED at ${BASH_SOURCE[-1]##*/}:${BASH_LINENO[-2]}: $*"
    if [ -n "$last_cmd" ]; then
        echo "  command: $last_cmd (exit $STATUS)"
        [ ! -s "$OUT" ] || head -c 1500 "$OUT" | sed 's/^/  out: /'
        [ ! -s "$ERR" ] || head -c 1500 "$ERR" | sed 's/^/  err: /'
    fi
}

# run CMD...: keeps output and status, checks nothing. A command that hangs ends after $LIMIT seconds with 124.
run() {
    last_cmd=$*
    timeout -k 5 "${LIMIT:-120}" "$@" >"$OUT" 2>"$ERR" </dev/null
    STATUS=$?
}

# check WHAT CMD...: CMD (a test, a grep, a function) must succeed
check() {
    local what=$1
    shift
    if "$@"; then pass; else fail "$what"; fi
}

# expect_exit STATUS CMD...: runs CMD, which must end with that status
expect_exit() {
    local want=$1
    shift
    run "$@"
    if [ "$STATUS" -eq "$want" ]; then pass; else fail "exit status is $STATUS, not $want"; fi
}

# expect_out REGEX, expect_err REGEX: the output of the command run last has such a line
expect_out() {
    if grep -Eq -e "$1" "$OUT"; then pass; else fail "no line of the output matches '$1'"; fi
}
expect_err() {
    if grep -Eq -e "$1" "$ERR"; then pass; else fail "no line of the errors matches '$1'"; fi
}
expect_no_out() {
    if grep -Eq -e "$1" "$OUT"; then fail "a line of the output matches '$1'"; else pass; fi
}
expect_no_err() {
    if grep -Eq -e "$1" "$ERR"; then fail "a line of the errors matches '$1'"; else pass; fi
}
expect_quiet() {
    if [ -s "$ERR" ]; then fail "there is something on stderr"; else pass; fi
}

# expect_grep REGEX FILE
expect_grep() {
    if grep -Eq -e "$1" "$2"; then pass; else fail "no line of '$2' matches '$1'"; fi
}

expect_file() {
    if [ -e "$1" ]; then pass; else fail "there is no '$1'"; fi
}
expect_no_file() {
    if [ -e "$1" ]; then fail "there is a '$1'"; else pass; fi
}
expect_equal() {
    if [ "$1" = "$2" ]; then pass; else fail "'$1' is not '$2'"; fi
}

# count_objects WORKSPACE: how many records its packs have (src/store/pack.h)
count_objects() {
    cat "$1"/.assay/objects/packs/*.pack 2>/dev/null | grep -aoF ASRC | wc -l
}

# skip REASON: what this needs is not here
skip() {
    echo "skipped: $*"
    finished=skipped
    exit 77
}

# skip_case REASON: one case of the script cannot be tried here; the others go on
skip_case() {
    n_skipped=$((n_skipped + 1))
    echo "skipped: $*"
}

# await CMD...: until it holds, for half a minute at most
await() {
    local until=$((SECONDS + 30))
    until "$@" 2>/dev/null; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

# serve ARG...: `assay twin serve` in the background, until it says that it serves; $server is its process. What it says is in
# serve.out and serve.err.
serve() {
    "$ASSAY" twin serve "$@" >serve.out 2>serve.err &
    server=$!
    for _ in $(seq 300); do
        grep -q 'serving' serve.out serve.err 2>/dev/null && return 0
        kill -0 $server 2>/dev/null || break
        sleep 0.1
    done
    fail "it does not serve: $(cat serve.err)"
}

# ended: by a signal, with all tidy
ended() {
    kill -INT "$server"
    wait "$server"
    expect_equal "$?" 0
}

need_program() {
    [ -x "$ASSAY" ] || skip "'$ASSAY' is not built"
}
need_shared() {
    [ -e "$ASSAY_SHARED/$1" ] || skip "'$ASSAY_SHARED/$1' is not here"
}

finish() {
    finished=yes
    exit
}
