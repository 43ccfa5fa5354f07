/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define CPU_TEXT_BYTES 256

static pthread_once_t cpu_once = PTHREAD_ONCE_INIT;
static char           cpu_model[CPU_TEXT_BYTES] = "unknown";
static char           cpu_features[CPU_TEXT_BYTES];
static char          *cpu_flags; /* all of them; kept */

/* The value of the first line "key<blanks>:<blanks>value" in a file of /proc; heap, or NULL. */
static char *cpu_proc_value(const char *path, const char *key)
{
    char  *line = NULL, *value = NULL;
    size_t cap = 0, n_key = strlen(key);
    FILE  *f = fopen(path, "re");
    if (!f)
        return NULL;
    while (!value && getline(&line, &cap, f) > 0) {
        if (!as_str_starts(line, key))
            continue;
        char *colon = line + n_key + strspn(line + n_key, " \t");
        if (*colon != ':')
            continue;
        char *start = colon + 1 + strspn(colon + 1, " \t");
        start[strcspn(start, "\n")] = '\0';
        value = strdup(start);
    }
    free(line);
    fclose(f);
    return value;
}

static bool cpu_has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

/* The kernel's list, not the processor's own: it leaves out what the kernel did not switch on (AVX-512, AMX). */
static void cpu_init(void)
{
    static const char *const wanted[] = {"sse4_2",      "avx2",        "fma",      "f16c",     "avx_vnni", "avx512f",
                                         "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16"};

    char *model = cpu_proc_value("/proc/cpuinfo", "model name"), *flags = cpu_proc_value("/proc/cpuinfo", "flags");
    if (model)
        as_str_copy(cpu_model, sizeof cpu_model, model);
    for (size_t i = 0, n = 0; flags && i < AS_COUNT(wanted); i++) {
        if (!cpu_has_word(flags, wanted[i]))
            continue;
        snprintf(cpu_features + n, sizeof cpu_features - n, "%s%s", n ? " " : "", wanted[i]);
        n = strlen(cpu_features);
    }
    free(model);
    cpu_flags = flags;
}

const char *as_cpu_model(void)
{
    pthread_once(&cpu_once, cpu_init);
    return cpu_model;
}

const char *as_cpu_features(void)
{
    pthread_once(&cpu_once, cpu_init);
    return cpu_features;
}

bool as_cpu_has(const char *flag)
{
    pthread_once(&cpu_once, cpu_init);
    return cpu_flags && cpu_has_word(cpu_flags, flag);
}

uint64_t as_cpu_memory_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : 0;
}

static uint64_t cpu_status_bytes(const char *key)
{
    char    *value = cpu_proc_value("/proc/self/status", key);
    uint64_t kib = value ? strtoull(value, NULL, 10) : 0; /* "12345 kB", always that unit */
    free(value);
    return kib * 1024;
}

uint64_t as_cpu_resident_bytes(void)
{
    return cpu_status_bytes("VmRSS");
}

uint64_t as_cpu_peak_bytes(void)
{
    return cpu_status_bytes("VmHWM");
}
