#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Macro F1 on the X-SDD pictures of steel strip, one line for each split and their mean.
#   examples/steel/run.sh X-SDD-FOLDER [--trainer head|cnn|rule] [--backbone FILE] [--seeds '1 2 3'] [--dir DIR]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
assay=${ASSAY:-$here/../../build/assay}
trainer=head seeds='1 2 3 4 5' backbone='' dir=$here/../../demo/steel data=''
while [ $# -gt 0 ]; do
    case $1 in
    --trainer) trainer=$2 && shift ;;
    --backbone) backbone=$2 && shift ;;
    --seeds) seeds=$2 && shift ;;
    --dir) dir=$2 && shift ;;
    -*) echo "run.sh: unknown option '$1'" >&2 && exit 2 ;;
    *) data=$1 ;;
    esac
    shift
done
[ -d "$data" ] || { echo "run.sh: name the folder of the X-SDD pictures (one sub-folder a class)" >&2 && exit 2; }
options=(--trainer "$trainer")
# The backbone of the measured figures: SqueezeNet 1.1, whose input is BGR less the mean, unscaled.
# shellcheck disable=SC2054 # the commas belong to the numbers
[ "$trainer" != head ] || options+=(--backbone "$backbone" --input-order bgr --input-mean 104,117,123 --input-scale 1,1,1)

sum=0 n=0
for seed in $seeds; do
    work=$dir/$trainer-$seed
    rm -rf "$work"
    mkdir -p "$work"
    cp "$here/assay.yaml" "$work/assay.yaml"
    "$assay" -C "$work" -q import "$data" --split-seed "$seed" >"$work/import.log"
    began=$SECONDS
    "$assay" -C "$work" -q train "${options[@]}" --seed "$seed" >"$work/train.log"
    took=$((SECONDS - began))
    f1=$("$assay" -C "$work" -q eval --json | sed -n 's/.*"macro_f1":{[^}]*"value":\([0-9.e-]*\).*/\1/p' | head -n 1)
    printf '%s, split seed %s: macro F1 %.4f on the test split (training %d s)\n' "$trainer" "$seed" "$f1" "$took"
    sum=$(awk "BEGIN {print $sum + $f1}")
    n=$((n + 1))
done
awk "BEGIN {printf \"%s, mean of %d splits: macro F1 %.4f\\n\", \"$trainer\", $n, $sum / $n}"
