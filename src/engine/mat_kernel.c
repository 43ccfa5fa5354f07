/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/mat_kernel.h"

#include <string.h>

#include "base/isa.h"

/* A block is some rows by a panel; MAT_DEPTH of a panel stays in the first cache while all rows go over it. MAT_FEW results: packing would
 * cost more than they do. */
enum { MAT_NEAR = 6, MAT_ROWS_MOST = 12, MAT_DEPTH = 256, MAT_PANEL_MOST = 32, MAT_FEW = 32, MAT_UNITS_A_THREAD = 4 };

#define MAT_SHARED ((int64_t)1 << 20) /* multiplications from which on threads are worth waiting for */

/* One block: sums over `depth`, added to what stands in to[rows][panel]. a: rows a_row apart; panel: its rows p_row apart. half: only
 * the first half of the panel is wanted. */
typedef struct mat_block {
    const float *a, *panel;
    int64_t      a_row, a_col, p_row, depth;
    bool         half;
    float       *to;
} mat_block;

/* Two pointers to the rows, each for MAT_NEAR of them: there are no registers for all their distances. */
#define MAT_BLOCK(name, lanes, ...)                                                                                \
    typedef float mat_##name##_lanes __attribute__((vector_size((lanes)*4)));                                      \
    typedef float mat_##name##_there __attribute__((vector_size((lanes)*4), aligned(4)));                          \
    __VA_ARGS__                                                                                                    \
    __attribute__((always_inline)) static inline void mat_##name##_some(const mat_block *b, int count, int halves) \
    {                                                                                                              \
        mat_##name##_lanes *to = __builtin_assume_aligned(b->to, (lanes)*4);                                       \
        mat_##name##_lanes  sums[MAT_ROWS_MOST][2];                                                                \
        const float        *near = b->a, *far = near + MAT_NEAR * b->a_row, *p = b->panel;                         \
        const int64_t       depth = b->depth, step = b->a_row, next = b->a_col, p_row = b->p_row;                  \
        _Pragma("GCC unroll 12") for (int r = 0; r < count; r++)                                                   \
        {                                                                                                          \
            for (int h = 0; h < halves; h++)                                                                       \
                sums[r][h] = to[2 * r + h];                                                                        \
        }                                                                                                          \
        for (int64_t k = 0; k < depth; k++, p += p_row, near += next, far += next) {                               \
            const mat_##name##_lanes one = *(const mat_##name##_there *)p;                                         \
            const mat_##name##_lanes two = *(const mat_##name##_there *)(p + (halves - 1) * (lanes));              \
            __asm__("" : "+r"(near), "+r"(far));                                                                   \
            _Pragma("GCC unroll 12") for (int r = 0; r < count; r++)                                               \
            {                                                                                                      \
                const float a = r < MAT_NEAR ? near[r * step] : far[(r - MAT_NEAR) * step];                        \
                sums[r][0] += a * one;                                                                             \
                if (halves > 1)                                                                                    \
                    sums[r][1] += a * two;                                                                         \
            }                                                                                                      \
        }                                                                                                          \
        _Pragma("GCC unroll 12") for (int r = 0; r < count; r++)                                                   \
        {                                                                                                          \
            for (int h = 0; h < halves; h++)                                                                       \
                to[2 * r + h] = sums[r][h];                                                                        \
        }                                                                                                          \
    }

#define MAT_CASE(name, count)               \
    case count:                             \
        if (b->half)                        \
            mat_##name##_some(b, count, 1); \
        else                                \
            mat_##name##_some(b, count, 2); \
        break;

#define MAT_SIX(name) \
    MAT_CASE(name, 1) \
    MAT_CASE(name, 2) \
    MAT_CASE(name, 3) \
    MAT_CASE(name, 4) \
    MAT_CASE(name, 5) \
    MAT_CASE(name, 6)

MAT_BLOCK(plain, 4, )

static void mat_plain_rows(const mat_block *b, int64_t rows)
{
    switch (rows) {
        MAT_SIX(plain)
    default: break;
    }
}

#ifdef __x86_64__
#define MAT_AVX2   __attribute__((target("avx2,fma")))
#define MAT_AVX512 __attribute__((target("avx512f")))

MAT_BLOCK(avx2, 8, MAT_AVX2)
MAT_BLOCK(avx512, 16, MAT_AVX512)

MAT_AVX2 static void mat_avx2_rows(const mat_block *b, int64_t rows)
{
    switch (rows) {
        MAT_SIX(avx2)
    default: break;
    }
}

MAT_AVX512 static void mat_avx512_rows(const mat_block *b, int64_t rows)
{
    switch (rows) {
        MAT_SIX(avx512)
        MAT_CASE(avx512, 7)
        MAT_CASE(avx512, 8)
        MAT_CASE(avx512, 9)
        MAT_CASE(avx512, 10)
        MAT_CASE(avx512, 11)
        MAT_CASE(avx512, 12)
    default: break;
    }
}
#endif

