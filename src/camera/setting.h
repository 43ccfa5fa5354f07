/* SPDX-License-Identifier: Apache-2.0 */
/* setting.h - the settings of a camera by their names (GenICam SFNC: "ExposureTime"), whatever the driver.
 *
 * Layer:   camera.
 * Threads: a list belongs to one thread; the camera's functions as in camera.h.
 * Memory:  as_setting_list_done() frees a list; a feature is plain data.
 */
#ifndef AS_CAMERA_SETTING_H
#define AS_CAMERA_SETTING_H

#include "base/progress.h"
#include "base/str.h"
#include "base/vec.h"
#include "camera/camera.h"

typedef enum as_setting_kind {
    AS_SETTING_NONE,
    AS_SETTING_BOOL, /* "true" or "false" */
    AS_SETTING_INT,
    AS_SETTING_FLOAT,
    AS_SETTING_ENUM, /* one of choices */
    AS_SETTING_TEXT,
    AS_SETTING_COMMAND, /* has no value: it is executed */
    AS_SETTING_COUNT
} as_setting_kind;

typedef struct as_setting {
    char            name[64], category[64], unit[16], about[200];
    as_setting_kind kind;
    bool            readable, writable; /* now: what a running camera locks is not writable */
    char            value[256];         /* "" when it cannot be read */
    double          low, high, step;    /* of a number; NAN: the camera says no bound */
    char            choices[2048];      /* of an ENUM, each ended by '\n' */
} as_setting;

typedef struct as_setting_list {
    AS_VEC(as_setting) all;
} as_setting_list;

#define AS_SETTINGS_MAX 4096 /* of a camera */

const char *as_setting_kind_name(as_setting_kind kind); /* "int", "enum", ... */

void              as_setting_list_done(as_setting_list *features);
const as_setting *as_setting_list_find(const as_setting_list *features, const char *name); /* NULL if there is none */
/* As find; AS_ENOTFOUND names the nearest there is. */
AS_CHECK const as_setting *as_setting_list_need(const as_setting_list *features, const char *name, as_err *err);

/* Whether the feature could be given that value: AS_EINVAL names what is allowed, or says that nothing is. */
AS_CHECK bool as_setting_check(const as_setting *feature, const char *value, as_err *err);
/* Whether both texts mean the same value of it: numbers within half a step, or a millionth. */
bool as_setting_same(const as_setting *feature, const char *a, const char *b);
/* "10 to 1e+06 us in steps of 1", "one of Off, Once, Continuous". */
void as_setting_add_range(as_str *out, const as_setting *feature);

/* Of an open camera; a real one may take seconds (progress may be NULL). AS_EUNSUPPORTED when its driver knows no features,
 * AS_EIO, AS_ECANCELLED. */
AS_CHECK bool as_camera_settings(as_camera *cam, const as_progress *progress, as_setting_list *ret, as_err *err);
AS_CHECK bool as_camera_setting(as_camera *cam, const char *name, as_setting *ret, as_err *err);
/* Checks, sets and reads back what it became (ret may be NULL): a camera may round. A command takes no value: NULL or "".
 * What was set is set again when the camera was lost and came back. */
AS_CHECK bool as_camera_set(as_camera *cam, const char *name, const char *value, as_setting *ret, as_err *err);

/* A feature and a value it shall have. */
typedef struct as_setting_wish {
    char name[64], value[256];
} as_setting_wish;

typedef struct as_setting_wishes {
    AS_VEC(as_setting_wish) all;
} as_setting_wishes;

/* The last value of a feature is the one it gets; it moves to the end. AS_ENOMEM. */
AS_CHECK bool as_setting_wishes_put(as_setting_wishes *wishes, const char *name, const char *value, as_err *err);

/* Gives the camera all of these values, in an order it takes them in (Width before OffsetX, or after it), and reads all of
 * them back. Where one is refused, or another makes it something else again, those that were changed get their old values,
 * and false. Only what differs is written; *ret_changed counts it. */
AS_CHECK bool as_camera_set_all(as_camera *cam, const as_setting_wishes *wishes, size_t *ret_changed, as_err *err);

/* A dump is YAML: "camera: URI", "features:" and under it NAME: VALUE of what can be read and written. */
AS_CHECK bool as_setting_list_dump(const as_setting_list *features, const char *uri, as_str *out, as_err *err);
/* name is what errors call the text. AS_EFORMAT with line and column, AS_ELIMIT. */
AS_CHECK bool as_setting_wishes_parse(const char *text, size_t n, const char *name, as_setting_wishes *ret,
                                      as_err *err);

#endif
