/* SPDX-License-Identifier: Apache-2.0 */
/* data_verify.h - reads everything the versions of the data are made of again, and names what is damaged.
 *
 * Layer:   cli.
 * Threads: one thread; hashing uses all cores.
 * Memory:  nothing kept.
 */
#ifndef AS_CLI_DATA_VERIFY_H
#define AS_CLI_DATA_VERIFY_H

#include "cli/verb.h"

/* The exit status of `assay data verify`: 0 all is whole, 1 something is damaged, AS_VERB_FAILED. */
int as_data_verify(as_cli *cli, as_workspace *ws, as_err *err);

#endif