typedef struct mat_kind {
    int64_t panel, rows; /* of a block, at most */
    void (*run)(const mat_block *b, int64_t rows);
} mat_kind;

static mat_kind mat_choose(void)
{
#ifdef __x86_64__
    if (as_isa_may(AS_ISA_AVX512))
        return (mat_kind){32, 12, mat_avx512_rows};
    if (as_isa_may(AS_ISA_AVX2))
        return (mat_kind){16, 6, mat_avx2_rows};
#endif
    return (mat_kind){8, 6, mat_plain_rows};
}

static int64_t mat_count(const as_mat *m)
{
    int64_t count = 1;
    for (int i = 0; i < m->rank; i++)
        count *= m->batch[i];
    return count;
}

/* Where product `at` finds its operands. Of packed ones, those that several products share stand there once. */
static void mat_at(const as_mat *m, int64_t panel, int64_t at, const float **a, const float **b)
{
    int64_t each = (m->n + panel - 1) / panel * panel * m->k;
    for (int i = m->rank - 1; i >= 0; i--) {
        const int64_t here = at % m->batch[i];
        at /= m->batch[i];
        *a += here * m->a_step[i];
        if (!m->packed) {
            *b += here * m->b_step[i];
        } else if (m->b_step[i] != 0) {
            *b += here * each;
            each *= m->batch[i];
        }
    }
}

/* The products by another b each. */
static as_mat mat_apart(const as_mat *m)
{
    as_mat apart = *m;
    apart.packed = false;
    for (int i = 0; i < m->rank; i++)
        if (m->b_step[i] == 0)
            apart.batch[i] = 1;
    return apart;
}

bool as_mat_wants_packing(const as_mat *m)
{
    return m->b_col != 1 || m->m * m->n > MAT_FEW;
}

size_t as_mat_packed_bytes(const as_mat *m)
{
    const int64_t panel = mat_choose().panel;
    const as_mat  apart = mat_apart(m);
    return (size_t)(mat_count(&apart) * ((m->n + panel - 1) / panel * panel) * m->k) * sizeof(float);
}

/* Some rows of a panel; b: the first of its numbers. */
static void mat_pack_panel(const as_mat *m, const float *b, int64_t panel, int64_t wide, int64_t depth, float *to)
{
    for (int64_t k = 0; k < depth; k++, b += m->b_row, to += panel) {
        if (m->b_col == 1)
            memcpy(to, b, (size_t)wide * sizeof *to);
        else
            for (int64_t i = 0; i < wide; i++)
                to[i] = b[i * m->b_col];
        for (int64_t i = wide; i < panel; i++)
            to[i] = 0.0f;
    }
}

void as_mat_pack(const as_mat *m, const float *b, float *to)
{
    const int64_t panel = mat_choose().panel;
    const as_mat  apart = mat_apart(m);
    for (int64_t i = 0; i < mat_count(&apart); i++) {
        const float *none = b, *from = b;
        mat_at(&apart, panel, i, &none, &from);
        for (int64_t at = 0; at < m->n; at += panel, to += panel * m->k)
            mat_pack_panel(m, from + at * m->b_col, panel, AS_MIN(panel, m->n - at), m->k, to);
    }
}

