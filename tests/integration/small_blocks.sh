#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What oneDNN asks C++'s operators for comes to the programs' own (src/engine/heap.c): the linker of the system says so.
. "$(dirname "$0")/lib.sh"

# serves PROGRAM: libdnnl's operators, and those of the C++ library, are the program's.
# shellcheck disable=SC2317 # check calls it
serves() {
    local program=$1 library symbol
    LD_BIND_NOW=1 LD_DEBUG=bindings run "$program" --version
    [ "$STATUS" -eq 0 ] || return 1
    for library in libdnnl 'libstdc[+][+]'; do
        for symbol in _Znwm _ZdlPv; do
            grep -qE "binding file [^ ]*/$library\.so[^ ]* \[0\] to $program \[0\]: normal symbol .$symbol'" "$ERR" ||
                return 1
        done
    done
}

LD_DEBUG=bindings run "$ASSAY" --version
grep -q 'binding file' "$ERR" || skip 'the linker of this system does not tell what it binds'
grep -q 'libdnnl.so' "$ERR" || skip 'oneDNN is linked in'
! grep -qE 'lib(asan|tsan)\.so' "$ERR" || skip 'a sanitizer has operators of its own'
check 'assay serves oneDNN' serves "$ASSAY"
check 'assay-edge serves oneDNN' serves "$ASSAY_EDGE"
finish
