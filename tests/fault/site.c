/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"

#define MAX_WORDS   24
#define MAX_SECONDS 120
#define SITE_LINE   4096

char        site_work[512], site_ws[600];
fault_plan *site_plan;

static char  site_here[512]; /* of the build: where shim.so and writer are */
static char *site_text[2];   /* stdout and stderr of the last program */

void site_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fflush(stdout);
    fputs("FAILED: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

/* --- promises */

void site_promises_done(site_promises *promises)
{
    as_vec_done(&promises->commits);
    as_vec_done(&promises->objects);
    *promises = (site_promises){0};
}

void site_promises_copy(site_promises *to, const site_promises *from)
{
    site_promises copy = {.n_records = from->n_records, .ref = from->ref, .may_be_erased = from->may_be_erased};
    for (size_t i = 0; i < from->commits.n; i++)
        if (!as_vec_push(&copy.commits, from->commits.at[i]))
            site_fail("not enough memory");
    for (size_t i = 0; i < from->objects.n; i++)
        if (!as_vec_push(&copy.objects, from->objects.at[i]))
            site_fail("not enough memory");
    site_promises_done(to);
    *to = copy;
}

/* "commit 0123456789ab" has the first digits only: the rest are zeros, and it is looked for by them. */
static void take_commit(site_promises *promises, const char *hex)
{
    char whole[AS_SHA256_HEX_BYTES];
    memset(whole, '0', sizeof whole - 1);
    whole[sizeof whole - 1] = '\0';
    memcpy(whole, hex, strspn(hex, "0123456789abcdef"));
    as_digest digest;
    if (as_digest_parse(whole, &digest) && !as_vec_push(&promises->commits, digest))
        site_fail("not enough memory");
}

static void take_object(site_promises *promises, const char *line, bool is_erased)
{
    site_object object = {.is_erased = is_erased};
    char        hex[AS_SHA256_HEX_BYTES];
    if (sscanf(line, "%64[0-9a-f] %47s", hex, object.mark) < 1 || !as_digest_parse(hex, &object.digest))
        return;
    for (size_t i = 0; i < promises->objects.n; i++)
        if (as_digest_equal(&promises->objects.at[i].digest, &object.digest)) {
            promises->objects.at[i] = object;
            return;
        }
    if (!as_vec_push(&promises->objects, object))
        site_fail("not enough memory");
}

/* A line that was cut off was not said. */
void site_take(site_promises *promises, const char *text, size_t n)
{
    for (const char *end; n && (end = memchr(text, '\n', n)); n -= (size_t)(end + 1 - text), text = end + 1) {
        if (as_str_starts(text, "commit "))
            take_commit(promises, text + strlen("commit "));
        else if (as_str_starts(text, "put "))
            take_object(promises, text + strlen("put "), false);
        else if (as_str_starts(text, "erased "))
            take_object(promises, text + strlen("erased "), true);
        else if (as_str_starts(text, "journal "))
            promises->n_records = strtoull(text + strlen("journal "), NULL, 10);
        else if (as_str_starts(text, "ref "))
            promises->ref = strtoull(text + strlen("ref "), NULL, 10);
    }
}

/* --- files */

static char copy_from[1024], copy_to[1024];

static int copy_visit(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    char    to[2048];
    uint8_t buffer[65536];
    (void)ftw;
    snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
    if (kind == FTW_D)
        return mkdir(to, 0755) == 0 || errno == EEXIST ? 0 : -1;
    if (kind != FTW_F)
        return 0;
    int in = open(path, O_RDONLY | O_CLOEXEC),
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st->st_mode & 0777);
    ssize_t n = -1;
    while (in >= 0 && out >= 0 && (n = read(in, buffer, sizeof buffer)) > 0 && write(out, buffer, (size_t)n) == n)
        ;
    struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (out >= 0)
        futimens(out, times);
    close(in);
    close(out);
    return n == 0 ? 0 : -1;
}

void site_remove(const char *path)
{
    as_err err = AS_ERR_NONE;
    if (!as_fs_remove_tree(path, &err))
        site_fail("%s", err.text);
}

