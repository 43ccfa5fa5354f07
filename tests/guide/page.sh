#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# page.sh PAGE: runs the commands of a page of the guide: in ```console blocks, the lines that begin with "$ ", in a fresh
# folder. A command must end with 0, or with N where the line ends with "# exit N". What needs photographs or models that
# are not here (a line with $ASSAY_SHARED) ends the page. Lines of such a block that follow a command are lines of its output:
# each must be one of them.
. "$(dirname "$0")/../integration/lib.sh"
need_program
LIMIT=600
[ "${ASSAY_SANITIZE:-none}" = none ] || skip 'a sanitizer makes it slow, and says nothing more here'
page=$1
mkdir "$TMP/bin" "$TMP/work"
ln -s "$ASSAY" "$TMP/bin/assay"
[ ! -x "$ASSAY_EDGE" ] || ln -s "$ASSAY_EDGE" "$TMP/bin/assay-edge"
export PATH=$TMP/bin:$PATH

mapfile -t lines < <(
    awk '/^```console/ {in_block = 1; next} /^```/ {in_block = 0}
         in_block && /^\$ / {print substr($0, 3)}
         in_block && !/^\$ / && NF {print "|" $0}' "$page"
)
[ ${#lines[@]} -gt 0 ] || skip "no command on this page"
cd "$TMP/work" || exit 3
for line in "${lines[@]}"; do
    if [[ $line == \|* ]]; then
        if grep -Fxq -e "${line#|}" "$OUT"; then pass; else fail "the output has no line '${line#|}'"; fi
        continue
    fi
    want=0
    [[ $line =~ \#\ exit\ ([0-9]+)$ ]] && want=${BASH_REMATCH[1]}
    if [[ $line == *ASSAY_SHARED* && ! -d $ASSAY_SHARED/data ]]; then
        skip_case "the rest of $(basename "$page") needs pictures that are not here"
        break
    fi
    echo "$line"
    expect_exit "$want" bash -c "$line"
done
finish
