#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Printed circuit boards on an emulated camera: golden pictures find what no rule over colours and edges does.
#   examples/boards/run.sh [DIR [PARTS]]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
assay=${ASSAY:-$root/build/assay}
dir=${1:-$root/demo/boards}
parts=${2:-600}

if [ -e "$dir" ] && [ ! -f "$dir/assay.yaml" ]; then
    echo "run.sh: '$dir' exists and is no project of assay (name another folder: examples/boards/run.sh DIR)" >&2
    exit 2
fi
rm -rf "$dir"
"$assay" init "$dir" --example boards
cd "$dir"
"$assay" capture --parts "$parts"
"$assay" train --trainer rule
"$assay" train --trainer golden
"$assay" eval last
"$assay" run --run last --camera 'twin:pcb?from=100001' --parts "$parts" --fast
status=0
"$assay" check last || status=$?
"$assay" report last
exit "$status"