/* Sums so far stand in y, which may be narrower than the panel at its end. */
static void mat_block_run(const as_mat *m, const mat_kind *kind, mat_block *b, int64_t rows, int64_t wide, bool begin,
                          float *y)
{
    _Alignas(64) float to[MAT_ROWS_MOST * MAT_PANEL_MOST];
    if (begin)
        memset(to, 0, (size_t)(rows * kind->panel) * sizeof *to);
    for (int64_t r = 0; !begin && r < rows; r++)
        memcpy(to + r * kind->panel, y + r * m->n, (size_t)wide * sizeof *to);
    b->to = to;
    b->half = 2 * wide <= kind->panel;
    kind->run(b, rows);
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

typedef float mat_four __attribute__((vector_size(16), aligned(4)));

/* Four sums beside each other, each in four: one would wait for itself. */
AS_ISA_CLONES(void, mat_few4, (const as_mat *m, const float *a, const float *b, float *y), (m, a, b, y))
{
    mat_four      sums[4] = {{0}};
    int64_t       k = 0;
    const int64_t row = m->b_row, col = m->a_col;
    for (; k + 4 <= m->k; k += 4)
        for (int i = 0; i < 4; i++)
            sums[i] += a[(k + i) * col] * *(const mat_four *)(b + (k + i) * row);
    for (; k < m->k; k++)
        sums[0] += a[k * col] * *(const mat_four *)(b + k * row);
    *(mat_four *)y = (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

AS_ISA_CLONES(void, mat_few1, (const as_mat *m, const float *a, const float *b, float *y), (m, a, b, y))
{
    float         sums[4] = {0};
    int64_t       k = 0;
    const int64_t row = m->b_row, col = m->a_col;
    for (; k + 4 <= m->k; k += 4)
        for (int i = 0; i < 4; i++)
            sums[i] += a[(k + i) * col] * b[(k + i) * row];
    for (; k < m->k; k++)
        sums[0] += a[k * col] * b[k * row];
    *y = (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void mat_few(const as_mat *m, const float *a, const float *b, const float *bias, float *y)
{
    for (int64_t row = 0; row < m->m; row++, a += m->a_row, y += m->n) {
        int64_t at = 0;
        for (; at + 4 <= m->n; at += 4)
            mat_few4(m, a, b + at, y + at);
        for (; at < m->n; at++)
            mat_few1(m, a, b + at, y + at);
        if (bias || m->factor < 1.0f || m->factor > 1.0f)
            mat_finish(y, m->n, m->factor, bias);
    }
}

/* Which rows by which panel. */
typedef struct mat_piece {
    int64_t row, end, at, wide;
} mat_piece;

/* b: as it was given, or packed. A few rows read a panel where it stands; for more it is packed on the way, each depth once. */
static void mat_one(const as_mat *m, const mat_kind *kind, const mat_piece *p, const float *a, const float *b,
                    const float *bias, float *y)
{
    _Alignas(64) float packed[MAT_DEPTH * MAT_PANEL_MOST];
    const bool         direct = !m->packed && m->b_col == 1 && m->m <= kind->rows && p->wide == kind->panel;
    const int64_t      rows = p->end - p->row, blocks = (rows + kind->rows - 1) / kind->rows;
    for (int64_t k = 0; k < m->k; k += MAT_DEPTH) {
        mat_block b_here = {.a_row = m->a_row, .a_col = m->a_col, .depth = AS_MIN(m->k - k, (int64_t)MAT_DEPTH)};
        b_here.p_row = direct ? m->b_row : kind->panel;
        b_here.panel = m->packed ? b + p->at * m->k + k * kind->panel : b + p->at * m->b_col + k * m->b_row;
        if (!m->packed && !direct) {
            mat_pack_panel(m, b_here.panel, kind->panel, p->wide, b_here.depth, packed);
            b_here.panel = packed;
        }
        for (int64_t i = 0; i < blocks; i++) { /* none much smaller than another */
            const int64_t row = p->row + rows * i / blocks;
            b_here.a = a + row * m->a_row + k * m->a_col;
            mat_block_run(m, kind, &b_here, p->row + rows * (i + 1) / blocks - row, p->wide, k == 0,
                          y + row * m->n + p->at);
        }
    }
    for (int64_t row = p->row; (bias || m->factor < 1.0f || m->factor > 1.0f) && row < p->end; row++)
        mat_finish(y + row * m->n + p->at, p->wide, m->factor, bias ? bias + p->at : NULL);
}

/* Whole panels, and whole blocks of rows: every number is summed as if there were one thread. */
void as_mat_divide(as_mat *m, size_t threads)
{
    const mat_kind kind = mat_choose();
    const int64_t  panel = kind.panel, blocks = (m->m + kind.rows - 1) / kind.rows,
                  want = (int64_t)threads * MAT_UNITS_A_THREAD;
    const int64_t items = mat_count(m) * ((m->n + panel - 1) / panel);
    m->parts = m->units = 1;
    if (threads <= 1 || mat_count(m) * m->m * m->n < MAT_SHARED / AS_MAX(m->k, (int64_t)1))
        return;
    if (items < want && as_mat_wants_packing(m))
        m->parts = AS_MIN(blocks, (want + items - 1) / items);
    m->units = AS_MIN(items * m->parts, want);
}

void as_mat_run(const as_mat *m, int unit, const float *a, const float *b, const float *bias, float *y)
{
    const mat_kind kind = mat_choose();
    const bool     few = !m->packed && !as_mat_wants_packing(m);
    const int64_t  panels = few ? 1 : (m->n + kind.panel - 1) / kind.panel, blocks = (m->m + kind.rows - 1) / kind.rows;
    const int64_t  parts = AS_MAX(m->parts, 1), units = AS_MAX(m->units, 1), items = mat_count(m) * parts * panels;
    for (int64_t i = items * unit / units; i < items * (unit + 1) / units; i++) {
        const int64_t   product = i / panels / parts, part = i / panels % parts, at = i % panels * kind.panel;
        const mat_piece p = {.row = blocks * part / parts * kind.rows,
                             .end = AS_MIN(m->m, blocks * (part + 1) / parts * kind.rows),
                             .at = at,
                             .wide = AS_MIN(kind.panel, m->n - at)};
        const float    *from = a, *with = b;
        mat_at(m, kind.panel, product, &from, &with);
        if (few)
            mat_few(m, from, with, bias, y + product * m->m * m->n);
        else
            mat_one(m, &kind, &p, from, with, bias, y + product * m->m * m->n);
    }
}
