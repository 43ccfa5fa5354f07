/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/hold.h"
#include "cli/action.h"
#include "cli/term.h"
#include "spec/unit.h"
#include "store/run.h"

#define GC_DEAD_RATIO 0.2 /* a pack with less than this unused is not worth writing again */

typedef struct gc_keep {
    as_reach       reach;
    as_digest_list held;
} gc_keep;

static bool gc_keeps(void *ctx, const as_digest *digest)
{
    const gc_keep *keep = ctx;
    return as_digest_list_has(&keep->reach.objects, digest) || as_digest_list_has(&keep->held, digest);
}

static bool gc_say(as_cli *cli, const as_store_gc_result *r, uint64_t n_commits, bool dry, as_err *err)
{
    char bytes[AS_UNIT_TEXT_BYTES];
    as_term_progress_end(cli);
    if (cli->json)
        return as_cli_print_json(cli,
                                 json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "dry_run", dry, "n_commits",
                                           (json_int_t)n_commits, "n_dropped", (json_int_t)r->n_dropped, "n_moved",
                                           (json_int_t)r->n_moved, "n_packs", (json_int_t)r->n_packs, "n_packs_left",
                                           (json_int_t)r->n_packs_left, "n_bytes_freed", (json_int_t)r->n_bytes_freed),
                                 err);
    as_unit_text((double)r->n_bytes_freed, AS_UNIT_BYTES, bytes);
    if (r->n_packs == 0)
        fprintf(cli->out, "nothing to clean: what the %llu version%s need fills the packs\n",
                (unsigned long long)n_commits, n_commits == 1 ? "" : "s");
    else
        fprintf(cli->out,
                "%llu object%s that no version, tag, run or legal hold leads to %s, %s %sfreed (%llu pack%s written "
                "again)\n",
                (unsigned long long)r->n_dropped, r->n_dropped == 1 ? "" : "s",
                dry                 ? "would go"
                : r->n_dropped == 1 ? "is gone"
                                    : "are gone",
                bytes, dry ? "would be " : "", (unsigned long long)r->n_packs, r->n_packs == 1 ? "" : "s");
    if (r->n_packs_left)
        as_term_say(cli, "%llu pack%s with damaged objects %s left as %s (see: assay data verify)",
                    (unsigned long long)r->n_packs_left, r->n_packs_left == 1 ? "" : "s",
                    r->n_packs_left == 1 ? "was" : "were", r->n_packs_left == 1 ? "it is" : "they are");
    return true;
}

static bool gc_do(as_cli *cli, as_workspace *ws, as_err *err)
{
    const bool         dry = as_cli_flag(cli, "dry-run");
    gc_keep            keep = {0};
    as_store_gc_result result;
    bool               ok = as_run_check_all(ws, err) && as_reach_find(ws, &cli->progress, &keep.reach, err);
    ok = ok && as_hold_images(ws, &keep.held, err);
    ok = ok && (dry ? as_store_gc_look : as_store_gc)(ws->store, gc_keeps, &keep, GC_DEAD_RATIO, &cli->progress,
                                                      &result, err);
    ok = ok && gc_say(cli, &result, keep.reach.n_commits, dry, err);
    as_reach_done(&keep.reach);
    as_vec_done(&keep.held);
    return ok;
}

static int data_gc(as_cli *cli, as_workspace *ws, as_err *err)
{
    return gc_do(cli, ws, err) ? 0 : AS_VERB_FAILED;
}

const as_action as_data_gc = {
    .name = "gc",
    .usage = "[--dry-run]",
    .about =
        "frees the room of what no version, tag, run or legal hold leads to. Programs that read go on meanwhile; one "
        "that writes makes it wait its turn (exit status 3)",
    .min_args = 0,
    .max_args = 0,
    .mode = AS_WORKSPACE_WRITE,
    .run = data_gc,
};
