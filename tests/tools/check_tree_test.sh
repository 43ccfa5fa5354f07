#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each rule of tools/check_tree and tools/check_symbols, broken on purpose.
. "$(dirname "$0")/../integration/lib.sh"

CHECK=$SOURCE/tools/check_tree
LICENCE='/* SPDX-License-Identifier: Apache-2.0 */'
HEAD="$LICENCE\n/* a.h - a.\n * Layer:   base.\n * Threads: any.\n * Memory:  none.\n */"
with() { # with FILE TEXT: a fresh tree with this file
    rm -rf "$TMP/t"
    mkdir -p "$TMP/t/$(dirname "$1")"
    printf '%b\n' "$2" >"$TMP/t/$1"
    run "$CHECK" "$TMP/t"
}
refuses() { # refuses REGEX
    expect_equal "$STATUS" 1
    expect_out "$1"
}
lines() { # lines N: N empty lines
    printf '%*s' "$1" '' | sed 's/ /\\n/g'
}

with src/base/a.h "$HEAD\n#ifndef A_H\n#define A_H\n#endif"
expect_equal "$STATUS" 0
expect_out '^ok: 1 files'

with src/base/a.c 'int as_a;'
refuses '^src/base/a.c:1: no licence line'
with src/base/a.h "$LICENCE"
refuses 'Layer:, Threads: and Memory:'
with src/base/a.h "$HEAD$(lines 120)"
refuses 'a header of 126 lines'
with src/base/a.c "$LICENCE$(lines 800)"
refuses 'a file of 801 lines'
with src/base/a.c "$LICENCE\nint f(void)\n{$(lines 62)}"
refuses '^src/base/a.c:3: a function of 61 lines: int f'
with src/base/a.c "$LICENCE\nint f(void)\n{$(lines 61)}"
expect_equal "$STATUS" 0
with src/base/a.c "$LICENCE\n/* TODO: more */"
refuses '^src/base/a.c:2: a note to do'
with src/base/a.c "$LICENCE\n    exit(1);"
refuses '^src/base/a.c:2: a library does not end'
with src/cli/main.c "$LICENCE\n    exit(1);"
expect_equal "$STATUS" 0
with src/base/a_test.c "$LICENCE\n    abort();"
expect_equal "$STATUS" 0
with src/base/a.c "$LICENCE\n\tint a;"
refuses 'a tab'
with src/base/a.c "$LICENCE\nint a; "
refuses 'blanks at the end'
with src/base/a_test.c "$LICENCE\n    symlink(\"/usr\", path);"
refuses '^src/base/a_test.c:2: a link out of the test'
with README.md 'see /work/main/x'
refuses '^README.md:1: a path of one machine'

if command -v gcc >/dev/null && command -v ar >/dev/null; then
    mkdir -p "$TMP/b/src"
    echo 'int as_fine; static int hidden; int as_use(void); int as_use(void) { return hidden; }' >"$TMP/a.c"
    gcc -c -o "$TMP/a.o" "$TMP/a.c" && ar rc "$TMP/b/src/libas_a.a" "$TMP/a.o"
    expect_exit 0 "$SOURCE/tools/check_symbols" "$TMP/b"
    expect_out '^ok: 2 symbols'
    echo 'int helper(void); int helper(void) { return 1; }' >"$TMP/a.c"
    gcc -c -o "$TMP/a.o" "$TMP/a.c" && ar rc "$TMP/b/src/libas_a.a" "$TMP/a.o"
    expect_exit 1 "$SOURCE/tools/check_symbols" "$TMP/b"
    expect_out 'symbol "helper" does not start with as_'
    echo 'int as_fine; int as_use(void); int as_use(void) { return 1; }' >"$TMP/a.c"
    gcc -c -o "$TMP/a.o" "$TMP/a.c" && ar rc "$TMP/b/src/libas_a.a" "$TMP/a.o"
    cp "$TMP/a.o" "$TMP/other.o" && ar rc "$TMP/b/src/libas_b.a" "$TMP/other.o"
    expect_exit 1 "$SOURCE/tools/check_symbols" "$TMP/b"
    expect_out 'other.o: symbol "as_use" is in a.o too'
fi
finish
