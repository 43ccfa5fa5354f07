/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - what lies in a folder, and what its format says of the pictures in it, before any of them is opened. For the
 * files of this folder only.
 *
 * Layer:   intake.
 * Threads: one thread.
 * Memory:  as_scan_done frees what a scan holds, also one that failed half way.
 */
#ifndef AS_INTAKE_SCAN_H
#define AS_INTAKE_SCAN_H

#include "base/vec.h"
#include "intake/import.h"

#define AS_SCAN_MAX_FILES ((size_t)10 * 1000 * 1000)

typedef struct as_scan_file {
    char       *path;  /* what is opened: the file itself, or what a link in the folder means */
    char       *name;  /* of the sample */
    const char *label; /* the spec's; "" when the format says nothing */
    as_split    split;
    bool        is_video; /* name: of all its frames */
    uint32_t    page;     /* of a TIFF of several; 0: the file as it is */
    as_ns       utc;
    as_finding *findings; /* labels are the spec's, geometry and extra this file's or "" */
    size_t      n_findings;
    /* Of formats that say more, and of side.h, whose memory it is; NULL, 0 and NAN where nobody said. */
    as_label_state state;
    const char    *by, *camera;
    char          *part;
    as_ns          said_utc;
    double         severity;
    as_vote       *votes; /* with their findings, as above */
    size_t         n_votes;
} as_scan_file;

typedef struct as_scan {
    const as_spec       *spec;
    const as_import_cfg *cfg;
    const char          *format;                 /* the row that read it */
    char                 root[AS_FS_PATH_BYTES]; /* resolved */
    char                *prefix;                 /* escaped, "" or with its slash */
    AS_VEC(as_fs_entry) entries;                 /* all that lies there, by relative path; on the heap */
    AS_VEC(as_scan_file) files; /* test first, then validation, then the rest; by name; recordings last */
    size_t n_pictures;          /* of files */
    AS_VEC(char *) kept;        /* of as_scan_keep */
    struct as_side *side;       /* what a folder that was checked out says beyond its format */
    char           *told;       /* the folder told of last */
    bool            used[AS_SPEC_MAX_CLASSES * 4]; /* renames */
} as_scan;

/* Lists the folder, finds its format (or takes cfg->format) and reads it. Tells of everything that is left out. */
AS_CHECK bool as_scan_folder(as_scan *scan, const as_spec *spec, const as_import_cfg *cfg, as_err *err);
void          as_scan_done(as_scan *scan);

/* For the formats. The entry of that relative path, or NULL. */
const as_fs_entry *as_scan_find(const as_scan *scan, const char *relative);
bool               as_scan_is_picture(const char *relative);
bool               as_scan_is_source(const char *relative); /* a picture or a recording, for formats that take both */
void               as_scan_tell(const as_scan *scan, as_check_level level, const char *relative, const char *text);
void as_scan_tell_folder(as_scan *scan, const char *relative, size_t n, const char *text); /* once in a row */

/* The spec's class that a word stands for, by --rename or by itself; NULL if there is none. */
const char *as_scan_class(as_scan *scan, const char *word, size_t n);

/* Such a text, made fit to be stored, that lives as long as the scan; NULL without memory. For few different ones. */
const char *as_scan_keep(as_scan *scan, const char *text);

/* AS_EINVAL: what (a folder, a category) 'word' is no class, the nearest, and the ways out. Returns false. */
bool as_scan_unknown(const as_scan *scan, const char *what, const char *word, size_t n, as_err *err);

/* Is the link to a file in the folder? Told when not. */
bool as_scan_resolves(const as_scan *scan, const as_fs_entry *entry);

/* Lists a picture. A link out of the folder is told of and left out. With label NULL it has the class of the worst finding,
 * and without one the spec's first class that passes. Takes findings and their strings, also on failure. */
AS_CHECK bool as_scan_put(as_scan *scan, const as_fs_entry *entry, const char *label, as_split split,
                          as_finding *findings, size_t n_findings, as_err *err);
void          as_scan_free_findings(as_finding *findings, size_t n);

/* The class of the worst finding; without one the spec's first class that passes; "" when there is none. */
const char *as_scan_label_of(const as_spec *spec, const as_finding *findings, size_t n);

/* Width and height of a picture, upright, from its header; false, and told, when it does not read. */
bool as_scan_size(const as_scan *scan, const as_fs_entry *entry, uint32_t *ret_width, uint32_t *ret_height);

#endif
