/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - what the files of the store share: the set of packs and the one that is added to; for this folder only.
 *
 * Layer:   store.
 * Threads: as said at each part. Locks are taken in the order write, append, lock.
 * Memory:  a pack lives as long as somebody refers to it, also when its file is gone.
 *
 * objects/packs/NNNNNN.pack   objects, see pack.h          objects/packs/lock   held by the one program that adds
 * objects/packs/NNNNNN.idx    of a sealed one, see index.h refs/NAME            a ref
 */
#ifndef AS_STORE_STATE_H
#define AS_STORE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/fs.h"
#include "store/index.h"

/* What is put behind the folder's name must fit: objects/packs/NNNNNN.pack and refs/NAME. */
#define AS_STORE_DIR_MAX (AS_FS_PATH_BYTES - 96 - AS_REF_BYTES)

typedef struct as_pack {
    atomic_uint refs;
    uint64_t    number;
    as_pack_id  id;
    char        path[AS_FS_PATH_BYTES];
    atomic_int  fd; /* -1: not open yet */
    /* Under the store's lock. */
    as_index *index; /* NULL: there is none, or it is damaged; then the table has its objects */
    as_table  table;
    uint64_t  resume;       /* what lies before is in the table */
    uint64_t  durable, end; /* of a pack without index */
    char      trouble[200]; /* "" or what is wrong with head or index */
    bool      is_unreadable;
    uint32_t  n_seen;
    /* Under `append`. */
    bool is_left;   /* a write to it failed: nothing is added any more */
    bool is_failed; /* the disk failed to keep what it has behind `durable` */
} as_pack;

typedef AS_VEC(as_pack *) as_pack_list;

struct as_store {
    char dir[AS_FS_PATH_BYTES], packs_dir[AS_FS_PATH_BYTES];

    pthread_rwlock_t lock;  /* over the list and what is in its packs */
    as_pack_list     packs; /* by number */
    int64_t          listed_ns, dir_ns;

    pthread_mutex_t write; /* one sync, gc or erasure at a time */

    pthread_mutex_t append; /* over what follows */
    pthread_cond_t  idle;   /* n_writing is 0, or is_draining ended */
    atomic_bool     is_writer;
    int             lock_fd;
    as_pack        *open; /* NULL: the next record begins a new one */
    uint64_t        end, allocated, seal_bytes;
    uint32_t        n_records, n_writing;
    bool            is_draining, is_dirty, is_lost;
    atomic_bool     is_collecting;
};

typedef struct as_place {
    as_pack       *pack; /* as_pack_unref() it */
    as_index_entry entry;
} as_place;

/* packset.c: any thread, without locks held. */
as_pack      *as_pack_ref(as_pack *pack);
as_pack      *as_pack_unref(as_pack *pack);
AS_CHECK bool as_set_refresh(as_store *store, bool force, as_err *err); /* looks for what others have added */
AS_CHECK bool as_set_add(as_store *store, as_pack *pack, as_err *err);  /* takes the reference */
void          as_set_remove(as_store *store, const as_pack *pack);
AS_CHECK bool as_set_find(as_store *store, const as_digest *digest, as_place *ret);
/* As as_set_find, of the packs before that number. */
AS_CHECK bool as_set_find_below(as_store *store, const as_digest *digest, uint64_t number, as_place *ret);
/* As as_set_find, and looks again after a refresh. AS_ENOTFOUND. */
AS_CHECK bool as_set_locate(as_store *store, const as_digest *digest, as_place *ret, as_err *err);
/* References to all packs, oldest first: as_set_done() them. */
AS_CHECK bool as_set_list(as_store *store, as_pack_list *ret, as_err *err);
void          as_set_done(as_pack_list *list);
/* Heap copy of the places in a pack, by offset. */
AS_CHECK bool as_set_entries(as_store *store, as_pack *pack, as_index_entry **ret, size_t *ret_n, as_err *err);
AS_CHECK bool as_set_has_entry(as_store *store, as_pack *pack, const as_digest *digest, as_index_entry *ret);
as_pack      *as_pack_make(const as_store *store, uint64_t number); /* NULL: no memory */

uint64_t as_set_count(as_store *store);

/* A descriptor to read it by; *ret_own: close it afterwards. AS_ENOTFOUND when the file is gone. */
AS_CHECK int as_pack_fd(as_pack *pack, bool *ret_own, as_err *err);

void as_pack_keep(as_pack *pack, int fd); /* it has that one from now on */
/* Reads a pack without index anew, from its beginning. */
AS_CHECK bool as_set_rescan(as_store *store, as_pack *pack, as_err *err);

/* recover.c: under `append`, at begin. */
AS_CHECK bool as_store_recover(as_store *store, as_err *err);

/* erase.c: what a killed program had begun to erase. */
AS_CHECK bool as_store_finish_erasures(as_store *store, as_pack *pack, as_err *err);
AS_CHECK bool as_store_tombstone_read(as_pack *pack, const as_index_entry *entry, as_tombstone *ret, as_err *err);

#endif
