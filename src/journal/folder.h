/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - the segments of a journal's folder; for the files of this folder only.
 *
 * Layer:   journal.
 * Threads: any thread.
 * Memory:  as_journal_folder_done frees the list, free() what is read.
 */
#ifndef AS_JOURNAL_FOLDER_H
#define AS_JOURNAL_FOLDER_H

#include "journal/segment.h"

#define AS_JOURNAL_HEAD "head" /* the file that says how far the records go */

typedef struct as_journal_folder {
    uint64_t *numbers; /* of the segments, ascending */
    size_t    n;
} as_journal_folder;

/* A folder that is not there has none. */
AS_CHECK bool as_journal_folder_list(const char *dir, as_journal_folder *ret, as_err *err);
void          as_journal_folder_done(as_journal_folder *folder);

/* path[AS_FS_PATH_BYTES] is set too. */
AS_CHECK bool as_journal_folder_read(const char *dir, uint64_t number, char *path, uint8_t **ret_bytes, size_t *ret_n,
                                     as_err *err);

/* ret->sequence is 0 where there is none. AS_ECORRUPT. */
AS_CHECK bool as_journal_folder_head(const char *dir, as_journal_head *ret, as_err *err);

#endif
