/* SPDX-License-Identifier: Apache-2.0 */
#include "image/frame.h"

#include <stdatomic.h>

#include "base/log.h"

#define FRAME_POOL_MAX    4096u
#define FRAME_ALIGN_BYTES 64 /* a cache line, and the widest vector there is */

const char *as_frame_status_name(as_frame_status status)
{
    static const char *const names[AS_FRAME_STATUS_COUNT] = {"none", "ok",       "incomplete", "corrupt",
                                                             "late", "repeated", "misfit"};
    return status < AS_FRAME_STATUS_COUNT ? names[status] : names[0];
}

bool as_image_check_size(uint32_t width, uint32_t height, as_err *err)
{
    if (width == 0 || height == 0)
        return AS_FAIL(err, AS_EINVAL, "a picture of %u x %u pixels has no content", width, height);
    if (width > AS_IMAGE_MAX_SIDE || height > AS_IMAGE_MAX_SIDE)
        return AS_FAIL(err, AS_ELIMIT, "a picture of %u x %u pixels is larger than the %u allowed on a side", width,
                       height, AS_IMAGE_MAX_SIDE);
    if ((uint64_t)width * height > AS_IMAGE_MAX_PIXELS)
        return AS_FAIL(err, AS_ELIMIT, "a picture of %u x %u pixels is larger than the %u megapixels allowed", width,
                       height, AS_IMAGE_MAX_PIXELS / 1000000u);
    return true;
}

bool as_image_check_any(const as_image *image, as_err *err)
{
    if (!image || !image->data || as_pixel_row_bytes(image->pixel, 1) == 0)
        return AS_FAIL(err, AS_EINVAL, "the picture has no pixels or no pixel format");
    if (!as_image_check_size(image->width, image->height, err))
        return false;
    const as_pixel_facts *facts = as_pixel_facts_of(image->pixel);
    if (image->stride_bytes < as_pixel_row_bytes(image->pixel, image->width))
        return AS_FAIL(err, AS_EINVAL, "rows of %zu bytes cannot hold %u pixels of %s", image->stride_bytes,
                       image->width, facts->name);
    if (facts->kind == AS_PIXEL_KIND_BAYER && (image->width < 2 || image->height < 2))
        return AS_FAIL(err, AS_EINVAL, "a %s picture of %u x %u pixels has no whole square of its pattern", facts->name,
                       image->width, image->height);
    return true;
}

bool as_image_check(const as_image *image, as_err *err)
{
    if (!as_image_check_any(image, err))
        return false;
    if (!as_pixel_plain(image->pixel))
        return AS_FAIL(err, AS_EUNSUPPORTED, "a %s picture cannot be used here: convert it to Mono8 or RGB8 first",
                       as_pixel_name(image->pixel));
    return true;
}

/* The bytes of a packed picture; the limits keep it far from overflow. */
static bool frame_size(as_pixel pixel, uint32_t width, uint32_t height, size_t *ret, as_err *err)
{
    if (as_pixel_row_bytes(pixel, 1) == 0)
        return AS_FAIL(err, AS_EINVAL, "unknown pixel format %d", (int)pixel);
    if (!as_image_check_size(width, height, err))
        return false;
    *ret = as_pixel_row_bytes(pixel, width) * as_pixel_rows(pixel, height);
    return true;
}

static uint8_t *frame_alloc(size_t bytes)
{
    void *p = NULL;
    return posix_memalign(&p, FRAME_ALIGN_BYTES, bytes) == 0 ? p : NULL;
}

bool as_image_new(as_image *image, as_pixel pixel, uint32_t width, uint32_t height, as_err *err)
{
    size_t bytes = 0;
    if (!frame_size(pixel, width, height, &bytes, err))
        return false;
    uint8_t *data = frame_alloc(bytes);
    if (!data)
        return AS_FAIL(err, AS_ENOMEM, "no memory for a picture of %u x %u pixels (%zu bytes)", width, height, bytes);
    *image = (as_image){pixel, width, height, as_pixel_row_bytes(pixel, width), data};
    return true;
}

void as_image_done(as_image *image)
{
    if (!image)
        return;
    free(image->data);
    *image = (as_image){0};
}

/* A frame is free when its count is 0; taking it is one compare-and-swap, so that there is no list to guard. */
typedef struct frame_slot {
    as_frame       frame; /* first, so that a frame's address is its slot's */
    atomic_uint    refs;
    uint8_t       *pixels;
    as_frame_pool *pool;
} frame_slot;

struct as_frame_pool {
    as_image    full; /* the geometry a fresh frame has; no data */
    size_t      capacity_bytes;
    uint32_t    n;
    frame_slot *slots;
};

as_frame_pool *as_frame_pool_new(as_pixel pixel, uint32_t width, uint32_t height, uint32_t n_frames, as_err *err)
{
    return as_frame_pool_new_of(pixel, width, height, 0, n_frames, err);
}

