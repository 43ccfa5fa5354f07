#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# assay eval and assay runs: what they print, what they leave in the run, and what bad input gets.
. "$(dirname "$0")/lib.sh"
need_program

expect_exit 2 "$ASSAY" -C "$TMP" eval
expect_err "no assay.yaml in"
expect_exit 0 "$ASSAY" init "$TMP/ws" --example cones
expect_exit 2 "$ASSAY" -C "$TMP/ws" eval
expect_err "no run yet \(train one with: assay train\)"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs
expect_out "no run yet"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs --json
expect_out '^\{"runs":\[\]\}$'

expect_exit 0 "$ASSAY" -C "$TMP/ws" capture --camera "twin:cones" --parts 80
expect_exit 0 "$ASSAY" -C "$TMP/ws" train --trainer rule
RUN=$TMP/ws/.assay/runs/1-rule

# --- eval ---
expect_exit 0 "$ASSAY" -C "$TMP/ws" eval
expect_quiet
expect_out "^run 1-rule on the test split of commit [0-9a-f]{12}: [0-9]+ parts in [0-9]+ frames"
expect_out "^true class +good +missing_topping +spillage +broken$"
expect_out "^accuracy +[01]\.[0-9]{3} +[01]\.[0-9]{3} to [01]\.[0-9]{3} +[0-9]+$"
expect_out "^operating point: rejects from a score of"
expect_out "solved on the [0-9]+ parts of the validation split"
expect_out "^expected cost: [0-9.]+ EUR for each 1,000 parts"
expect_out "^R1 +recall of reject >= 90.0 %"
expect_out "^R3 .*assay run measures it$"
expect_out "^next: "
expect_file "$RUN/eval-test.json"
expect_file "$RUN/evidence-eval.json"

expect_exit 0 "$ASSAY" -C "$TMP/ws" eval --json
expect_quiet
cp "$OUT" "$TMP/first.json"
for key in accuracy macro_f1 auroc average_precision calibration_error reject_recall reject_precision; do
    expect_out "\"measures\":\{.*\"$key\":\{\"high\":[0-9.]+,\"low\":[0-9.]+,\"n\":[0-9]+,\"value\":[0-9.]+\}"
done
expect_out '"requirements":\[\{[^]]*"id":"R1"[^]]*"id":"R2"'
expect_out '"confusion":\{"classes":\["good","missing_topping","spillage","broken"\],"counts":\[\[[0-9]+,'
expect_equal "$(wc -l <"$TMP/first.json")" 1

# The same again, and on one thread: the same but for the times.
same() { sed -E 's/"(seconds|utc_ns)":[0-9.e+]+//g' "$1"; }
expect_exit 0 "$ASSAY" -C "$TMP/ws" eval 1 --json --threads 1
expect_equal "$(same "$OUT" | sha256sum)" "$(same "$TMP/first.json" | sha256sum)"

expect_exit 0 "$ASSAY" -C "$TMP/ws" eval last --split validation
expect_out "only the test split is evidence"
expect_file "$RUN/eval-validation.json"

expect_exit 1 "$ASSAY" -C "$TMP/ws" check
expect_out "^R2 .* eval "

# --- runs ---
expect_exit 0 "$ASSAY" -C "$TMP/ws" train --trainer rule --seed 2
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs
expect_equal "$(grep -cE '^\* +[0-9]' "$OUT")" 1
expect_out "1-rule +rule +[0-9a-f]{12} +1 "
expect_out "^\* is what eval, run, check and report take: the best .* of the 2 runs on the newest data"
mkdir "$TMP/ws/.assay/runs/9-copy"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs
expect_err "left out: .*9-copy"
rmdir "$TMP/ws/.assay/runs/9-copy"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs use 1
expect_out "run 1-rule is the current one"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs list
expect_out "^\* +1-rule"
expect_out "take: chosen"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs use --best
expect_out "the best of those on the newest data"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs show last
expect_out "^run 2-rule"
expect_out "^test: not judged yet \(assay eval 2-rule\)"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs show 1-rule --json
expect_out '"eval-test":\{'
expect_out '"details":\{'

