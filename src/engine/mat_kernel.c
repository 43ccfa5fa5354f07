/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mat_kernel.h"

#include <string.h>

#include "base/isa.h"

/* A block is ROWS by a panel; DEPTH of a panel stays in the first cache while all rows go over it. */
enum { ROWS = 6, DEPTH = 256, PANEL_MOST = 32 };

/* One block: sums over `depth`, added to what stands in to[ROWS][panel]. a: rows a_row apart. */
typedef struct mat_block {
    const float *a, *panel;
    int64_t      a_row, a_col, depth;
    float       *to;
} mat_block;

#define MAT_BLOCK(name, lanes, ...)                                                                                \
    typedef float mat_##name##_lanes __attribute__((vector_size((lanes)*4)));                                      \
    __VA_ARGS__ __attribute__((always_inline)) static inline void mat_##name##_some(const mat_block *b, int count) \
    {                                                                                                              \
        const mat_##name##_lanes *p = __builtin_assume_aligned(b->panel, (lanes)*4);                               \
        mat_##name##_lanes       *to = __builtin_assume_aligned(b->to, (lanes)*4);                                 \
        mat_##name##_lanes        sums[ROWS][2];                                                                   \
        const float              *a = b->a;                                                                        \
        const int64_t             depth = b->depth, step = b->a_row, next = b->a_col;                              \
        _Pragma("GCC unroll 6") for (int r = 0; r < count; r++)                                                    \
        {                                                                                                          \
            sums[r][0] = to[2 * r];                                                                                \
            sums[r][1] = to[2 * r + 1];                                                                            \
        }                                                                                                          \
        for (int64_t k = 0; k < depth; k++, p += 2, a += next) {                                                   \
            const mat_##name##_lanes one = p[0], two = p[1];                                                       \
            _Pragma("GCC unroll 6") for (int r = 0; r < count; r++)                                                \
            {                                                                                                      \
                sums[r][0] += a[r * step] * one;                                                                   \
                sums[r][1] += a[r * step] * two;                                                                   \
            }                                                                                                      \
        }                                                                                                          \
        _Pragma("GCC unroll 6") for (int r = 0; r < count; r++)                                                    \
        {                                                                                                          \
            to[2 * r] = sums[r][0];                                                                                \
            to[2 * r + 1] = sums[r][1];                                                                            \
        }                                                                                                          \
    }                                                                                                              \
    __VA_ARGS__ static void mat_##name##_rows(const mat_block *b, int64_t rows)                                    \
    {                                                                                                              \
        switch (rows) {                                                                                            \
        case 1: mat_##name##_some(b, 1); break;                                                                    \
        case 2: mat_##name##_some(b, 2); break;                                                                    \
        case 3: mat_##name##_some(b, 3); break;                                                                    \
        case 4: mat_##name##_some(b, 4); break;                                                                    \
        case 5: mat_##name##_some(b, 5); break;                                                                    \
        default: mat_##name##_some(b, ROWS); break;                                                                \
        }                                                                                                          \
    }

MAT_BLOCK(plain, 4, )
#ifdef __x86_64__
MAT_BLOCK(avx2, 8, __attribute__((target("avx2,fma"))))
MAT_BLOCK(avx512, 16, __attribute__((target("avx512f"))))
#endif

typedef struct mat_kind {
    int64_t panel;
    void (*rows)(const mat_block *b, int64_t rows);
} mat_kind;

static mat_kind mat_choose(void)
{
#ifdef __x86_64__
    if (as_isa_may(AS_ISA_AVX512))
        return (mat_kind){32, mat_avx512_rows};
    if (as_isa_may(AS_ISA_AVX2))
        return (mat_kind){16, mat_avx2_rows};
#endif
    return (mat_kind){8, mat_plain_rows};
}

size_t as_mat_packed_bytes(const as_mat *m)
{
    const int64_t panel = mat_choose().panel;
    return (size_t)((m->n + panel - 1) / panel * panel * m->k) * sizeof(float);
}

void as_mat_pack(const as_mat *m, const float *b, float *to)
{
    const int64_t panel = mat_choose().panel;
    for (int64_t at = 0; at < m->n; at += panel) {
        const int64_t wide = AS_MIN(panel, m->n - at);
        for (int64_t k = 0; k < m->k; k++, to += panel) {
            const float *from = b + k * m->b_row + at * m->b_col;
            if (m->b_col == 1)
                memcpy(to, from, (size_t)wide * sizeof *to);
            else
                for (int64_t i = 0; i < wide; i++)
                    to[i] = from[i * m->b_col];
            for (int64_t i = wide; i < panel; i++)
                to[i] = 0.0f;
        }
    }
}

/* Sums so far stand in y, which may be narrower than the panel at its end. */
static void mat_block_run(const as_mat *m, const mat_kind *kind, mat_block *b, int64_t rows, int64_t wide, bool begin,
                          float *y)
{
    _Alignas(64) float to[ROWS * PANEL_MOST];
    if (begin)
        memset(to, 0, (size_t)(rows * kind->panel) * sizeof *to);
    for (int64_t r = 0; !begin && r < rows; r++)
        memcpy(to + r * kind->panel, y + r * m->n, (size_t)wide * sizeof *to);
    b->to = to;
    kind->rows(b, rows);
    for (int64_t r = 0; r < rows; r++)
        memcpy(y + r * m->n, to + r * kind->panel, (size_t)wide * sizeof *to);
}

AS_ISA_CLONES(void, mat_finish, (float *restrict y, int64_t n, float factor, const float *restrict bias),
              (y, n, factor, bias))
{
    if (bias)
        for (int64_t i = 0; i < n; i++)
            y[i] = factor * y[i] + bias[i];
    else
        for (int64_t i = 0; i < n; i++)
            y[i] *= factor;
}

static void mat_one(const as_mat *m, const float *a, const float *packed, const float *bias, float *y)
{
    const mat_kind kind = mat_choose();
    for (int64_t at = 0; at < m->n; at += kind.panel) {
        const int64_t wide = AS_MIN(kind.panel, m->n - at);
        for (int64_t k = 0; k < m->k; k += DEPTH)
            for (int64_t row = 0; row < m->m; row += ROWS) {
                mat_block b = {.a = a + row * m->a_row + k * m->a_col,
                               .panel = packed + at * m->k + k * kind.panel,
                               .a_row = m->a_row,
                               .a_col = m->a_col,
                               .depth = AS_MIN(m->k - k, (int64_t)DEPTH)};
                mat_block_run(m, &kind, &b, AS_MIN(m->m - row, (int64_t)ROWS), wide, k == 0, y + row * m->n + at);
            }
    }
    for (int64_t row = 0; (bias || m->factor < 1.0f || m->factor > 1.0f) && row < m->m; row++)
        mat_finish(y + row * m->n, m->n, m->factor, bias);
}

void as_mat_run(const as_mat *m, const float *a, const float *b, const float *bias, float *scratch, float *y)
{
    int64_t count = 1;
    for (int i = 0; i < m->rank; i++)
        count *= m->batch[i];
    const float *there = NULL;
    for (int64_t at = 0; at < count; at++) {
        const float *from = a, *with = b;
        int64_t      left = at;
        for (int i = m->rank - 1; i >= 0; i--) {
            from += left % m->batch[i] * m->a_step[i];
            with += left % m->batch[i] * m->b_step[i];
            left /= m->batch[i];
        }
        if (!m->packed && with != there)
            as_mat_pack(m, with, scratch);
        there = with;
        mat_one(m, from, m->packed ? b : scratch, bias, y + at * m->m * m->n);
    }
}
