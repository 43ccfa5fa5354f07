#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay bench-model: how fast a model runs here; and the back ends that every verb takes.
. "$(dirname "$0")/lib.sh"
need_program
"$ASSAY" -q init "$TMP/ws" --example cones
cd "$TMP/ws" || exit 3
quick=(--seconds 0.2 --pairs 2)

# Wrong use.
expect_exit 2 "$ASSAY" bench-model
expect_err 'no run yet \(train one with'
expect_exit 2 "$ASSAY" bench-model nothing.onnx
expect_err "'nothing.onnx'"
expect_exit 2 "$ASSAY" bench-model assay.yaml
expect_err "not an ONNX model"

expect_exit 0 "$ASSAY" -q capture --parts 40
expect_exit 0 "$ASSAY" -q train --trainer cnn --epochs 1
model=.assay/runs/1-cnn/model.onnx
expect_exit 2 "$ASSAY" bench-model $model --backend nativ
expect_err "no back end 'nativ' \(did you mean 'native'"
expect_exit 2 "$ASSAY" bench-model $model --backend native,ort,auto
expect_err "names more than two back ends"
expect_exit 2 "$ASSAY" bench-model $model --backend native,ort:cpu,device_id=1 # an option of the one before it
expect_err "provider 'cpu' has no options"
expect_exit 2 "$ASSAY" bench-model $model --pairs 0
expect_exit 2 "$ASSAY" bench-model $model --pairs 20000
expect_exit 2 "$ASSAY" bench-model $model --images nowhere
expect_err "there is no folder 'nowhere'"
mkdir empty
expect_exit 2 "$ASSAY" bench-model $model --images empty
expect_err "no picture in 'empty'"
expect_exit 2 "$ASSAY" bench-model $model --input input=1x4x144x192
expect_err "its input has 4 channels, its weights take 3"

# Alone: ONNX Runtime is not there, and that is no failure.
expect_exit 0 env ASSAY_ORT=/nowhere/lib.so "$ASSAY" bench-model last "${quick[@]}"
expect_out "^ort does not run here, the other was measured alone: .*/nowhere/lib.so"
expect_out '^native +[0-9.]+ [mu]s '
expect_no_out '^ratio'
expect_out '^2 pairs are no evidence: 20 are needed \(--pairs\)$'
expect_out '^conv1_node +Conv \+ Relu +[a-z_0-9:]+ '
expect_out '^roofs on 1 thread: [0-9.]+ GFLOP/s, [0-9.]+ GOP/s of whole numbers, [0-9.]+ GB/s from memory$'
expect_out '% of the time is on the fast path$'
expect_exit 0 "$ASSAY" bench-model last --backend native "${quick[@]}" --all
expect_no_out '^ort'
expect_no_out '^\.\.\. and'

# All of it as JSON: the parts agree with each other.
expect_exit 0 "$ASSAY" bench-model last --backend native --batch 3 --json "${quick[@]}"
expect_quiet
mv "$OUT" "$TMP/alone.json"
expect_exit 0 python3 -c '
import json, sys
m = json.load(open(sys.argv[1]))
side, layers, peak = m["sides"][0], m["layers"], m["peak"]
assert m["batch"] == 3 and m["threads"] == 1 and m["pairs"] == 2 and not m["sound"] and m["ratio"] is None, m
assert side["latency_seconds"]["n"] == m["pairs"] * m["calls"] and side["latency_seconds"]["p50"] > 0
assert abs(side["per_second"] * side["latency_seconds"]["mean"] - 3) < 1e-6
assert side["start_bytes"] > 100000 and side["start_seconds"] > 0
assert abs(sum(l["share"] for l in layers) - 1) < 1e-6
conv = layers[[l["name"] for l in layers].index("conv1_node")]
assert conv["operator"] == "Conv" and conv["fused"] == "Relu", conv
assert conv["multiply_adds"] == 3 * 16 * 72 * 96 * 27, conv
assert conv["write_bytes"] == 3 * 16 * 72 * 96 * 4, conv
assert conv["operations_per_byte"] == 2 * conv["multiply_adds"] / (conv["read_bytes"] + conv["write_bytes"])
roof = max(2 * conv["multiply_adds"] / peak["f32_operations_per_second"],
           (conv["read_bytes"] + conv["write_bytes"]) / max(l["bytes_per_second"] for l in peak["levels"]))
assert conv["of_roof"] * conv["seconds"] >= roof * 0.999, conv
assert abs(m["fast_share"] + sum(s["share"] for s in m["slow"]) - 1) < 1e-6
assert all(s["reason"] and s["advice"] for s in m["slow"])
assert m["machine"]["processor"] and m["machine"]["onednn"]' "$TMP/alone.json"
expect_exit 0 "$ASSAY" model show last --batch 3 --json
mv "$OUT" "$TMP/show.json"
expect_exit 0 python3 -c '
import json, sys
bench, show = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
assert bench["operations"] == 2 * show["totals"]["multiply_adds"], (bench["operations"], show["totals"])' \
    "$TMP/alone.json" "$TMP/show.json"

# Pictures, and the page.
expect_exit 0 "$ASSAY" -q data checkout pictures
expect_exit 0 "$ASSAY" bench-model last --backend native --images pictures --page "$TMP/page.html" "${quick[@]}"
expect_out ', fed with 4 pictures$'
expect_err "^page     $TMP/page.html$"
expect_exit 2 "$ASSAY" bench-model last --backend native --page nowhere/page.html "${quick[@]}"
expect_err "cannot write 'nowhere/page.html'"
expect_exit 0 python3 -c '
import sys, xml.dom.minidom
page = open(sys.argv[1]).read()
xml.dom.minidom.parseString(page)
assert "Roofline" in page and "<svg" in page and "conv1_node" in page and "<script" not in page and "http" not in page.split("<body>")[1]' \
    "$TMP/page.html"

