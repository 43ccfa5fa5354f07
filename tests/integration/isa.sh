#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ASSAY_ISA: what it refuses, what `doctor` says of it, and the engine's tests under each set of instructions that this
# processor has: results stay within their tolerances, and oneDNN uses nothing wider.
. "$(dirname "$0")/lib.sh"
need_program
BUILD=${ASSAY_BUILD:-$SOURCE/build}
unset ASSAY_ISA
export OMP_WAIT_POLICY=passive # as for the unit tests

expect_exit 2 env ASSAY_ISA=avx3 "$ASSAY" doctor
expect_err "ASSAY_ISA is 'avx3' and none of sse41, sse42, avx, avx2, avx2_vnni, avx512, avx512_vnni, avx512_bf16, amx"
expect_exit 0 env ASSAY_ISA=avx3 "$ASSAY" --version
run "$ASSAY" doctor --no-cameras
expect_out '^used up to +[a-z0-9_]+ \(ASSAY_ISA would limit it\)$'
widest=$(sed -n 's/^used up to *\([a-z0-9_]*\).*/\1/p' "$OUT")
[ "$widest" != none ] || skip 'this processor has none of these sets of instructions'
run env ASSAY_ISA=sse41 "$ASSAY" doctor --no-cameras
expect_out "^used up to +sse41 by ASSAY_ISA, of $widest\$"
expect_out '^backend native +built in, on sse41 \(ASSAY_ISA\)$'
if [ "$widest" = avx2 ]; then
    run env ASSAY_ISA=avx512 "$ASSAY" doctor --no-cameras
    expect_out '^used up to +avx2: ASSAY_ISA is avx512, which this processor lacks$'
    expect_err 'warning: ASSAY_ISA asks for avx512, which this processor lacks: what is used ends with avx2'
fi

# What oneDNN may not use, by its own words for its implementations ("jit:avx2").
wider() {
    case $1 in
    sse41 | sse42) echo 'avx' ;;
    avx) echo 'avx2|avx512' ;;
    avx2 | avx2_vnni) echo 'avx512' ;;
    avx512) echo 'vnni|bf16|amx' ;;
    *) echo 'nothing' ;;
    esac
}

for level in sse41 avx avx2 avx2_vnni avx512 avx512_vnni avx512_bf16 amx; do
    run env ASSAY_ISA=$level "$ASSAY" doctor --no-cameras
    if grep -q "which this processor lacks" "$OUT"; then
        skip_case "this processor lacks $level"
        continue
    fi
    # The widest is what the unit tests use by themselves.
    [ "$level" = "$widest" ] || for name in bank cases engine mat_kernel pool8 product8 quant run tile8 wino wino16; do
        [ -x "$BUILD/src/engine_${name}_test" ] || continue
        expect_exit 0 env ASSAY_ISA=$level "$BUILD/src/engine_${name}_test"
    done
    [ -x "$BUILD/src/engine_run_test" ] || continue
    run env ASSAY_ISA=$level DNNL_VERBOSE=1 "$BUILD/src/engine_run_test"
    grep '^onednn_verbose,exec' "$OUT" | cut -d, -f4,5 | sort -u >"$TMP/used"
    check "$level: oneDNN ran nothing" [ -s "$TMP/used" ]
    check "$level: oneDNN used $(tr '\n' ' ' <"$TMP/used")" [ -z "$(grep -E "$(wider $level)" "$TMP/used")" ]
done
finish
