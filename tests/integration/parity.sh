#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay parity: the same verdicts in every back end, and what it says where whole numbers make them flip.
. "$(dirname "$0")/lib.sh"
need_program
WS=$TMP/ws

expect_exit 2 "$ASSAY" -C "$TMP" parity
expect_err "no assay.yaml in"
expect_exit 0 "$ASSAY" init "$WS" --example cones
expect_exit 2 "$ASSAY" -C "$WS" parity
expect_err "no run yet \(train one with: assay train\)"
expect_exit 0 "$ASSAY" -C "$WS" capture --camera "twin:cones" --parts 60
expect_exit 0 "$ASSAY" -C "$WS" train --trainer rule

# --- whole numbers: a tree of decisions does not survive them, and it says which pictures ---
expect_exit 1 "$ASSAY" -C "$WS" parity --precision int8 --html "$TMP/page.html" --scores "$TMP/scores.csv"
expect_quiet
expect_out "^run 1-rule on every split of commit [0-9a-f]{12}: 60 pictures, 60 parts"
expect_out "^operating point of run 1-rule: passes below"
expect_out "^native +f32 .* the reference$"
expect_out "^native +int8 +[1-9][0-9]* "
expect_out "^native int8 judges otherwise:$"
expect_out "^  cones-1/[0-9]{6}\.png: [a-z_]+ \([a-z]+, [01]\.[0-9]{4}\) -> "
expect_out "^parity does not hold \(0 flipped allowed: parity.max_flips\)$"
expect_file "$TMP/page.html"
check "the page shows what flipped" grep -q "What is judged otherwise" "$TMP/page.html"
check "the page shows pictures" grep -q "data:image/jpeg;base64," "$TMP/page.html"
check "the first line of the scores" grep -qx \
    'sample,part,backend,precision,verdict,class,flipped,difference,reject_score,good,missing_topping,spillage,broken' "$TMP/scores.csv"
flipped=$(grep -c ',native,int8,.*,1,' "$TMP/scores.csv")
check "a flip is in the scores" [ "$flipped" -gt 0 ]

expect_exit 1 "$ASSAY" -C "$WS" parity 1 --precision int8 --json
expect_quiet
expect_out '"holds":false'
expect_out "\"n_flipped\":$flipped,"
expect_out '"flips":\[\{"class_flipped":(true|false),"difference":.*"sample":"cones-1/[0-9]{6}.png"'

# The same pictures by one thread, and one split of them.
same() { sed -E 's/"seconds":[0-9.e+-]+//g' "$1"; }
cp "$OUT" "$TMP/first.json"
expect_exit 1 "$ASSAY" -C "$WS" parity 1 --precision int8 --json --threads 1
expect_equal "$(same "$OUT" | sha256sum)" "$(same "$TMP/first.json" | sha256sum)"
run "$ASSAY" -C "$WS" parity 1 --precision int8 --json --split test
expect_out '"split":"test"'
expect_out '"n_samples":1[0-9],'

# --- what assay.yaml allows ---
printf '\nparity: {max_flips: 60}\n' >>"$WS/assay.yaml"
expect_exit 0 "$ASSAY" -C "$WS" parity 1 --precision int8
expect_out "^parity holds \(60 flipped allowed: parity.max_flips\)$"

# --- bfloat16, of processors that have it ---
run "$ASSAY" doctor --no-cameras
if grep -Eq '^instructions .*amx_bf16' "$OUT" ||
    { grep -Eq '^instructions .*avx512_bf16' "$OUT" && grep -q AuthenticAMD /proc/cpuinfo; }; then
    run "$ASSAY" -C "$WS" parity 1 --precision bf16
    expect_out '^native +bf16 '
else
    expect_exit 2 "$ASSAY" -C "$WS" parity 1 --precision bf16
    expect_err 'bf16 needs a processor with .*AMX'
    run "$ASSAY" -C "$WS" parity 1 --precision all
    expect_out '^native +int8 +[1-9]'
    expect_out '^native +bf16 .* bf16 needs a processor with .*AMX'
    skip_case 'this processor computes bf16 no faster than f32: parity of bf16 was not tried'
fi

