/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - what a test and the program under it share: which call is to go wrong, and how.
 *
 * Layer:   tests.
 * Threads: any thread.
 * Memory:  a file that both map; $ASSAY_FAULT_PLAN is its path.
 *
 * shim.so, loaded before the program's own libraries (LD_PRELOAD), stands between it and the C library, counts the calls
 * that change a file and, at the one asked for, ends the process as kill -9 does (before the call, or in the middle: of the
 * bytes of a write those up to a page of the file are there, as a kill leaves them), lets the call fail, or lets an allocation fail. It can also write down all such calls,
 * from which power.c works out what a disk may hold after a power cut.
 */
#ifndef AS_FAULT_PLAN_H
#define AS_FAULT_PLAN_H

#include <stdatomic.h>
#include <stdint.h>

#define FAULT_PLAN_ENV "ASSAY_FAULT_PLAN"

typedef enum fault_mode {
    FAULT_COUNT, /* nothing goes wrong */
    FAULT_KILL,
    FAULT_KILL_MIDDLE,
    FAULT_FAIL,
    FAULT_NO_MEMORY,
    FAULT_RECORD
} fault_mode;

typedef struct fault_plan {
    atomic_uint   mode;
    atomic_ullong at;         /* the call, from 1 on */
    atomic_ullong n_times;    /* so many from there on fail */
    atomic_int    error;      /* errno of FAULT_FAIL */
    atomic_uint   with_reads; /* reads and what is opened to be read count too */
    atomic_ullong n_calls, n_allocs;
    atomic_uint   n_hit;
    char          what[64];  /* the call that was hit */
    char          root[512]; /* FAULT_RECORD: files below it */
    char          log[512];  /* FAULT_RECORD: the file for it */
} fault_plan;

/* The log: entries behind each other, each followed by n_path, n_other and n_bytes bytes. */
typedef enum fault_op {
    FAULT_OP_START = 1, /* a new process */
    FAULT_OP_OPEN,      /* fd is path now; value: its open flags */
    FAULT_OP_WRITE,     /* of fd at offset */
    FAULT_OP_TRUNCATE,  /* fd to offset bytes */
    FAULT_OP_ZERO,      /* value bytes of fd at offset */
    FAULT_OP_SYNC,      /* fd, a file or a folder */
    FAULT_OP_RENAME,    /* path to other */
    FAULT_OP_UNLINK,    /* path */
    FAULT_OP_MKDIR,     /* path */
    FAULT_OP_RMDIR,     /* path */
    FAULT_OP_SAY        /* bytes came out on stdout: what they promise holds from here on */
} fault_op;

typedef struct fault_entry {
    uint32_t op, fd, n_path, n_other;
    uint64_t offset, value, n_bytes;
} fault_entry;

#endif
