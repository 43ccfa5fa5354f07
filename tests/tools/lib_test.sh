#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tests' own helper must see what fails: each kind of failure gives exit 1 and is counted.
# shellcheck disable=SC2016
. "$(dirname "$0")/../integration/lib.sh"

script() { # script TEXT: runs it as a test
    printf '. "%s/tests/integration/lib.sh"\n%b\n' "$SOURCE" "$1" >"$TMP/t.sh"
    # Its summary is not ours: what counts the tests' lines shall not see it.
    run bash "$TMP/t.sh"
    sed -i 's/^/| /' "$OUT"
}

script 'expect_exit 0 true\nexpect_exit 3 bash -c "exit 3"\nfinish'
expect_equal "$STATUS" 0
expect_out '^\| 2 passed, 0 failed$'

script 'expect_exit 0 false\nexpect_exit 0 true\nfinish'
expect_equal "$STATUS" 1
expect_out '^\| 1 passed, 1 failed$'

script 'expect_exit 0 echo hello\nexpect_out "^hello$"\nexpect_out world\nexpect_err .\nexpect_no_out hell\nfinish'
expect_equal "$STATUS" 1
expect_out '^\| 2 passed, 3 failed$'

script 'expect_exit 0 true\nexit 0'
expect_equal "$STATUS" 1
expect_out 'ended before its finish line'

script 'finish'
expect_equal "$STATUS" 1
expect_out 'nothing was checked'

script 'skip "no such thing here"'
expect_equal "$STATUS" 77
expect_out '^\| skipped: no such thing here'

script 'expect_exit 0 true\nskip_case "no root"\nskip_case "no disk"\nfinish'
expect_equal "$STATUS" 0
expect_out '^\| skipped: no root$'
expect_out '^\| 1 passed, 0 failed, 2 skipped$'
script 'skip_case "no root"\nfinish'
expect_equal "$STATUS" 1 # a test all of whose cases are skipped says so with skip

script 'LIMIT=1\nexpect_exit 0 sleep 20\nfinish'
expect_equal "$STATUS" 1

script 'expect_exit 0 true\necho "$TMP" >'"$TMP"'/where\nmkdir "$TMP/ro" && chmod 500 "$TMP/ro"\nfinish'
expect_equal "$STATUS" 0
expect_no_file "$(cat "$TMP/where")"
finish
