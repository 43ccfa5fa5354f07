/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page_out.h"
#include "cli/output.h"

#include "cli/term.h"

bool as_page_out(as_cli *cli, const as_workspace *ws, const char *name, const as_str *page, const as_commit *commit,
                 as_err *err)
{
    const char *given = as_cli_opt(cli, "output");
    char        path[AS_FS_PATH_BYTES], hex[AS_SHA256_HEX_BYTES];
    if (!given)
        given = as_cli_opt(cli, "html");
    if (!(given ? as_fs_join(path, ".", given, err) : as_fs_join(path, ws->root, name, err)) ||
        !as_output_write(path, page, NULL, err))
        return false;
    as_term_progress_end(cli);
    as_digest_hex(&commit->id, hex);
    if (cli->json)
        return as_cli_print_json(
            cli, json_pack("{s:s, s:s, s:I}", "page", path, "commit", hex, "n_bytes", (json_int_t)page->len), err);
    fprintf(cli->out, "%s\n", path);
    return true;
}
