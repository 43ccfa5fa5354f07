#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Eighty-five photographs of cookies, a backbone from elsewhere and a trained head.
#   examples/cookies/run.sh COOKIE-FOLDER BACKBONE.onnx [DIR]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
assay=${ASSAY:-$here/../../build/assay}
data=${1:?name the folder of the photographs (train/ and test/, one sub-folder a class)}
backbone=${2:?name the backbone, an ONNX file}
work=${3:-$here/../../demo/cookies}
rm -rf "$work"
mkdir -p "$work"
cp "$here/assay.yaml" "$work/assay.yaml"
cd "$work"
"$assay" import "$data"
"$assay" train --trainer rule
# SqueezeNet's input is BGR less the mean, unscaled; a model file that says so itself needs no such words.
"$assay" train --trainer head --backbone "$backbone" --input-order bgr --input-mean 104,117,123 --input-scale 1,1,1
"$assay" eval last
# Twenty-two test photographs cannot prove 90 %: the table says how many more would do.
"$assay" check last || [ $? -eq 1 ]
"$assay" report last