# --- bad input ---
expect_exit 2 "$ASSAY" -C "$TMP/ws" eval 9
expect_err "no run '9' \(see: assay runs\)"
expect_exit 2 "$ASSAY" -C "$TMP/ws" eval --split tets
expect_exit 2 "$ASSAY" -C "$TMP/ws" eval --backend nativ
expect_exit 2 "$ASSAY" -C "$TMP/ws" eval --threads 0
expect_exit 2 "$ASSAY" -C "$TMP/ws" runs use
expect_err "which run"
expect_exit 2 "$ASSAY" -C "$TMP/ws" runs use 1 --best
expect_exit 2 "$ASSAY" -C "$TMP/ws" runs list 1
expect_exit 2 "$ASSAY" -C "$TMP/ws" runs use nope
expect_exit 2 "$ASSAY" -C "$TMP/ws" runs list --best

# An evaluation that cannot be read does not hide the runs.
cp "$RUN/eval-test.json" "$TMP/kept.json"
echo '{"measures":' >"$RUN/eval-test.json"
expect_exit 0 "$ASSAY" -C "$TMP/ws" runs
expect_out "1-rule"
expect_err "eval-test.json"
cp "$TMP/kept.json" "$RUN/eval-test.json"

# An operating point that rejects whatever comes is told wherever it is used, with what mends it.
cp "$TMP/ws/assay.yaml" "$TMP/kept.yaml"
sed -i 's/^cost:.*/cost: {escape: 4e7, overkill: 0.001}/' "$TMP/ws/assay.yaml"
all='the operating point rejects all [0-9]+ parts of the validation split: .*--trainer'
expect_exit 0 "$ASSAY" -C "$TMP/ws" train --trainer rule
expect_out "^warning: $all"
expect_exit 0 "$ASSAY" -C "$TMP/ws" eval last
expect_out "^warning: $all"
expect_exit 0 "$ASSAY" -C "$TMP/ws" eval last --json
expect_out "\"verdicts\":\{\"bad\":[1-9][0-9]*,\"good\":[1-9][0-9]*,\"parts\":[0-9]+,\"pass\":0,"
expect_out "\"warning\":\"$all"
expect_exit 0 "$ASSAY" -C "$TMP/ws" run --run last --camera 'twin:cones?from=5000' --parts 3 --fast --json
expect_err "^warning: run '[0-9]+-rule': $all"
expect_out "\"warning\":\"$all"
expect_exit 0 "$ASSAY" -C "$TMP/ws" report last -o "$TMP/one-sided.html"
expect_grep "Beware: $all" "$TMP/one-sided.html"
expect_err "^warning: $all"
cp "$TMP/kept.yaml" "$TMP/ws/assay.yaml"

# A class that the model never learned.
sed -i 's/broken: reject}/broken: reject, burnt: reject}/' "$TMP/ws/assay.yaml"
expect_exit 2 "$ASSAY" -C "$TMP/ws" eval 1
expect_err "does not know the class 'burnt' of .*train again"
sed -i 's/, burnt: reject}/}/' "$TMP/ws/assay.yaml"

# A model that is not the one recorded, and one that ends early.
cp "$RUN/model.onnx" "$TMP/model.onnx"
head -c 200 "$TMP/model.onnx" >"$RUN/model.onnx"
expect_exit 3 "$ASSAY" -C "$TMP/ws" eval 1
expect_err "model.onnx' is not the file that run '1-rule' was recorded with"
cp "$TMP/model.onnx" "$RUN/model.onnx"

# Interrupted at any moment, the next one goes on and finds the same.
for after in 0.05 0.2 0.6; do
    (timeout -s KILL "$after" "$ASSAY" -C "$TMP/ws" eval 1 >/dev/null 2>&1; true) 2>/dev/null
done
timeout -s INT 0.3 "$ASSAY" -C "$TMP/ws" eval 1 >/dev/null 2>&1
expect_exit 0 "$ASSAY" -C "$TMP/ws" eval 1 --json
expect_equal "$(same "$OUT" | sha256sum)" "$(same "$TMP/first.json" | sha256sum)"

finish
