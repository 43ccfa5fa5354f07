#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/setup without a network: a package manager and an npm of our own stand in front.
. "$(dirname "$0")/../integration/lib.sh"
command -v dpkg-query >/dev/null || skip "this is not Debian"

export ASSAY_PREFIX=$TMP/prefix
mkdir -p "$TMP/bin"
fake() { # fake NAME TEXT: a program that stands before the real one
    printf '#!/bin/bash\n%b\n' "$2" >"$TMP/bin/$1"
    chmod +x "$TMP/bin/$1"
}
setup() {
    PATH=$TMP/bin:$PATH run "$SOURCE/tools/setup" "$@"
}

setup --help
expect_equal "$STATUS" 0
expect_out '--minimal'
setup --nonsense
expect_equal "$STATUS" 2

# All packages are here: --check is silent; then one is not.
# shellcheck disable=SC2016
fake dpkg-query 'shift 2; printf "ii  %s\\n" "$@"'
setup --check --no-ort
expect_equal "$STATUS" 0
expect_no_out .
setup --check
expect_equal "$STATUS" 1
expect_out '^library .*libonnxruntime.so.1'
# shellcheck disable=SC2016
fake dpkg-query 'shift 2; printf "ii  %s\\n" "$@" | grep -v libpng-dev'
setup --check --no-ort
expect_equal "$STATUS" 1
expect_out '^package libpng-dev$'
expect_no_out aravis

# Neither root nor sudo: says what root is to do.
fake id 'echo 1000'
fake apt-get 'exit 100'
if ! command -v sudo >/dev/null; then
    setup --no-ort
    expect_equal "$STATUS" 3
    expect_err 'needs root.*apt-get install libpng-dev'
fi

# apt-get cannot: says which.
fake id 'echo 0'
setup --no-ort
expect_equal "$STATUS" 3
expect_err 'apt-get'

# A package that is not what it must be leaves nothing behind.
# shellcheck disable=SC2016
fake dpkg-query 'shift 2; printf "ii  %s\\n" "$@"'
fake npm 'echo not a tarball > onnxruntime-node-1.30.0.tgz'
setup
expect_equal "$STATUS" 3
expect_err 'not what it must be'
expect_no_file "$TMP/prefix/lib/libonnxruntime.so.1"
check 'no left-overs' test -z "$(ls -d "$TMP"/prefix/fetch.* 2>/dev/null)"
fake npm 'exit 1'
setup
expect_equal "$STATUS" 3
expect_err 'npm could not fetch'
finish