# A model that the native engine refuses goes no further where it is alone.
LC_ALL=C sed 's/Relu/Loop/g' $model >"$TMP/loop.onnx"
expect_exit 2 "$ASSAY" bench-model "$TMP/loop.onnx"
expect_err "'Loop'"

# auto: measured once, remembered, believed; what is broken is measured again.
cache=$XDG_CACHE_HOME/assay/backends
expect_exit 0 "$ASSAY" model check last
expect_out '^auto has not measured it yet'
expect_exit 0 "$ASSAY" bench-model last --backend auto "${quick[@]}"
expect_out '^auto     takes (native|ort[a-z:]*): .'
expect_equal "$(find "$cache" -name '*.json' | wc -l)" 1
cp "$cache"/*.json "$TMP/choice.json"
expect_exit 0 "$ASSAY" model check last
expect_out '^auto takes (native|ort[a-z:]*): .'
expect_exit 0 "$ASSAY" model check last --json
expect_out '"auto":\{"backend":"'
expect_exit 0 "$ASSAY" bench-model last --backend auto "${quick[@]}"
check 'what was remembered is measured again' cmp -s "$cache"/*.json "$TMP/choice.json"
sed 's/"reason": ".*"/"reason": "somebody wrote this"/' "$TMP/choice.json" >"$TMP/other.json"
cp "$TMP/other.json" "$(echo "$cache"/*.json)"
expect_exit 0 "$ASSAY" bench-model last --backend auto "${quick[@]}"
expect_out 'somebody wrote this'
echo '{"backend": ' >"$(echo "$cache"/*.json)"
expect_exit 0 "$ASSAY" bench-model last --backend auto "${quick[@]}"
expect_no_out 'somebody'
check 'a broken choice is not written anew' python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$cache"/*.json
expect_exit 0 "$ASSAY" bench-model last --backend auto --batch 2 "${quick[@]}"
expect_equal "$(find "$cache" -name '*.json' | wc -l)" 2
expect_exit 0 env -u XDG_CACHE_HOME -u HOME "$ASSAY" bench-model last --backend auto "${quick[@]}"
expect_out '^auto     takes '
run "$ASSAY" doctor --no-cameras
expect_out '^backend auto +.*; 2 remembered$'
expect_exit 0 env ASSAY_ORT=/nowhere/lib.so "$ASSAY" bench-model last --backend auto "${quick[@]}"
expect_out '^auto     takes native: ort: .*/nowhere/lib.so'

# Every verb takes them.
expect_exit 0 "$ASSAY" -q eval --backend auto
expect_exit 2 "$ASSAY" eval --backend nothing
expect_err "'nothing' is none of the choices of --backend: native, ort, ort:\.\.\., auto"
expect_exit 2 "$ASSAY" eval --backend ort:
expect_exit 0 "$ASSAY" completion bash
expect_out "eval:--backend\) words='native ort ort: auto "
expect_out ' bench-model '
run "$ASSAY" model check last
if grep -q '^ort  *yes' "$OUT"; then
    expect_exit 0 "$ASSAY" bench-model last "${quick[@]}"
    expect_out '^ratio [0-9.]+ \[[0-9.]+ [0-9.]+\]: native against ort, 80 % of 2 pairs of [0-9]+ runs a side$'
    expect_out "^output 'probabilities' differs by at most [0-9.e-]+ of its largest number; same top class in 4 of 4$"
    expect_exit 0 "$ASSAY" bench-model last --backend ort:cpu,native "${quick[@]}"
    expect_out '^ratio .*: ort:cpu against native'
    expect_exit 0 "$ASSAY" -q eval --backend ort:cpu
    expect_exit 0 "$ASSAY" run --camera twin:cones?from=500 --parts 3 --fast --backend ort:cpu
    expect_exit 2 "$ASSAY" bench-model last --backend ort:cud
    expect_err "ONNX Runtime has no provider 'cud' \(did you mean 'cuda'\?\)"
    run "$ASSAY" doctor --no-cameras
    for provider in cuda tensorrt openvino; do
        if grep -q "^backend ort .*with .*$provider" "$OUT"; then
            skip_case "this ONNX Runtime has $provider"
        else
            expect_exit 3 "$ASSAY" eval --backend ort:$provider,device_id=0
            expect_err "'$provider'.*it holds cpu.*\(needed is the .* build of ONNX Runtime"
            expect_err 'was built without|which is missing'
            run "$ASSAY" doctor --no-cameras
        fi
    done
else
    skip_case 'ONNX Runtime is not here'
fi
# --- how long threads spin for each other ---
spins() { # what libgomp was told when the program that did the work was loaded
    OMP_DISPLAY_ENV=VERBOSE run "$ASSAY" bench-model "$1" --backend native --threads "$2" --pairs 1 --seconds 0.01
    grep 'GOMP_SPINCOUNT' "$ERR" | tail -n 1 | tr -dc '0-9'
}
expect_equal 1000 "$(spins "$model" 2)"
check "one thread waits for nobody" [ "$(spins "$model" 1)" != 1000 ]
expect_equal 77 "$(GOMP_SPINCOUNT=77 spins "$model" 2)"
check "what is set stays" [ "$(OMP_WAIT_POLICY=active spins "$model" 2)" != 1000 ]
finish
