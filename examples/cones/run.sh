#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a requirement file to a judged, running inspection, on an emulated camera. Everything lands in demo/cones.
#   examples/cones/run.sh [DIR]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
assay=${ASSAY:-$root/build/assay}
dir=${1:-$root/demo/cones}

if [ -e "$dir" ] && [ ! -f "$dir/assay.yaml" ]; then
    echo "run.sh: '$dir' exists and is no project of assay (name another folder: examples/cones/run.sh DIR)" >&2
    exit 2
fi
rm -rf "$dir"

bold='' plain=''
[ -t 1 ] && bold=$'\033[1m' plain=$'\033[0m'
step() { printf '\n%s# %s%s\n' "$bold" "$1" "$plain"; }
run() {
    printf '%s$ assay %s%s\n' "$bold" "$*" "$plain"
    "$assay" "$@"
}
began=$SECONDS

step 'What must be true: assay.yaml'
run init "$dir" --example cones
cd "$dir"
sed -n '2,$p' assay.yaml

step 'Six hundred parts from the emulated camera, each checked on its way in'
run capture --parts 600

step 'The baseline that learns nothing, and a small network from scratch'
run train --trainer rule
run train --trainer cnn
run runs

step 'How good is the better one, on parts it has never seen?'
run eval

step 'The line: a thousand new parts, each with a verdict by its deadline'
run run --camera 'twin:cones?from=100001' --parts 1000 --fast

step 'Which requirement is met, by which evidence?'
status=0
run check || status=$?

run report
printf '\nThe whole demo took %d s. Look at the report: %s/report.html\n' $((SECONDS - began)) "$dir"
exit "$status"
