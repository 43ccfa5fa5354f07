/* SPDX-License-Identifier: Apache-2.0 */
/* What is disturbed. WORK is the folder that ws is in. A new verb that writes gets a row here, and is then killed, cut off and failed at each of its calls. */
#include <stddef.h>

#include "site.h"

#define INIT  "assay init ws --classes good,bad"
#define CONES "assay init ws --example cones"

const site_case site_cases[] = {
    {.name = "init", .command = INIT, .repeats = true},
    {.name = "import", .prepare = {INIT}, .command = "assay import p0", .repeats = true},
    {.name = "both", .prepare = {INIT}, .command = "assay import p0", .is_power_only = true},
    {.name = "import more", .prepare = {INIT, "assay import p0"}, .command = "assay import p1", .repeats = true},
    {.name = "label",
     .prepare = {INIT, "assay import p0"},
     .command = "assay label set bad --where name~*good*",
     .repeats = true},
    {.name = "undo",
     .prepare = {INIT, "assay import p0", "assay label set bad --where name~*good*"},
     .command = "assay label undo"},
    {.name = "store", .prepare = {INIT, "assay import p0"}, .command = "writer store 0"},
    {.name = "gc", .prepare = {INIT, "assay import p0", "writer store 0", "writer store 1"}, .command = "writer gc 2"},
    {.name = "erase",
     .prepare = {INIT, "assay import p0", "writer store 0"},
     .command = "writer erase 2",
     .erases = true},
    {.name = "erase pictures",
     .prepare = {INIT, "assay import p0", "assay import p1"},
     .command = "assay erase p0/good/00000.png p1/bad/00001.png --reason asked --yes",
     .then = "assay erase --resume",
     .erases = true},
    {.name = "clean",
     .prepare = {INIT, "assay import p0", "writer junk 0", "writer junk 1"},
     .command = "assay data gc",
     .repeats = true},
    {.name = "tag", .prepare = {INIT, "assay import p0"}, .command = "assay data tag v1", .repeats = true},
    {.name = "restore",
     .prepare = {INIT, "assay import p0", "assay import p1"},
     .command = "assay data restore main~1"},
    {.name = "push",
     .prepare = {INIT, "assay import p0", "assay data remote add origin WORK/ws/remote", "assay data push",
                 "assay import p1"},
     .command = "assay data push",
     .repeats = true,
     .proof = "assay data clone WORK/ws/remote WORK/clone"},
    {.name = "journal", .prepare = {INIT, "writer journal 0"}, .command = "writer journal 1", .is_slow = true},
    {.name = "capture",
     .prepare = {CONES, "assay capture --parts 2"},
     .command = "assay capture --parts 2 --camera twin:cones?from=50",
     .is_slow = true},
    {.name = NULL},
};