static void site_copy_tree(const char *from, const char *to)
{
    snprintf(copy_from, sizeof copy_from, "%s", from);
    snprintf(copy_to, sizeof copy_to, "%s", to);
    if (nftw(copy_from, copy_visit, 16, FTW_PHYS) != 0)
        site_fail("cannot copy '%s' to '%s': %s", copy_from, copy_to, strerror(errno));
}

void site_copy(const char *from, const char *to)
{
    char a[600], b[600];
    snprintf(a, sizeof a, "%s/%s", site_work, from);
    snprintf(b, sizeof b, "%s/%s", site_work, to);
    site_remove(b);
    site_copy_tree(a, b);
}

static void site_write(const char *name, const char *text)
{
    char   path[1024];
    as_err err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/%s", site_work, name);
    if (!as_fs_write_fast(path, text, strlen(text), &err))
        site_fail("%s", err.text);
}

static char *site_read(const char *name)
{
    char     path[1024];
    uint8_t *bytes;
    size_t   n;
    as_err   err = AS_ERR_NONE;
    snprintf(path, sizeof path, "%s/%s", site_work, name);
    if (!as_fs_read(path, (size_t)64 << 20, &bytes, &n, &err))
        site_fail("%s", err.text);
    return (char *)bytes;
}

const char *site_out(size_t *ret_n)
{
    free(site_text[0]);
    site_text[0] = site_read("out");
    if (ret_n)
        *ret_n = strlen(site_text[0]);
    return site_text[0];
}

const char *site_err(void)
{
    free(site_text[1]);
    site_text[1] = site_read("err");
    return site_text[1];
}

/* --- programs */

static const char *site_env(const char *name)
{
    const char *value = getenv(name);
    if (!value || !*value)
        site_fail("%s is not set: start it by its script in tests/fault", name);
    return value;
}

void site_set(fault_mode mode, uint64_t at, uint64_t n_times, int error)
{
    atomic_store(&site_plan->mode, mode);
    atomic_store(&site_plan->at, at);
    atomic_store(&site_plan->n_times, n_times);
    atomic_store(&site_plan->error, error);
    atomic_store(&site_plan->n_calls, 0);
    atomic_store(&site_plan->n_allocs, 0);
    atomic_store(&site_plan->n_hit, 0);
    site_plan->what[0] = '\0';
}

static void site_words(char *line, const char *command, unsigned round, const char **words)
{
    static char assay[600], writer[600];
    char       *save = NULL;
    size_t      n = 0, at = 0;
    for (const char *c = command; *c && at + 512 < SITE_LINE; c++) {
        if (*c == '#') {
            at += (size_t)snprintf(line + at, 12, "%u", round);
        } else if (as_str_starts(c, "WORK/")) {
            at += (size_t)snprintf(line + at, SITE_LINE - at, "%s", site_work);
            c += strlen("WOR");
        } else
            line[at++] = *c;
    }
    line[at] = '\0';
    snprintf(assay, sizeof assay, "%s", site_env("ASSAY"));
    snprintf(writer, sizeof writer, "%s/fault_writer", site_here);
    for (const char *word = strtok_r(line, " ", &save); word && n + 4 < MAX_WORDS; word = strtok_r(NULL, " ", &save)) {
        const bool is_assay = n == 0 && strcmp(word, "assay") == 0, is_writer = n == 0 && strcmp(word, "writer") == 0;
        if (n == 1 && words[0] == assay && strcmp(word, "init") != 0) { /* before init there is nothing to be in */
            words[n++] = "-C";
            words[n++] = "ws";
        }
        words[n] = is_assay ? assay : is_writer ? writer : word;
        n++;
    }
    words[n] = NULL;
}

static _Noreturn void site_become(const char *command, unsigned round)
{
    char        line[SITE_LINE], preload[600];
    const char *words[MAX_WORDS];
    int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), err = open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    site_words(line, command, round, words);
    snprintf(preload, sizeof preload, "%s/libfault_shim.so", site_here);
    setenv("LD_PRELOAD", preload, 1);
    execv(words[0], (char *const *)(uintptr_t)words);
    fprintf(stderr, "cannot start '%s': %s\n", words[0], strerror(errno));
    _exit(126);
}

static bool site_wait(pid_t pid, uint64_t until_ns, int *status)
{
    while (waitpid(pid, status, WNOHANG) == 0) {
        if ((uint64_t)as_clock_mono() >= until_ns)
            return false;
        usleep(20);
    }
    return true;
}

