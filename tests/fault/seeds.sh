#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows that the fault tests can fail: builds a copy of the tree, puts one bug into it at a time, and runs the test that must
# catch it. Some minutes: seeds.sh [NAME...]
# shellcheck disable=SC2016 # what perl is given has $ of its own
set -u
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/assay-seeds.XXXXXX") || exit 3
trap 'rm -rf "$scratch"' EXIT
chosen=" $* "
n_caught=0
n_missed=0

(cd "$source" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$scratch") || exit 3
cd "$scratch" || exit 3
git init -q . # what asks git for the files and the version of the tree
meson setup build -Dwerror=false >"$scratch/setup.log" 2>&1 || { tail "$scratch/setup.log"; exit 3; }
targets=(assay tests/integration/make_pictures tests/fault/libfault_shim.so)
for name in writer kill power flips; do targets+=("tests/fault/fault_$name"); done
build() { ninja -C build -j "${JOBS:-2}" "${targets[@]}" >"$scratch/build.log" 2>&1; }
build || { tail "$scratch/build.log"; exit 3; }

export ASSAY_SOURCE=$scratch ASSAY_BUILD=$scratch/build ASSAY=$scratch/build/assay
# program NAME TIMES [CASE]: a fault program, or one case of it
program() {
    local case=
    [ -z "${3:-}" ] || case=$(printf %q "$3")
    cat >"tests/fault/one.sh" <<END
. "\$(dirname "\$0")/lib.sh"
make_folders
expect_pass "\$ASSAY_FAULT_BUILD/fault_$1" $2 1 "\$FAST" $case
finish
END
    bash tests/fault/one.sh
}

# seed NAME FILE PERL TEST...: PERL changes the file; TEST must then fail
seed() {
    local name=$1 file=$2 change=$3
    shift 3
    [ "$chosen" = '  ' ] || [[ "$chosen" == *" $name "* ]] || return
    cp "$file" "$scratch/kept"
    perl -0pi -e "$change" "$file"
    if cmp -s "$file" "$scratch/kept"; then
        echo "$name: there is no place in $file for it any more"
        n_missed=$((n_missed + 1))
        return
    fi
    if ! build; then
        echo "$name: does not build"
        grep -m 3 error: "$scratch/build.log"
        n_missed=$((n_missed + 1))
    elif "$@" >"$scratch/run.log" 2>&1; then
        echo "$name: NOT CAUGHT by $*"
        n_missed=$((n_missed + 1))
    else
        echo "$name: caught by ${*#tests/fault/}: $(grep -m 1 -o 'FAILED.*' "$scratch/run.log" | cut -c 1-150)"
        n_caught=$((n_caught + 1))
    fi
    cp "$scratch/kept" "$file"
}

# --- power cuts
seed packs-not-synced src/store/append.c 's/e = fdatasync\(fd\) == 0 \? 0 : errno;\n    pthread/e = 0;\n    pthread/' program power 300 import
seed rename-before-sync src/base/fs.c 's/\(!durable \|\| fsync\(fd\) == 0\)/true/' program power 300 label
seed folder-not-synced-after-rename src/base/fs.c 's/return ok && \(!durable \|\| fs_sync_parent\(path, err\)\);/return ok;/' program power 300 label
seed ref-before-objects src/catalog/commit.c 's/ok = ok && as_store_sync\(ws->store, err\) &&\n(\s+)as_store_ref_set\(([^;]*)\);/ok = ok \&\& as_store_ref_set($2) \&\& as_store_sync(ws->store, err);/' program power 300 label
seed new-folders-not-synced src/base/fs.c 's/!fs_sync_parent\(buf, &why\) && why.code/why.code \&\& why.code/' program power 400 both
seed gc-does-not-sync src/store/gc.c 's/ok = ok && as_store_sync_locked\(job->store, err\);/;/' program power 400 gc
seed older-copy-not-read src/store/store.c 's/why.code == AS_ECORRUPT && store_get_older/false \&\& store_get_older/' program power 1500 gc
seed tail-not-put-in-order src/store/recover.c 's/static int recover_mend\(.*?\n\{/$&\n    if (job->good_end)\n        return 0;/s' program power 600 store
# --- kills
seed ref-removed-first src/store/ref.c 's/\|\| !as_fs_write\(path, line, n, err\)/|| !as_fs_remove(path, err) || !as_fs_write(path, line, n, err)/' program kill 100 label
seed erased-bytes-stay src/store/erase.c 's/job->e = as_pack_wipe\(job->fd, record\);/job->e = 0;/' program kill 100 erase
seed temporary-files-stay src/store/workspace.c 's/static bool workspace_clean\(.*?\n\{/$&\n    if (deep)\n        return true;/s' program kill 100 label
seed plan-wiped-under-its-name src/store/erasure.c 's/as_fs_rename\(path, old, err\) &&/as_fs_wipe(path, err) \&\&/' program kill 100 'erase pictures'
seed gc-removes-first src/store/gc.c 's/(static bool gc_rewrite\(.*?\n\{.*?ok = true;)/$1\n    (void)unlink(own->pack->path);/s' program kill 100 gc
# --- bits
seed hash-not-checked src/store/store.c 's/got == n && as_digest_equal\(&real, &record.digest\) \?/got == n ?/' program flips 400
seed verify-does-not-hash src/store/verify.c 's/return e \? e : as_digest_equal\(&real, &entry->digest\) \? 0 : EBADMSG;/return e;/' program flips 400
seed index-sums-not-checked src/store/index.c 's/(static bool index_check_one\(.*?\n\{)/$1\n    if (first < 256)\n        return true;/s' program flips 400
seed journal-chain-not-checked src/journal/segment.c 's/else if \(!as_segment_chain_holds\(slot, &scan->chain, scan->sha\)\)/else if (false)/' program flips 3000
seed catalog-not-compared src/cli/data_verify.c 's/if \(!as_catalog_agrees\(catalog, commit, manifest, &agrees, err\)\)/if (false)/' program flips 1500
# --- full disks, two programs
seed short-writes-are-fine src/base/fs.c 's/bool ok = fs_write_all\(fd, bytes, n\) &&/(void)fs_write_all(fd, bytes, n);\n    bool ok =/' tests/fault/full.sh
seed checkout-leaves-half src/intake/export.c 's/if \(!ok && !as_fs_walk/if (false \&\& !as_fs_walk/' tests/fault/full.sh --times 12
seed lock-not-taken src/base/fs.c 's/r = flock\(fd, LOCK_EX \| LOCK_NB\);/r = 0;/' tests/fault/two.sh
seed gc-drops-what-is-needed src/store/gc.c 's/static bool gc_is_live\(.*?\n\{/$&\n    if (entry->slot % 4 == 2)\n        return false;/s' tests/fault/two.sh

echo "$n_caught bugs caught, $n_missed not"
[ $n_missed -eq 0 ]
