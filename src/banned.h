/* SPDX-License-Identifier: Apache-2.0 */
/* banned.h - functions that do not compile here, and what to use instead.
 *
 * Layer:   below all; every file is compiled with -include banned.h.
 * Threads: immutable.
 * Memory:  none.
 *
 * The system headers that declare these come first, so that the macros never meet a declaration. A macro (and not
 * `#pragma GCC poison`) because headers of other libraries may name these functions in macros of their own.
 */
#ifndef AS_BANNED_H
#define AS_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

#define AS_BANNED(name) banned_function_##name

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef strtok
#undef sprintf
#undef vsprintf
#undef gets
#undef atoi
#undef atol
#undef atoll
#undef atof
#undef alloca
#undef system
#undef popen
#undef tmpnam
#undef mktemp
#undef gmtime
#undef localtime
#undef ctime
#undef asctime

/* Unbounded or silently truncating: use as_str or snprintf. */
#define strcpy(d, s)     AS_BANNED(strcpy)
#define strcat(d, s)     AS_BANNED(strcat)
#define strncpy(d, s, n) AS_BANNED(strncpy)
#define strncat(d, s, n) AS_BANNED(strncat)
#define sprintf(...)     AS_BANNED(sprintf)
#define vsprintf(...)    AS_BANNED(vsprintf)
#define gets(s)          AS_BANNED(gets)
/* Hidden state: use strtok_r, gmtime_r, localtime_r. */
#define strtok(s, d)     AS_BANNED(strtok)
#define gmtime(t)        AS_BANNED(gmtime)
#define localtime(t)     AS_BANNED(localtime)
#define ctime(t)         AS_BANNED(ctime)
#define asctime(t)       AS_BANNED(asctime)
/* No word about an error: use strtol and strtod with their end pointer, or the helpers of base/. */
#define atoi(s)          AS_BANNED(atoi)
#define atol(s)          AS_BANNED(atol)
#define atoll(s)         AS_BANNED(atoll)
#define atof(s)          AS_BANNED(atof)
/* Unbounded stack; a shell between us and a program; a race on a name. */
#define alloca(n)        AS_BANNED(alloca)
#define system(c)        AS_BANNED(system)
#define popen(c, m)      AS_BANNED(popen)
#define tmpnam(s)        AS_BANNED(tmpnam)
#define mktemp(s)        AS_BANNED(mktemp)

#endif
