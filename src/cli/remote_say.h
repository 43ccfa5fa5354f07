/* SPDX-License-Identifier: Apache-2.0 */
/* remote_say.h - what push, pull and clone have in common on the command line.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  the caller's.
 */
#ifndef AS_CLI_REMOTE_SAY_H
#define AS_CLI_REMOTE_SAY_H

#include "cli/verb.h"
#include "remote/remote.h"

/* url of the command line into cfg, a relative path made whole; and --endpoint, --region, --timeout. */
AS_CHECK bool as_remote_say_cfg(const as_cli *cli, const char *url, as_remote_cfg *cfg, as_err *err);
/* The remote of that name (NULL: the only one) with --timeout. */
AS_CHECK as_remote *as_remote_say_open(as_cli *cli, as_workspace *ws, const char *name, as_remote_cfg *cfg,
                                       as_err *err);
/* The result as JSON, or as lines. verb: "sent" or "fetched". */
AS_CHECK bool as_remote_say_moved(as_cli *cli, const as_remote_cfg *cfg, const char *verb, double seconds,
                                  const as_remote_moved *moved, as_err *err);

/* What a pull into the workspace may bring: by its assay.yaml, and --unlooked. */
as_pull_cfg as_remote_say_pull(const as_cli *cli, const as_workspace *ws);

#endif
