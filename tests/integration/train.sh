#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training by the program itself: four trainers, the same bytes twice, and nothing left behind when it does not end well.
. "$(dirname "$0")/lib.sh"
need_program

ws=$TMP/ws
runs() { find "$ws/.assay/runs" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
drafts() { find "$ws/.assay/tmp" -mindepth 1 2>/dev/null | wc -l; }
model() { sha256sum "$ws/.assay/runs/$1/model.onnx" | cut -d' ' -f1; }

expect_exit 2 "$ASSAY" -C "$TMP" train
expect_err 'no assay.yaml'
expect_exit 0 "$ASSAY" init "$ws" --example cones
sed -i 's/frame_px: \[640, 480\]/frame_px: [160, 120]/' "$ws/assay.yaml"
expect_exit 2 "$ASSAY" -C "$ws" train
expect_err 'no commit yet'
expect_exit 0 "$ASSAY" -C "$ws" capture --parts 80

# The baseline says its rules, and comes out the same again.
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule
expect_out '^run 1-rule trained in '
expect_out '-> good \('
expect_out 'this is the baseline'
expect_out 'next: assay eval 1-rule'
expect_quiet
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule
expect_equal "$(model 1-rule)" "$(model 2-rule)"

# The network is compared with it; another seed gives another model.
expect_exit 0 "$ASSAY" -C "$ws" train --epochs 2 --size 64x48 --threads 1
expect_out '^run 3-cnn trained in '
expect_out 'the best rule so far \(run [12]-rule\): .*beaten'
expect_exit 0 "$ASSAY" -C "$ws" train --epochs 2 --size 64x48 --threads 1 --json
expect_quiet
expect_equal "$(wc -l <"$OUT")" 1
expect_out '"id":"4-cnn".*"baseline":|"baseline":.*"id":"4-cnn"'
expect_equal "$(model 3-cnn)" "$(model 4-cnn)"
expect_exit 0 "$ASSAY" -C "$ws" train --epochs 1 --size 64x48 --threads 1 --seed 2
check 'another seed gives the same model' [ "$(model 3-cnn)" != "$(model 5-cnn)" ]
# The number of threads changes nothing but the time.
for threads in 2 5; do
    expect_exit 0 "$ASSAY" -C "$ws" train --epochs 2 --size 64x48 --threads "$threads"
done
expect_equal "$(model 3-cnn)" "$(model 6-cnn)"
expect_equal "$(model 3-cnn)" "$(model 7-cnn)"
expect_file "$ws/.assay/runs/3-cnn/curve.csv"
expect_file "$ws/.assay/runs/3-cnn/spec.yaml"
expect_equal "$(sha256sum <"$ws/assay.yaml")" "$(sha256sum <"$ws/.assay/runs/3-cnn/spec.yaml")"

# What was trained serves as a backbone.
expect_exit 0 "$ASSAY" -C "$ws" train --backbone "$ws/.assay/runs/3-cnn/model.onnx" --backend native
expect_out '^run 8-head trained in '
expect_exit 0 "$ASSAY" -C "$ws" train --backbone "$ws/.assay/runs/3-cnn/model.onnx" --backend native --threads 1
expect_equal "$(model 8-head)" "$(model 9-head)"

# Golden pictures: the same with any number of threads, and the same verdicts in both back ends.
expect_exit 0 "$ASSAY" -C "$ws" train --trainer golden --size 128x96 --threads 1
expect_out '^run 10-golden trained in '
expect_exit 0 "$ASSAY" -C "$ws" train --trainer golden --size 128x96 --threads 3
expect_equal "$(model 10-golden)" "$(model 11-golden)"
expect_exit 0 "$ASSAY" -C "$ws" model check 10

# Wrong use, each by its name.
n=$(runs)
expect_exit 2 "$ASSAY" -C "$ws" train --trainer tree
expect_err 'rule, cnn, head, golden'
expect_exit 2 "$ASSAY" -C "$ws" train --trainer head
expect_err '--backbone FILE'
expect_exit 2 "$ASSAY" -C "$ws" train --backbone "$TMP/none.onnx"
expect_err 'none.onnx'
printf 'not a model' >"$TMP/text.onnx"
expect_exit 2 "$ASSAY" -C "$ws" train --backbone "$TMP/text.onnx"
expect_err 'text.onnx'
expect_exit 2 "$ASSAY" -C "$ws" train --backbone "$ws/.assay/runs/3-cnn/model.onnx" --layer nowhere
expect_err "'nowhere'"
expect_exit 2 "$ASSAY" -C "$ws" train --backbone "$ws/.assay/runs/3-cnn/model.onnx" --input-mean 1,2
expect_err 'three numbers'
expect_exit 2 "$ASSAY" -C "$ws" train --size 100
expect_err "'100'"
expect_exit 2 "$ASSAY" -C "$ws" train --size 100x60
expect_err 'multiples of 16'
expect_exit 2 "$ASSAY" -C "$ws" train --trainer rule --epochs 3
expect_err '--epochs is for --trainer cnn'
expect_exit 2 "$ASSAY" -C "$ws" train --trainer golden --size 100x64
expect_err "'golden' cannot look at 100x64.*multiples of 16"
expect_exit 2 "$ASSAY" -C "$ws" train --commit abcd1234
expect_err 'abcd1234'

# Stopped or killed at any moment: no run, no draft after the next one, and the next one goes on.
for signal in INT KILL; do
    "$ASSAY" -C "$ws" train --epochs 5000 --size 64x48 --threads 1 >"$OUT" 2>"$ERR" </dev/null &
    pid=$!
    for _ in $(seq 600); do
        [ "$(drafts)" -eq 0 ] || break
        sleep 0.05
    done
    expect_exit 3 "$ASSAY" -C "$ws" train --trainer rule
    expect_err "$pid"
    kill -"$signal" "$pid"
    { wait "$pid"; } 2>/dev/null
    STATUS=$?
    [ "$signal" = KILL ] || expect_equal "$STATUS" 3
    [ "$signal" = KILL ] || expect_equal "$(drafts)" 0
    expect_equal "$(runs)" "$n"
done
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule
expect_out '^run 12-rule'
expect_equal "$(drafts)" 0
expect_equal "$(model 1-rule)" "$(model 12-rule)"

# A workspace that cannot be written is told before the work.
if [ "$(id -u)" -ne 0 ]; then
    chmod a-w "$ws/.assay/tmp"
    expect_exit 3 "$ASSAY" -C "$ws" train --trainer rule
    chmod u+w "$ws/.assay/tmp"
fi

# Too little to learn from: the class, or what is missing, is named.
sed -i 's/broken: reject}/broken: reject, melted: reject}/' "$ws/assay.yaml"
expect_exit 2 "$ASSAY" -C "$ws" train --trainer rule
expect_err "class 'melted' has no training picture \(import some, or remove it from assay.yaml\)"
sed -i 's/, melted: reject}/}/; s/broken: reject}/brocken: reject}/' "$ws/assay.yaml"
expect_exit 2 "$ASSAY" -C "$ws" train --trainer rule
expect_err "class 'broken'.*did you mean 'brocken'"
expect_equal "$(drafts)" 0
finish
