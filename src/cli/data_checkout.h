/* SPDX-License-Identifier: Apache-2.0 */
/* data_checkout.h - a version of the data as a folder for other programs.
 *
 * Layer:   cli.
 * Threads: one thread.
 * Memory:  nothing kept.
 */
#ifndef AS_CLI_DATA_CHECKOUT_H
#define AS_CLI_DATA_CHECKOUT_H

#include "cli/verb.h"

/* assay data checkout DIR [COMMIT] */
AS_CHECK bool as_data_checkout(as_cli *cli, as_workspace *ws, as_err *err);

#endif
