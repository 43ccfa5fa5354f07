#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay model: what is in an ONNX file, what runs it, and what two of them differ in.
. "$(dirname "$0")/lib.sh"
need_program
"$ASSAY" -q init "$TMP/ws" --example cones
cd "$TMP/ws" || exit 3

# Which model?
expect_exit 2 "$ASSAY" model show
expect_err 'no run yet \(train one with'
expect_exit 2 "$ASSAY" model show nothing
expect_err "there is no file 'nothing', and no run: no run"
expect_exit 2 "$ASSAY" model show folder/nothing
expect_err "'folder/nothing'"
expect_exit 2 "$ASSAY" model show nothing.onnx
expect_err "'nothing.onnx'"
expect_exit 2 "$ASSAY" -C "$TMP" model show last
expect_err "there is no file 'last', and no run: no assay.yaml in"
expect_exit 2 "$ASSAY" model diff one
expect_err 'a word is missing: assay model diff MODEL MODEL'
expect_exit 2 "$ASSAY" model show assay.yaml
expect_err "cannot use model 'assay.yaml': not an ONNX model"

expect_exit 0 "$ASSAY" -q capture --parts 40
expect_exit 0 "$ASSAY" -q train --trainer cnn --epochs 1
expect_exit 0 "$ASSAY" -q train --trainer cnn --epochs 1 --seed 2
model=.assay/runs/1-cnn/model.onnx

# --- show ---
expect_exit 0 "$ASSAY" model show 1
expect_quiet
expect_out '^run 1-cnn  [0-9.]+ MB, ONNX IR 8, operator set 17$'
expect_out '^made by  assay'
expect_out '^licence  \(it does not say\)$'
expect_out "^input    'input' f32 1x3x144x192, dimension 0 is 'N'$"
expect_out '^  labels: good missing_topping spillage broken$'
expect_out '^conv1_node +Conv +1x16x72x96 +448 +2.99 M$'
expect_out '^probabilities_node +Softmax +1x4 *$'
expect_out '^303 k parameters \(1.21 MB\), 77.3 M multiply-adds'
expect_out "at most for what is on its way, at '"
cp "$OUT" "$TMP/by_run"
expect_exit 0 "$ASSAY" model show $model
check 'a run and its file are shown differently' diff <(tail -n +2 "$TMP/by_run") <(tail -n +2 "$OUT")
expect_exit 0 "$ASSAY" model show 1 --limit 2
expect_out '^\.\.\. and 27 more$'
expect_no_out '^conv3_node'
expect_exit 0 "$ASSAY" model show 1 --batch 2 --json
mv "$OUT" "$TMP/show.json"
expect_exit 0 python3 -c '
import json, sys
m = json.load(open(sys.argv[1]))
layers, total = m["layers"], m["totals"]
assert m["inputs"] == [{"name": "input", "type": "f32", "shape": [2, 3, 144, 192], "symbols": ["N", None, None, None]}], m["inputs"]
assert m["opset"] == 17 and m["producer"] == "assay" and m["licence"] is None and m["metadata"]["assay.trainer"] == "cnn"
assert total["parameters"] == sum(l["parameters"] for l in layers) == 303204, total
assert total["parameter_bytes"] == 4 * total["parameters"]
assert total["multiply_adds"] == sum(l["multiply_adds"] for l in layers)
conv = layers[0]
assert conv["operator"] == "Conv" and conv["outputs"][0]["shape"] == [2, 16, 72, 96]
assert conv["multiply_adds"] == 2 * 16 * 72 * 96 * 27, conv
relu = 2 * 2 * 16 * 72 * 96 * 4 # its input and its output
assert total["peak_bytes"] == relu, total' "$TMP/show.json"

