/* SPDX-License-Identifier: Apache-2.0 */
/* erased.h - samples whose picture was erased: told apart, left out, and stripped of what says whose they were.
 *
 * Layer:   catalog (may use base/, store/).
 * Threads: one thread.
 * Memory:  new manifests are the caller's.
 */
#ifndef AS_CATALOG_ERASED_H
#define AS_CATALOG_ERASED_H

#include "catalog/history.h"

/* There is a note of it in place of its bytes. What is merely missing is not erased. */
bool as_image_is_erased(as_workspace *ws, const as_digest *image);

/* A copy without the samples whose picture was erased. */
AS_CHECK as_manifest *as_manifest_present(as_workspace *ws, const as_manifest *manifest, uint64_t *ret_n_erased,
                                          as_err *err);

/* Texts that name somebody, each with the one that stands for it: "erased/3f0c...", drawn from a secret that is forgotten
 * with the list, so that nobody who guesses a name can check the guess. The same text gets the same word. */
typedef struct as_alias {
    char *text, *word;
} as_alias;

typedef struct as_aliases {
    AS_VEC(as_alias) list;
    size_t  longest; /* bytes of a text */
    uint8_t secret[32];
    bool    is_sorted;
} as_aliases;

bool          as_alias_is_word(const char *text); /* one of these words stands here already */
AS_CHECK bool as_aliases_begin(as_aliases *aliases, as_err *err);
void          as_aliases_begin_like(as_aliases *aliases, const as_aliases *other); /* a text has one word in both */
AS_CHECK bool as_aliases_add(as_aliases *aliases, const char *text, as_err *err);
const char   *as_aliases_find(as_aliases *aliases, const char *text); /* NULL: it is none of them */
/* The text with words for what is named in it between '', as messages have it, where a long name may have lost its beginning
 * ('...b/0007.jpg'). Heap; NULL: none of them is in it, or memory ran out (*ret_ok false). */
char *as_aliases_replace(as_aliases *aliases, const char *text, bool *ret_ok);
void  as_aliases_done(as_aliases *aliases);

/* The word for the part of what was called name and is called word now: a part is no name, and others have it too. */
const char *as_aliases_part(as_aliases *parts, const char *name, const char *word, const char *part);

/* A copy in which samples of these names have another. Of these pictures nothing is left but hash, size, format, class, state
 * of the label, split, and a word for the part: no camera, time, measures, findings, nor who labelled. *ret_n: how many
 * differ. */
AS_CHECK as_manifest *as_manifest_redact(const as_manifest *manifest, as_aliases *names, as_aliases *parts,
                                         const as_digest_list *images, uint64_t *ret_n, as_err *err);

/* The same for an object of notes (notes.h): what was measured and said of samples of these names goes. */
AS_CHECK bool as_notes_redact(const uint8_t *bytes, size_t n, as_aliases *aliases, as_str *out, uint64_t *ret_n,
                              as_err *err);

#endif
