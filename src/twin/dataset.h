/* SPDX-License-Identifier: Apache-2.0 */
/* dataset.h - a folder of the user's pictures as a product: which are good, which have what defect, and where it is.
 *
 * Layer:   twin (scene dataset:DIR).
 * Threads: a folder's list is immutable once opened; pictures are held and released by any thread.
 * Memory:  names for at most AS_DATASET_MAX_FILES pictures; of the pictures themselves no more than AS_DATASET_CACHE_BYTES
 *          (or four) are kept decoded, and one more for each thread that finds none to give back.
 *
 * The folder that a picture lies in is its class: DIR/good/a.jpg, DIR/scratch/b.jpg, DIR/test/hole/c.png; good, ok, normal,
 * pass and the like are what has no defect, as is a picture in DIR itself. Folders that say how data was split (train, test,
 * ...) are no classes. A mask is a picture in a folder ground_truth, masks, ..., or one whose name ends in _mask, with the name
 * of its picture: what is not black in it is the defect.
 */
#ifndef AS_TWIN_DATASET_H
#define AS_TWIN_DATASET_H

#include "image/frame.h"
#include "twin/cut.h"

#define AS_DATASET_MAX_FILES   200000u
#define AS_DATASET_MAX_CLASSES 64u
#define AS_DATASET_MAX_BYTES   ((size_t)256 << 20) /* of one file */
#define AS_DATASET_MAX_SIDE    4096u               /* of a frame, where nobody asks for another size */
#define AS_DATASET_CACHE_BYTES ((size_t)192 << 20)

typedef struct as_twin_folder_file {
    char *path, *relative;
    uint32_t class; /* 0: good */
    char *mask;     /* path of its mask; NULL: none */
} as_twin_folder_file;

typedef struct as_twin_folder {
    char                *dir;
    as_twin_folder_file *files; /* good ones first, then by class, then by name */
    size_t               n_files, n_masked;
    char                *classes[AS_DATASET_MAX_CLASSES + 1]; /* NULL-ended; the first is the good one */
    size_t               first[AS_DATASET_MAX_CLASSES + 1];   /* of each class's files; the next one's is its end */
    uint32_t             n_classes;
    uint32_t             width, height; /* of the first picture that can be read, cut to AS_DATASET_MAX_SIDE */
    bool                 colour;
} as_twin_folder;

/* AS_ENOTFOUND without a folder or a picture in it that can be read, which the text names; AS_ELIMIT. */
AS_CHECK as_twin_folder *as_twin_folder_open(const char *dir, as_err *err);
as_twin_folder          *as_twin_folder_free(as_twin_folder *dataset);

enum { AS_PICTURE_CELLS = 48 };

/* A decoded picture at the frame's size. */
typedef struct as_picture {
    size_t   file;
    uint32_t n_held;
    uint64_t used;
    bool     kept;                                       /* in the cache */
    uint8_t *pixels;                                     /* planes of width * height: red, green, blue, or one */
    uint8_t  object[AS_PICTURE_CELLS][AS_PICTURE_CELLS]; /* where the object is, not what it lies on */
    as_cut  *cuts;                                       /* NULL: no mask, or an empty one */
    uint32_t n_cuts;
} as_picture;

typedef struct as_pictures as_pictures;

/* Keeps about most_bytes of them, and never fewer than four. */
AS_CHECK as_pictures *as_pictures_new(const as_twin_folder *dataset, uint32_t width, uint32_t height, uint32_t planes,
                                      size_t most_bytes, as_err *err);
as_pictures          *as_pictures_free(as_pictures *pictures);

/* Picture of file i, or of the next of [first, end) that can be read: what cannot is named in the log once, and counted.
 * NULL when none can. */
const as_picture *as_pictures_hold(as_pictures *pictures, size_t i, size_t first, size_t end);
void              as_pictures_release(as_pictures *pictures, const as_picture *picture); /* NULL is fine */
size_t            as_pictures_skipped(as_pictures *pictures); /* files that turned out to be no pictures */
size_t            as_pictures_kept_bytes(as_pictures *pictures);

/* Light of 8 bits of a screen. */
float as_picture_light(uint8_t level);

#endif