# A size of the input: what follows has it too.
expect_exit 0 "$ASSAY" model show 1 --input input=1x3x288x192
expect_out '^conv1_node +Conv +1x16x144x96 '
expect_exit 2 "$ASSAY" model show 1 --input input=1x3x0x192
expect_err "'input=1x3x0x192' is no name with a shape, as data=1x3x224x224"
expect_exit 2 "$ASSAY" model show 1 --input other=1x3x288x192
expect_err "has no input 'other'"
expect_exit 0 "$ASSAY" model show 1 --input input=1x4x288x192 # four channels do not fit: shown as far as it goes
expect_err 'not every shape is known: .*its input has 4 channels, its weights take 3'
expect_out '^conv1_node +Conv +\? '
expect_out '^how much memory is not known'

# --- check ---
expect_exit 0 "$ASSAY" model check
expect_out '^native +yes'
expect_out '^run [12]-cnn: the native engine runs it$'
expect_exit 0 "$ASSAY" model check 1 --json
expect_out '"refusals":\[\],"runs":true'
expect_exit 1 "$ASSAY" model check 1 --input input=1x4x144x192
expect_out "^node 'conv1_node' \(Conv\): its input has 4 channels, its weights take 3 \[no back end runs it\]$"
expect_out '^run 1-cnn: the native engine does not run it$'
expect_exit 0 env ASSAY_ORT=/nowhere/lib.so "$ASSAY" model check 1
expect_out '^ort +no +.*/nowhere/lib.so'

# Sizes left open, and sizes that nobody has the memory for.
python3 - $model "$TMP/open.onnx" <<'PY'
import sys
model = open(sys.argv[1], "rb").read()
sizes = b"\x0a\x03\x08\x90\x01\x0a\x03\x08\xc0\x01" # dim_value 144, dim_value 192
assert model.count(sizes) == 1
open(sys.argv[2], "wb").write(model.replace(sizes, b"\x0a\x03\x12\x01H\x0a\x03\x12\x01W"))
PY
expect_exit 0 "$ASSAY" model show "$TMP/open.onnx"
expect_out "^input    'input' f32 1x3x\?x\?, dimension 0 is 'N'; dimension 2 is 'H'; dimension 3 is 'W'$"
expect_out '^conv1_node +Conv +1x16x\?x\? +448 +\?$'
expect_out '^how much memory is not known: a size is open \(give it with --input NAME=SHAPE\)$'
expect_exit 1 "$ASSAY" model check "$TMP/open.onnx"
expect_out "^input 'input': its size 1x3x\?x\? is open \(say which, as: --input NAME=1x3x224x224\) "
expect_out '^ort +no +not asked: the size of an input is open$'
expect_exit 0 "$ASSAY" model check "$TMP/open.onnx" --input input=2x3x96x64
expect_exit 1 "$ASSAY" model diff 1 "$TMP/open.onnx"
expect_out "^~ input 'input'  f32 \?x3x144x192 -> f32 \?x3x\?x\?$"
expect_exit 1 "$ASSAY" model check 1 --input input=64x3x1440x1920
expect_out "^node 'relu1_node' \(Relu\): values on their way take 5.66 GB here, more than the 4.29 GB that are tried "
expect_exit 2 "$ASSAY" model check 1 --input input=1x3x65536x65536
expect_err "input 'input': its 1x3x65536x65536 numbers are more than a tensor may have"

# Operators that are not on the list: all of them are told, and no back end gets them.
LC_ALL=C sed 's/Relu/Loop/g' $model >"$TMP/loop.onnx"
expect_exit 1 "$ASSAY" model check "$TMP/loop.onnx"
expect_equal "$(grep -c "(Loop): uses operator 'Loop', which is not on the list .* \[no back end runs it\]" "$OUT")" 7
expect_out '^ort +no +not asked: the reader refuses the model$'
expect_exit 1 "$ASSAY" model check "$TMP/loop.onnx" --json
expect_out '"node":"relu1_node","operator":"Loop","reason":"uses operator .Loop., which is not on the list'
expect_exit 2 "$ASSAY" model show "$TMP/loop.onnx"
expect_err "node 'relu1_node' uses operator 'Loop'.*\(every reason: assay model check\)"
expect_exit 2 "$ASSAY" model diff "$TMP/loop.onnx" 1
expect_err "node 'relu1_node' uses operator 'Loop'"
expect_exit 0 "$ASSAY" help model
expect_out 'Operators on the list: Conv '
head -c 5000 $model >"$TMP/short.onnx"
expect_exit 2 "$ASSAY" model check "$TMP/short.onnx"
expect_err "short.onnx': not an ONNX model, or cut short"

