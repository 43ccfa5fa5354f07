/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_parse.h"

#include <arv.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef ArvDomDocument *parse_new_function(const void *buffer, int size, GError **error);
typedef void            parse_append_function(ArvDomDocument *document, ArvDomNode *node, const void *buffer, int size,
                                              GError **error);

static pthread_mutex_t        parse_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t         parse_once = PTHREAD_ONCE_INIT;
static atomic_bool            parse_was_here;
static parse_new_function    *parse_new;
static parse_append_function *parse_append;

/* Called by Aravis in place of its own, for this module comes before it in the order of symbols. */
__attribute__((visibility("default"))) ArvDomDocument *arv_dom_document_new_from_memory(const void *buffer, int size,
                                                                                        GError **error)
{
    atomic_store(&parse_was_here, true);
    pthread_mutex_lock(&parse_lock);
    ArvDomDocument *document = parse_new ? parse_new(buffer, size, error) : NULL;
    pthread_mutex_unlock(&parse_lock);
    return document;
}

__attribute__((visibility("default"))) void arv_dom_document_append_from_memory(ArvDomDocument *document,
                                                                                ArvDomNode *node, const void *buffer,
                                                                                int size, GError **error)
{
    pthread_mutex_lock(&parse_lock);
    if (parse_append)
        parse_append(document, node, buffer, size, error);
    pthread_mutex_unlock(&parse_lock);
}

/* A function and a pointer to data are not the same kind in C (POSIX, dlsym). */
__attribute__((constructor)) static void parse_find(void)
{
    void *found = dlsym(RTLD_NEXT, "arv_dom_document_new_from_memory");
    memcpy(&parse_new, &found, sizeof parse_new);
    found = dlsym(RTLD_NEXT, "arv_dom_document_append_from_memory");
    memcpy(&parse_append, &found, sizeof parse_append);
}

static void parse_try(void)
{
    static const char text[] = "<RegisterDescription></RegisterDescription>";
    ArvGc            *gc = arv_gc_new(NULL, text, sizeof text - 1);
    if (gc)
        g_object_unref(gc);
    else
        atomic_store(&parse_was_here, false);
}

bool as_gige_parse_is_guarded(void)
{
    pthread_once(&parse_once, parse_try);
    return atomic_load(&parse_was_here);
}
