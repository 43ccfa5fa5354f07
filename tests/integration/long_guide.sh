#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the commands of the guide: in ```console blocks, the lines that begin with "$ ", page by page, each page in a fresh
# folder. A command must end with 0, or with N where the line ends with "# exit N". What needs photographs or models that
# are not here (a line with $ASSAY_SHARED) ends the page.
. "$(dirname "$0")/lib.sh"
need_program
LIMIT=600
[ "${ASSAY_SANITIZE:-none}" = none ] || skip 'a sanitizer makes it slow, and says nothing more here'
mkdir "$TMP/bin"
ln -s "$ASSAY" "$TMP/bin/assay"
[ ! -x "$ASSAY_EDGE" ] || ln -s "$ASSAY_EDGE" "$TMP/bin/assay-edge"
export PATH=$TMP/bin:$PATH

commands() { awk '/^```console/ {in_block = 1; next} /^```/ {in_block = 0} in_block && /^\$ / {print substr($0, 3)}' "$1"; }

pages=0
for page in "$SOURCE"/docs/guide/*.md; do
    mapfile -t lines < <(commands "$page")
    [ ${#lines[@]} -gt 0 ] || continue
    pages=$((pages + 1))
    work=$TMP/$(basename "$page" .md)
    mkdir "$work"
    cd "$work" || exit 3
    for line in "${lines[@]}"; do
        want=0
        [[ $line =~ \#\ exit\ ([0-9]+)$ ]] && want=${BASH_REMATCH[1]}
        if [[ $line == *ASSAY_SHARED* && ! -d $ASSAY_SHARED/data ]]; then
            skip_case "the rest of $(basename "$page") needs pictures that are not here"
            break
        fi
        echo "$(basename "$page"): $line"
        expect_exit "$want" bash -c "$line"
    done
done
check "no page of the guide has a command" [ "$pages" -gt 0 ]
finish
