#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How many labels a given macro F1 costs when the model says what to label next, and when chance does.
#   examples/steel/label.sh X-SDD-FOLDER [--backbone FILE] [--methods 'uncertain diverse disagreement random']
#       [--seeds '1 2 3'] [--rounds 5] [--step 40] [--dir DIR]
# Each line: method, split seed, labels in training, macro F1 on the test split, which is the same for all of a seed. Then
# the means over the seeds, a method a line.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
assay=${ASSAY:-$here/../../build/assay}
methods='uncertain diverse disagreement random'
backbone='' seeds='1 2 3' rounds=5 step=40 dir=$here/../../demo/steel-label data=''
while [ $# -gt 0 ]; do
    case $1 in
    --backbone) backbone=$2 && shift ;;
    --methods) methods=$2 && shift ;;
    --seeds) seeds=$2 && shift ;;
    --rounds) rounds=$2 && shift ;;
    --step) step=$2 && shift ;;
    --dir) dir=$2 && shift ;;
    -*) echo "label.sh: unknown option '$1'" >&2 && exit 2 ;;
    *) data=$1 ;;
    esac
    shift
done
[ -d "$data" ] || { echo "label.sh: name the folder of the X-SDD pictures (one sub-folder a class)" >&2 && exit 2; }
# shellcheck disable=SC2054 # the commas belong to the numbers
options=(--trainer head --backbone "$backbone" --input-order bgr --input-mean 104,117,123 --input-scale 1,1,1)
prefix=x
classes=$(cd "$data" && find . -mindepth 1 -maxdepth 1 -type d | sed 's|^\./||' | sort)

# names on stdin: a sample's own folder is the truth that a person would see
label_truly() {
    local names class mine
    names=$(cat)
    while read -r class; do
        mapfile -t mine < <(grep "^$prefix/$class/" <<<"$names" || true)
        [ ${#mine[@]} -eq 0 ] || "$assay" -C "$work" -q label set "$class" "${mine[@]}" >/dev/null
    done <<<"$classes"
}
names_of() { # the names in a JSON list, one a line
    grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

mkdir -p "$dir"
results=$dir/results.txt
: >"$results"
for seed in $seeds; do
    for method in $methods; do
        work=$dir/$method-$seed
        rm -rf "$work"
        mkdir -p "$work"
        cp "$here/assay.yaml" "$work/assay.yaml"
        "$assay" -C "$work" -q import "$data" --prefix $prefix --split-seed "$seed" >"$work/import.log"
        names=$("$assay" -C "$work" data ls --where split=train --json | names_of)
        "$assay" -C "$work" -q label clear --where split=train >/dev/null
        # Five of each class to begin with, the same for all methods.
        while read -r class; do
            grep "^$prefix/$class/" <<<"$names" | shuf -n 5 --random-source=<(yes "$seed")
        done <<<"$classes" | label_truly
        for ((round = 0; round <= rounds; round++)); do
            "$assay" -C "$work" -q train "${options[@]}" --seed "$seed" >"$work/train.log"
            f1=$("$assay" -C "$work" -q eval last --json | sed -n 's/.*"macro_f1":{[^}]*"value":\([0-9.e-]*\).*/\1/p' | head -n 1)
            n=$("$assay" -C "$work" data ls --where 'split=train and labelled' --json | names_of | wc -l)
            printf '%s, split seed %s: %d labels, macro F1 %.4f\n' "$method" "$seed" "$n" "$f1" | tee -a "$results"
            [ "$round" -eq "$rounds" ] ||
                "$assay" -C "$work" label next --run last --method "$method" --seed "$seed$round" -l "$step" --json | names_of | label_truly
        done
    done
done
awk -F'[,: ]+' '
    { sum[$1, $5] += $9; n[$1, $5]++; if (!($1 in seen)) order[++n_methods] = $1; seen[$1] = 1
      if (!($5 in at)) labels[++n_labels] = $5; at[$5] = 1 }
    END {
        printf "mean macro F1 with labels:"
        for (k = 1; k <= n_labels; k++) printf " %7d", labels[k]
        for (m = 1; m <= n_methods; m++) {
            printf "\n%-26s", order[m]
            for (k = 1; k <= n_labels; k++) printf " %7.4f", sum[order[m], labels[k]] / n[order[m], labels[k]]
        }
        printf "\n" }' "$results"
