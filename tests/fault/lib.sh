# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# lib.sh - what the fault tests share: those of tests/integration/lib.sh, and
#
#     times 400 10000      # TIMES: what --times says, else 10000 with ASSAY_FAULT_FULL=1, else 400
#     fast_dir             # FAST: a folder in memory where there is one (--dir says another)
. "$(dirname "${BASH_SOURCE[0]}")/../integration/lib.sh"

ASSAY_FAULT_BUILD=${ASSAY_BUILD:-$SOURCE/build}/tests/fault
export ASSAY_FAULT_BUILD
TIMES=
SEED=${SEED:-1}
FAST=${TMPDIR:-/tmp}
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || FAST=/dev/shm

fault_usage() {
    echo "usage: ${0##*/} [--times N] [--seed N] [--dir DIR]: how often, with which random numbers, in which folder"
}

while [ $# -gt 0 ]; do
    case $1 in
    --times) TIMES=$2 ;;
    --seed) SEED=$2 ;;
    --dir)
        # shellcheck disable=SC2034 # the tests read it
        FAST=$2
        ;;
    -h | --help)
        fault_usage
        finished=skipped
        trap - EXIT
        rm -rf "$TMP"
        exit 0
        ;;
    *)
        echo "'$1' is no option" >&2
        fault_usage >&2
        trap - EXIT
        rm -rf "$TMP"
        exit 2
        ;;
    esac
    shift 2 || exit 2
done

times() {
    [ -n "$TIMES" ] || if [ "${ASSAY_FAULT_FULL:-0}" = 1 ]; then TIMES=$2; else TIMES=$1; fi
}

need_fault() {
    need_program
    [ -x "$ASSAY_FAULT_BUILD/fault_$1" ] || skip "'$ASSAY_FAULT_BUILD/fault_$1' is not built (sanitizers leave it out)"
}

# make_folders: pictures in 40 folders of two classes each, a few of which hold a file that is none
make_folders() {
    local i make=${ASSAY_BUILD:-$SOURCE/build}/tests/integration/make_pictures
    ASSAY_FAULT_PICTURES=$TMP/pictures
    export ASSAY_FAULT_PICTURES
    for i in $(seq 0 39); do
        mkdir -p "$ASSAY_FAULT_PICTURES/p$i/good" "$ASSAY_FAULT_PICTURES/p$i/bad"
        "$make" grey.png $((1000 * i + 1)) "$ASSAY_FAULT_PICTURES/p$i/good" 2
        "$make" grey.png $((1000 * i + 501)) "$ASSAY_FAULT_PICTURES/p$i/bad" 2
        [ $((i % 4)) -ne 1 ] || echo no picture >"$ASSAY_FAULT_PICTURES/p$i/bad/text.jpg"
    done
}

# expect_pass CMD...: runs it, shows what it says
expect_pass() {
    last_cmd=$*
    "$@" </dev/null 2>&1 | tee "$OUT"
    STATUS=${PIPESTATUS[0]}
    : >"$ERR"
    if [ "$STATUS" -eq 0 ]; then pass; else fail "exit status is $STATUS"; fi
}
