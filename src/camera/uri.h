/* SPDX-License-Identifier: Apache-2.0 */
/* uri.h - the address of a camera, taken apart: "<driver>:<path>?<key>=<value>&..."
 *
 * Layer:   camera.
 * Threads: plain values.
 * Memory:  a query is a value of fixed size.
 */
#ifndef AS_CAMERA_URI_H
#define AS_CAMERA_URI_H

#include "base/err.h"

/* A key=value list behind '?' in a URI, decoded (%XX). */
typedef struct as_uri_query as_uri_query;
struct as_uri_query {
    char path[1024]; /* what stood before '?' */
    struct {
        char key[32];
        char value[256];
    } pairs[48];
    size_t n;
};

#define AS_URI_FEATURES \
    "Feature..." /* in known[]: any key that begins with a capital letter, a feature of the camera */

/* AS_EINVAL names an unknown key and the nearest of known[] (NULL-ended). */
AS_CHECK bool as_uri_query_parse(const char *rest, const char *const *known, as_uri_query *ret, as_err *err);
const char   *as_uri_query_get(const as_uri_query *query, const char *key); /* NULL if absent */

/* An address without the name and the password in it ("rtsp://anna:word@host/live"), for messages, samples and logs. Heap;
 * NULL without memory. */
char *as_uri_public(const char *uri);

#endif