int site_run(const char *command, unsigned round, uint64_t kill_ns)
{
    int            status = 0;
    const uint64_t now = (uint64_t)as_clock_mono();
    fflush(NULL);
    site_write("out", "");
    site_write("err", ""); /* a program that is killed before it begins has said nothing */
    pid_t pid = fork();
    if (pid == 0) {
        if (chdir(site_work) != 0)
            _exit(126);
        site_become(command, round);
    }
    if (pid < 0)
        site_fail("cannot fork: %s", strerror(errno));
    if (kill_ns && site_wait(pid, now + kill_ns, &status))
        return status;
    if (kill_ns)
        kill(pid, SIGKILL);
    if (!site_wait(pid, now + kill_ns + (uint64_t)MAX_SECONDS * AS_NS_PER_S, &status)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        site_fail("'%s' did not end within %d s", command, MAX_SECONDS);
    }
    return status;
}

bool site_status_ok(int status, bool may_refuse)
{
    return WIFEXITED(status) && (WEXITSTATUS(status) == 0 || (may_refuse && WEXITSTATUS(status) == 2));
}

void site_prepare(const site_case *one, site_promises *promises)
{
    size_t n;
    site_remove(site_ws);
    site_promises_done(promises);
    site_set(FAULT_COUNT, 0, 0, 0);
    for (size_t i = 0; i < AS_COUNT(one->prepare) && one->prepare[i]; i++) {
        if (!site_status_ok(site_run(one->prepare[i], 0, 0), false))
            site_fail("%s: '%s' fails before anything is disturbed: %.400s", one->name, one->prepare[i], site_err());
        const char *out = site_out(&n);
        site_take(promises, out, n);
    }
}

static bool finish_run(const char *command, site_promises *promises, bool may_refuse, char *why, size_t n_why)
{
    size_t n;
    int    status = site_run(command, 0, 0);
    if (!site_status_ok(status, may_refuse)) {
        snprintf(why, n_why, "afterwards '%s' fails: %.300s%.300s", command, site_out(NULL), site_err());
        return false;
    }
    const char *out = site_out(&n);
    site_take(promises, out, n);
    return site_check(promises, why, n_why);
}

bool site_finish(const site_case *one, site_promises *promises, const as_digest *want, char *why, size_t n_why)
{
    char clone[600];
    site_set(FAULT_COUNT, 0, 0, 0);
    if (!finish_run(one->command, promises, true, why, n_why) ||
        (one->then && !finish_run(one->then, promises, true, why, n_why)))
        return false;
    const as_digest is = site_state();
    if (want && (one->repeats || one->then) && !as_digest_equal(&is, want)) {
        snprintf(why, n_why, "the next run comes to another version of the data");
        return false;
    }
    snprintf(clone, sizeof clone, "%s/clone", site_work);
    site_remove(clone);
    bool ok = !one->proof || finish_run(one->proof, promises, false, why, n_why);
    site_remove(clone);
    return ok;
}

/* --- begin and end */

void site_begin(const char *base)
{
    char path[600];
    snprintf(site_here, sizeof site_here, "%s", site_env("ASSAY_FAULT_BUILD"));
    snprintf(site_work, sizeof site_work, "%s/assay-fault-XXXXXX", base);
    if (!mkdtemp(site_work))
        site_fail("cannot make a folder in '%s': %s", base, strerror(errno));
    atexit(site_end);
    snprintf(site_ws, sizeof site_ws, "%s/ws", site_work);
    snprintf(path, sizeof path, "%s/plan", site_work);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *site_plan) != 0)
        site_fail("cannot make '%s'", path);
    void *map = mmap(NULL, sizeof *site_plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        site_fail("cannot map '%s'", path);
    site_plan = map;
    setenv(FAULT_PLAN_ENV, path, 1);
    site_copy_tree(site_env("ASSAY_FAULT_PICTURES"), site_work);
    setenv("ASSAY_AUTHOR", "tester", 1);
}

void site_end(void)
{
    if (site_work[0] && !getenv("ASSAY_FAULT_KEEP"))
        (void)!as_fs_remove_tree(site_work, NULL);
    free(site_text[0]);
    free(site_text[1]);
    site_text[0] = site_text[1] = NULL;
}
