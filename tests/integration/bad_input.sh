#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What training, evaluation and the line do with what is wrong: a clear word, the right exit status, a whole workspace.
. "$(dirname "$0")/lib.sh"
need_program
LIMIT=300
ws=$TMP/ws
whole() { check 'the workspace is not whole' "$ASSAY" -C "$ws" -q data verify; }

# Nothing there yet.
expect_exit 0 "$ASSAY" init "$ws" --example cones
expect_exit 2 "$ASSAY" -C "$ws" train
expect_err 'assay import'
expect_exit 2 "$ASSAY" -C "$ws" eval
expect_err 'no run yet \(train one with: assay train\)'
expect_exit 2 "$ASSAY" -C "$ws" run
expect_err 'no run yet'
expect_exit 2 "$ASSAY" -C "$ws" report
expect_err 'no run yet'

# A camera that is not there.
expect_exit 2 "$ASSAY" -C "$ws" capture --camera nothing:1 --parts 2
expect_err "no camera driver .nothing."
expect_err 'there are folder, twin'
expect_exit 3 "$ASSAY" -C "$ws" capture --camera gige:nobody --parts 2
expect_err 'gige'
expect_exit 3 "$ASSAY" -C "$ws" capture --camera "folder:$TMP/nowhere" --parts 2
expect_err "no folder '$TMP/nowhere'"
mkdir "$TMP/empty"
expect_exit 3 "$ASSAY" -C "$ws" capture --camera "folder:$TMP/empty" --parts 2
expect_err "no picture .* in folder '$TMP/empty'"
expect_exit 2 "$ASSAY" -C "$ws" capture --camera twin:spoons --parts 2
expect_err 'spoons'
expect_exit 2 "$ASSAY" -C "$ws" capture --camera 'twin:cones?sed=1' --parts 2
expect_err 'seed'

expect_exit 0 "$ASSAY" -C "$ws" capture --parts 60
expect_exit 2 "$ASSAY" -C "$ws" train --trainer nothing
expect_err 'rule|cnn|head'
expect_exit 2 "$ASSAY" -C "$ws" train --seed -1
expect_err "seed"

# Backbones that are none.
head -c 2000 /dev/urandom >"$TMP/noise.onnx"
expect_exit 2 "$ASSAY" -C "$ws" train --trainer head --backbone "$TMP/noise.onnx"
expect_err 'noise.onnx'
expect_exit 2 "$ASSAY" -C "$ws" train --trainer head --backbone "$TMP/absent.onnx"
expect_err 'absent.onnx'
whole

# Ctrl-C and kill -9 in the middle of a training: nothing half-written, and the next one goes on.
for signal in INT KILL; do
    "$ASSAY" -C "$ws" -q train --trainer cnn --epochs 500 >/dev/null 2>"$ERR" &
    pid=$!
    for _ in $(seq 100); do
        [ -e "$ws/.assay/tmp" ] && [ -n "$(ls "$ws/.assay/tmp" 2>/dev/null)" ] && break
        kill -0 $pid 2>/dev/null || break
        sleep 0.1
    done
    kill -$signal $pid
    wait $pid
    status=$?
    [ $signal = KILL ] || expect_equal "$status" 3
    expect_exit 2 "$ASSAY" -C "$ws" eval
    expect_err 'no run yet'
    whole
done
expect_exit 0 "$ASSAY" -C "$ws" train --trainer rule
expect_equal "$(ls "$ws/.assay/tmp" 2>/dev/null)" ''
expect_exit 0 "$ASSAY" -C "$ws" eval
expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=5000' --parts 40 --fast

# ONNX Runtime missing, said with its remedy.
expect_exit 3 env ASSAY_ORT=/nowhere/libonnxruntime.so.1 "$ASSAY" -C "$ws" run --backend ort --camera 'twin:cones?from=5000' --parts 5 --fast
expect_err '/nowhere/libonnxruntime.so.1'
expect_err 'tools/setup'

# A model file that was changed, cut off, or is gone.
model=$ws/.assay/runs/1-rule/model.onnx
cp "$model" "$TMP/model.onnx"
truncate -s 100 "$model"
expect_exit 3 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=5000' --parts 5 --fast
expect_err 'model.onnx'
cp "$TMP/model.onnx" "$model"
expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=5000' --parts 5 --fast

# The class list changed after training.
cp "$ws/assay.yaml" "$TMP/assay.yaml"
sed -i 's/broken: reject/smashed: reject/' "$ws/assay.yaml"
expect_exit 2 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=5000' --parts 5 --fast
expect_err "'broken'"
cp "$TMP/assay.yaml" "$ws/assay.yaml"

# A line that is killed leaves a journal that the next one goes on with.
"$ASSAY" -C "$ws" -q run --camera 'twin:cones?from=9000' --parts 100000 --fast --json >"$TMP/verdicts" 2>/dev/null &
pid=$!
for _ in $(seq 100); do
    [ "$(wc -l <"$TMP/verdicts")" -ge 20 ] && break
    sleep 0.1
done
expect_exit 3 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=5000' --parts 5 --fast
expect_err "$pid"
kill -KILL $pid
wait $pid
expect_exit 0 "$ASSAY" -C "$ws" run --camera 'twin:cones?from=5000' --parts 5 --fast
expect_out 'triggers'

# Ctrl-C ends the line with its summary; every trigger has its verdict.
"$ASSAY" -C "$ws" run --camera 'twin:cones?from=9000' --parts 100000 --fast --json >"$TMP/stopped" 2>/dev/null &
pid=$!
for _ in $(seq 100); do
    [ "$(wc -l <"$TMP/stopped")" -ge 20 ] && break
    sleep 0.1
done
kill -INT $pid
wait $pid
check 'no summary after Ctrl-C' grep -q '"summary"' "$TMP/stopped"

# A full disk.
if [ "$(id -u)" = 0 ] && mkdir "$TMP/small" && mount -t tmpfs -o size=6m tmpfs "$TMP/small" 2>/dev/null; then
    "$ASSAY" init "$TMP/small/ws" --example cones 2>/dev/null
    expect_exit 3 "$ASSAY" -C "$TMP/small/ws" capture --parts 200
    expect_err 'no space'
    expect_exit 0 "$ASSAY" -C "$TMP/small/ws" data verify
    umount "$TMP/small"
else
    skip_case 'a full disk needs root and a tmpfs'
fi

# A folder that may only be read.
if [ "$(id -u)" = 0 ] && mkdir "$TMP/ro" && cp -r "$ws" "$TMP/ro/ws" && mount --bind "$TMP/ro" "$TMP/ro" 2>/dev/null &&
    mount -o remount,bind,ro "$TMP/ro" 2>/dev/null; then
    expect_exit 3 "$ASSAY" -C "$TMP/ro/ws" train --trainer rule
    expect_err 'read-only|not permitted'
    expect_exit 0 "$ASSAY" -C "$TMP/ro/ws" data log
    umount "$TMP/ro"
else
    skip_case 'a disk that may only be read needs root'
fi
whole
finish