# What another back end runs.
half=$ASSAY_SHARED/models/SqueezeNet_fp16.onnx
if [ -e "$half" ]; then
    expect_exit 0 "$ASSAY" model check "$half" # widened to f32 as it is opened
    expect_out '^native  *yes'
    expect_exit 0 "$ASSAY" model show "$half"
    expect_out "^input    'data_0' f16 1x3x224x224$"
    expect_exit 1 "$ASSAY" model diff "$half" "$ASSAY_SHARED/models/squeezenet1.1_fp32_from_winml_fp16.onnx"
    expect_out "^~ constant 'conv1_w_0'  f16 64x3x3x3 -> f32 64x3x3x3$" # the same numbers
    expect_out 'differ: 0 added, 0 removed, 54 changed$'
else
    skip_case "no '$half'"
fi

# --- diff ---
expect_exit 0 "$ASSAY" model diff 1 $model
expect_out "^run 1-cnn and $model are equal$"
expect_exit 0 "$ASSAY" model diff 1 1 --json
expect_out '^\{"a":"run 1-cnn","b":"run 1-cnn","differences":\[\],"equal":true,"n":0\}$'
expect_exit 1 "$ASSAY" model diff 1 last
expect_out "^~ constant 'conv1.weight'  432 of 432 numbers differ, by [0-9.e-]+ at most \(number [0-9]+\)$"
expect_out '^run 1-cnn and run 2-cnn differ: 0 added, 0 removed, [0-9]+ changed; numbers by [0-9.e-]+ at most$'
expect_no_out '^~ (node|input|output|metadata|model)'
expect_exit 1 "$ASSAY" model diff 1 2 --limit 1
expect_equal "$(grep -c '^~' "$OUT")" 1
expect_out '^\.\.\. and [0-9]+ more$'
LC_ALL=C sed 's/good missing_topping/good_missing_topping/' $model >"$TMP/meta.onnx"
expect_exit 1 "$ASSAY" model diff 1 "$TMP/meta.onnx"
expect_out "^~ metadata 'labels'  good missing_topping spillage broken -> good_missing_topping spillage broken$"
expect_exit 1 "$ASSAY" model diff 1 2 --json
expect_out '"equal":false'
LC_ALL=C sed 's/relu1_node/RELU1_node/g' $model >"$TMP/name.onnx"
expect_exit 1 "$ASSAY" model diff 1 "$TMP/name.onnx"
expect_out "^\+ node 'RELU1_node'  Relu$"
expect_out "^- node 'relu1_node'  Relu$"

# A text of the file is no command to the terminal.
LC_ALL=C sed 's/relu1_node/\x1b[2J\x07_node/g' $model >"$TMP/escape.onnx"
for what in show check; do
    run "$ASSAY" model $what "$TMP/escape.onnx"
    expect_equal "$(cat "$OUT" "$ERR" | LC_ALL=C grep -c $'\033')" 0
done
expect_exit 0 "$ASSAY" model show "$TMP/escape.onnx"
expect_out '^\\x1b\[2J\\x07_node +Relu'

# --- rows that are counted when the model runs: followed row by row, and refused by the node that needs their number ---
counted=$SOURCE/tests/fuzz/corpus/engine
for rows in rows0 rows7 rows_padded rows_padded_flat; do
    expect_exit 0 "$ASSAY" model check "$counted/$rows.onnx"
    expect_out '^native +yes'
done
expect_exit 1 "$ASSAY" model check "$counted/rows_split.onnx"
expect_out "^native +no .*node 'o0' \(Split\): how many rows 'kept' has is seen when it is computed"
expect_out "\(--backend ort\)"
expect_no_out "GatherND"
finish