# --- a file; wrong use ---
expect_exit 0 "$ASSAY" -C "$WS" parity "$WS/.assay/runs/1-rule/model.onnx" --data main --precision int8 --json
expect_out '"judged_by":"1-rule"'
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --run 1
expect_err "\-\-run is for a model that is a file"
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --data nothing
expect_err "'nothing' names no commit"
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --precision int4
expect_exit 2 "$ASSAY" -C "$WS" parity "$TMP/no.onnx"
head -c 500 "$WS/.assay/runs/1-rule/model.onnx" >"$TMP/half.onnx"
expect_exit 2 "$ASSAY" -C "$WS" parity "$TMP/half.onnx"
expect_err "half.onnx"

# One back end alone compares nothing, and does not say that all is well.
expect_exit 3 env ASSAY_ORT="$TMP/nowhere.so" "$ASSAY" -C "$WS" parity 1
expect_err "there are not two to compare: ort f32 cannot run"

# --- which back ends ---
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --backend nativ,ort
expect_err "no back end 'nativ' \(did you mean 'native'\?\)"
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --backend native,native
expect_err "'native' is named twice"
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --backend native
expect_err "there are not two to compare: native f32 is alone \(name another back end, or a precision\)"
for list in "," "native," ",native" "native,,ort"; do
    expect_exit 2 "$ASSAY" -C "$WS" parity 1 --backend "$list"
    expect_err "\-\-backend '$list' has a name missing"
done
expect_exit 2 "$ASSAY" -C "$WS" parity 1 --backend native,ort,ort:cpu,auto,ort:cuda,ort:openvino
expect_err "more than 5 back ends"
expect_exit 0 "$ASSAY" -C "$WS" parity 1 --backend native --precision int8
expect_out "^native +int8 "
expect_no_out "^ort"
expect_exit 3 env ASSAY_ORT="$TMP/nowhere.so" "$ASSAY" -C "$WS" parity 1 --backend native,ort --precision int8
expect_err "ort: "

# --- with ONNX Runtime ---
if "$ASSAY" doctor 2>/dev/null | grep -qiE 'onnx ?runtime [0-9]'; then
    expect_exit 0 "$ASSAY" -C "$WS" parity 1
    expect_out "^ort +f32 +0 +0 +0 "
    expect_exit 0 "$ASSAY" -C "$WS" parity last --json
    expect_out '"backend":"ort".*"n_flipped":0.*"precision":"f32","ran":true'
    expect_exit 0 env XDG_CACHE_HOME="$TMP/cache" "$ASSAY" -C "$WS" parity 1 --backend auto --backend ort,ort:cpu
    expect_out "^auto \((native|ort)\) +f32 .* the reference$"
    expect_out "^ort +f32 +0 +0 +0 "
    expect_out "^ort:cpu +f32 +0 +0 +0 "
    expect_no_out "^native"
    expect_exit 0 "$ASSAY" -C "$WS" parity 1 --backend ort:cpu --json
    expect_out '"backend":"native".*"reference":true.*"backend":"ort:cpu".*"n_flipped":0.*"runs_on":"ort:cpu"'
    expect_exit 3 "$ASSAY" -C "$WS" parity 1 --backend native,ort,ort:qnn,backend_path=x
    expect_err "ort:qnn,backend_path=x: "
    expect_exit 2 "$ASSAY" -C "$WS" parity 1 --backend ort:cudo
    expect_err "no provider 'cudo' \(did you mean 'cuda'\?\)"
    if [ -f "$ASSAY_SHARED/models/mnist.onnx" ]; then
        expect_exit 0 "$ASSAY" -C "$WS" parity "$ASSAY_SHARED/models/mnist.onnx" --split test
        expect_out "^no operating point: the best class is compared, no verdict$"
        expect_out "^ort +f32 +0 +0 +0 "
        expect_exit 0 "$ASSAY" -C "$WS" parity "$ASSAY_SHARED/models/yunet_n_320_320.onnx" --split test --input-mean 0,0,0 --input-scale 1,1,1
        expect_out "^no class: numbers are compared, within 0.01"
        expect_out "^parity holds"
        expect_exit 0 "$ASSAY" -C "$WS" parity "$ASSAY_SHARED/models/yunet_n_320_320.onnx" --split test --json
        expect_out '"compared":"numbers"'
    else
        skip_case "a foreign model: there is none in $ASSAY_SHARED/models"
    fi
else
    skip_case "ONNX Runtime is not here"
fi
finish