as_frame_pool *as_frame_pool_new_of(as_pixel pixel, uint32_t width, uint32_t height, size_t least_bytes,
                                    uint32_t n_frames, as_err *err)
{
    size_t bytes = 0;
    if (!frame_size(pixel, width, height, &bytes, err))
        return NULL;
    bytes = AS_MAX(bytes, least_bytes);
    if (n_frames == 0 || n_frames > FRAME_POOL_MAX) {
        AS_FAIL(err, n_frames ? AS_ELIMIT : AS_EINVAL, "a pool of %u frames cannot be: 1 to %u are possible", n_frames,
                FRAME_POOL_MAX);
        return NULL;
    }
    as_frame_pool *pool = calloc(1, sizeof *pool);
    if (pool)
        pool->slots = calloc(n_frames, sizeof *pool->slots);
    bool ok = pool && pool->slots;
    for (uint32_t i = 0; ok && i < n_frames; i++) {
        pool->slots[i].pool = pool;
        pool->slots[i].pixels = frame_alloc(bytes);
        ok = pool->slots[i].pixels != NULL;
        pool->n = i + 1;
    }
    if (!ok) {
        AS_FAIL(err, AS_ENOMEM, "no memory for %u frames of %u x %u pixels", n_frames, width, height);
        return as_frame_pool_free(pool);
    }
    pool->full = (as_image){pixel, width, height, as_pixel_row_bytes(pixel, width), NULL};
    pool->capacity_bytes = bytes;
    return pool;
}

as_frame_pool *as_frame_pool_free(as_frame_pool *pool)
{
    if (!pool)
        return NULL;
    uint32_t in_use = as_frame_pool_in_use(pool);
    if (in_use > 0) {
        /* Somebody still reads them: memory lost once is better than memory read after it was freed. */
        as_log_write(AS_LOG_ERROR, "a frame pool was closed while %u of its frames were in use", in_use);
        return NULL;
    }
    for (uint32_t i = 0; i < pool->n; i++)
        free(pool->slots[i].pixels);
    free(pool->slots);
    free(pool);
    return NULL;
}

as_frame *as_frame_pool_get(as_frame_pool *pool)
{
    for (uint32_t i = 0; i < pool->n; i++) {
        frame_slot  *slot = &pool->slots[i];
        unsigned int none = 0;
        /* acquire: what the last holder did to the pixels happened before we write them. */
        if (!atomic_compare_exchange_strong_explicit(&slot->refs, &none, 1, memory_order_acquire, memory_order_relaxed))
            continue;
        slot->frame = (as_frame){.image = pool->full};
        slot->frame.image.data = slot->pixels;
        return &slot->frame;
    }
    return NULL;
}

uint32_t as_frame_pool_in_use(const as_frame_pool *pool)
{
    uint32_t n = 0;
    for (uint32_t i = 0; pool && i < pool->n; i++)
        n += atomic_load_explicit(&pool->slots[i].refs, memory_order_acquire) > 0;
    return n;
}

size_t as_frame_capacity_bytes(const as_frame *frame)
{
    return ((const frame_slot *)(const void *)frame)->pool->capacity_bytes;
}

bool as_frame_reshape(as_frame *frame, as_pixel pixel, uint32_t width, uint32_t height, as_err *err)
{
    size_t bytes = 0;
    if (!frame_size(pixel, width, height, &bytes, err))
        return false;
    const frame_slot *slot = (const frame_slot *)(const void *)frame;
    const as_image   *full = &slot->pool->full;
    if (bytes > slot->pool->capacity_bytes)
        return AS_FAIL(err, AS_ELIMIT, "a picture of %u x %u %s does not fit into a frame made for %u x %u %s", width,
                       height, as_pixel_name(pixel), full->width, full->height, as_pixel_name(full->pixel));
    frame->image = (as_image){pixel, width, height, as_pixel_row_bytes(pixel, width), slot->pixels};
    return true;
}

void as_frame_swap(as_frame *a, as_frame *b)
{
    frame_slot *one = (frame_slot *)(void *)a, *other = (frame_slot *)(void *)b;
    uint8_t    *pixels = one->pixels;
    one->pixels = other->pixels;
    other->pixels = pixels;
    a->image.data = one->pixels;
    b->image.data = other->pixels;
}

as_frame *as_frame_ref(as_frame *frame)
{
    atomic_fetch_add_explicit(&((frame_slot *)(void *)frame)->refs, 1, memory_order_relaxed);
    return frame;
}

as_frame *as_frame_unref(as_frame *frame)
{
    if (frame)
        atomic_fetch_sub_explicit(&((frame_slot *)(void *)frame)->refs, 1, memory_order_release);
    return NULL;
}
