/* SPDX-License-Identifier: Apache-2.0 */
/* site.h - a folder in which programs are run and disturbed, and what they said they had done.
 *
 * Layer:   tests.
 * Threads: one thread.
 * Memory:  site_promises_done frees.
 *
 * The workspace is WORK/ws, pictures lie in WORK/p0, WORK/p1 ... A command is a line of words: the first is "assay", which
 * then gets "-C ws", or "writer" (writer.c); '#' stands for the number of the round, WORK for that folder.
 */
#ifndef AS_FAULT_SITE_H
#define AS_FAULT_SITE_H

#include "base/hash.h"
#include "base/vec.h"
#include "catalog/commit.h"
#include "plan.h"

#define SITE_FOLDERS 40 /* of pictures */

typedef struct site_object {
    as_digest digest;
    char      mark[48]; /* what its bytes begin with; "" when not known */
    bool      is_erased;
} site_object;

/* What was printed by programs so far: it must hold whatever happens to them later. */
typedef struct site_promises {
    AS_VEC(as_digest) commits; /* oldest first */
    AS_VEC(site_object) objects;
    uint64_t n_records;     /* of the journal */
    uint64_t ref;           /* value of the ref test/ref, which counts up */
    bool     may_be_erased; /* an erasure was begun: what was put may be gone, with a note */
} site_promises;

/* One command, disturbed. */
typedef struct site_case {
    const char *name;
    const char *prepare[6]; /* what comes before it, undisturbed */
    const char *command;
    const char *then;    /* how it is ended when it was begun, where that is not by itself again; NULL */
    const char *proof;   /* goes through in the end, and makes WORK/clone; NULL */
    bool        repeats; /* again, it comes to the same version of the data, or says that there is nothing to do */
    bool        is_slow; /* left out where few runs are asked for */
    bool        erases;
    bool        is_power_only; /* the power may go in the preparation too */
} site_case;

extern const site_case site_cases[]; /* up to one without a name */

void site_promises_done(site_promises *promises);
void site_promises_copy(site_promises *to, const site_promises *from);
/* Reads what came out on stdout. */
void site_take(site_promises *promises, const char *text, size_t n);

extern char        site_work[512], site_ws[600];
extern fault_plan *site_plan;

/* Makes WORK, the plan and the pictures. Ends the program when that fails. */
void site_begin(const char *base);
void site_end(void);

/* Puts a plan: the next program counts from 1. */
void site_set(fault_mode mode, uint64_t at, uint64_t n_times, int error);

/* Runs a command under the plan; after kill_ns (0: never) it is killed from outside. The wait status. */
int         site_run(const char *command, unsigned round, uint64_t kill_ns);
const char *site_out(size_t *ret_n); /* what it said on stdout, and on stderr */
const char *site_err(void);

/* Whole trees below WORK; to is removed before. */
void site_copy(const char *from, const char *to);
void site_remove(const char *path);

/* Everything that was promised is there, all that is there is whole, and no half commit can be seen. False with the
 * reason. */
bool site_check(const site_promises *promises, char *why, size_t n_why);
/* Opens the workspace at WORK/ws to be written, as the next program does. *ret_ns: how long that took. */
bool site_restart(uint64_t *ret_ns, char *why, size_t n_why);
/* Of what the newest version says, whenever it was made; zeros where there is none. */
as_digest site_state(void);

/* The workspace as a case finds it. */
void site_prepare(const site_case *one, site_promises *promises);
bool site_status_ok(int status, bool may_refuse); /* it ended with 0, or with 2 where it may */

/* The command again, undisturbed, and its proof; false with the reason. want: what it comes to; NULL: it may differ. */
bool site_finish(const site_case *one, site_promises *promises, const as_digest *want, char *why, size_t n_why);

_Noreturn void site_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
