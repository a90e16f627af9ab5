/* The inline functions of the public headers at their limits, against wider arithmetic. What a descriptor can not hold
 * must make it one that every submission refuses. */
#include <math.h>
#include <npurt/kernel.h>
#include <npurt/orchestration.h>

#include <check.h>
#include <graph/region.h>

#include "tensors.h"

typedef unsigned __int128 wide;
static const wide MOST = (wide)1 << 90; /* of the model: times 2^32 it still fits */

static wide capped(wide x)
{
    return x < MOST ? x : MOST;
}

/* A tensor whose numbers have all the room that they need. */
struct model {
    uint32_t ndims, shape[NPURT_MAX_DIMS];
    wide stride[NPURT_MAX_DIMS], start;
    bool lost; /* some step had a stride that does not fit, or an impossible dimension */
};

static void model_pack(struct model *m, uint32_t ndims, const uint32_t *shape)
{
    wide n = 1;
    m->ndims = ndims;
    for (uint32_t d = ndims; d-- > 0;) {
        m->shape[d] = shape[d];
        m->stride[d] = n;
        if (n == 0 || (n > UINT32_MAX && shape[d] != 1)) m->lost = true;
        n = capped(n * shape[d]);
    }
}

static wide model_elements(const struct model *m)
{
    wide n = 1;
    for (uint32_t d = 0; d < m->ndims; d++)
        n = m->shape[d] == 0 ? 0 : capped(n * m->shape[d]);
    return n;
}

static uint64_t saturated(wide x)
{
    return x > UINT64_MAX ? UINT64_MAX : (uint64_t)x;
}

static wide model_extent(const struct model *m)
{
    wide extent = 1;
    for (uint32_t d = 0; d < m->ndims; d++) {
        if (m->shape[d] == 0) return 0;
        extent += (wide)(m->shape[d] - 1) * m->stride[d];
    }
    return extent;
}

static bool model_is_contiguous(const struct model *m)
{
    wide dense = 1;
    if (model_elements(m) == 0) return true;
    for (uint32_t d = m->ndims; d-- > 0;) {
        if (m->shape[d] != 1 && m->stride[d] != dense) return false;
        dense = capped(dense * m->shape[d]);
    }
    return true;
}

static uint32_t draw(uint64_t *seed)
{
    static const uint32_t limits[] = {0, 1, 1, 2, 3, 5, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
    const uint32_t i = world_random(seed, 14);
    return i < 12 ? limits[i] : i == 12 ? 1 + world_random(seed, 300) : world_random(seed, 0xffffffff);
}

/* Such a dimension has one element at most, or the tensor is lost: nothing lies beyond that. */
static bool has_no_stride(const struct model *m, uint32_t d)
{
    return m->stride[d] == 0 || m->stride[d] > UINT32_MAX;
}

/* One function of the header, on the descriptor and on the model. */
static void step(npurt_tensor *t, struct model *m, uint64_t *seed)
{
    uint32_t shape[NPURT_MAX_DIMS], offset[NPURT_MAX_DIMS];
    for (uint32_t d = 0; d < NPURT_MAX_DIMS; d++) {
        shape[d] = draw(seed);
        offset[d] = draw(seed);
    }
    const uint32_t x = world_random(seed, m->ndims + (world_random(seed, 16) == 0)), y = world_random(seed, m->ndims);
    switch (world_random(seed, 4)) {
    case 0:
        for (uint32_t d = 0; d < m->ndims; d++)
            if (has_no_stride(m, d)) shape[d] = m->shape[d], offset[d] = 0;
        *t = npurt_tensor_view(t, shape, offset);
        for (uint32_t d = 0; d < m->ndims; d++) {
            m->start += (wide)offset[d] * m->stride[d];
            m->shape[d] = shape[d];
        }
        return;
    case 1: {
        uint32_t begin = draw(seed), end = draw(seed), by = draw(seed);
        if (x < m->ndims && has_no_stride(m, x)) begin = 0, end = m->shape[x];
        *t = npurt_tensor_slice(t, x, begin, end, by);
        if (x >= m->ndims) {
            m->lost = true;
            return;
        }
        uint32_t count = 0; /* elements begin, begin + by, … below end */
        if (end > begin && by == 0)
            count = end - begin;
        else if (end > begin)
            count = (uint32_t)(((uint64_t)end - begin + by - 1) / by);
        m->start += (wide)begin * m->stride[x];
        m->shape[x] = count;
        m->stride[x] *= by;
        if ((m->stride[x] > UINT32_MAX && count != 1) || m->stride[x] == 0) m->lost = true;
        return;
    }
    case 2: {
        *t = npurt_tensor_transpose(t, x, y);
        if (x >= m->ndims) {
            m->lost = true;
            return;
        }
        const uint32_t n = m->shape[x];
        const wide s = m->stride[x];
        m->shape[x] = m->shape[y], m->stride[x] = m->stride[y];
        m->shape[y] = n, m->stride[y] = s;
        return;
    }
    default: {
        struct model next = *m;
        npurt_tensor out = *t;
        uint32_t ndims = 1 + y; /* of the very shape, of one with the dimensions in another order, or any */
        if (world_random(seed, 4)) {
            ndims = m->ndims;
            for (uint32_t d = 0; d < ndims; d++)
                shape[d] = m->shape[(d + x) % ndims];
        }
        model_pack(&next, ndims, shape);
        const bool may =
            model_is_contiguous(m) && model_elements(&next) == model_elements(m) && model_elements(m) < MOST;
        const bool did = npurt_tensor_reshape(t, ndims, shape, &out);
        if (did && !m->lost && !may) CHECK_FAIL("another number of elements, or not contiguous, is reshaped");
        if (!did && !m->lost && may && model_elements(m) < UINT64_MAX)
            CHECK_FAIL("a shape of as many elements is refused");
        if (!did) return;
        *t = out;
        *m = next;
        return;
    }
    }
}

static bool is_one_element_stride(const struct model *m, uint32_t d)
{
    return m->shape[d] == 1; /* no element is reached by it */
}

/* What is accepted is exact; what the descriptor can hold is accepted. */
static void compare(const npurt_tensor *t, const struct model *m, uint64_t seed)
{
    struct box box;
    const wide extent = model_extent(m), element = npurt_dtype_size((npurt_dtype)t->dtype),
               reach = (wide)1 << BOX_REACH_BITS;
    const bool fits = !m->lost && extent > 0 && extent < reach && m->start < reach;
    if (box_of_tensor(t, &box) == BOX_OK) {
        if (t->start_offset != m->start) CHECK_FAIL("seed %llu: another start", (unsigned long long)seed);
        for (uint32_t d = 0; d < t->ndims; d++) {
            CHECK_EQ(t->shape[d], m->shape[d]);
            if (t->strides[d] != m->stride[d] && !is_one_element_stride(m, d))
                CHECK_FAIL("seed %llu: another stride in dimension %u", (unsigned long long)seed, d);
        }
        CHECK(t->extent == extent);
        CHECK(box.lo == m->start * element && box.hi == (m->start + extent) * element);
        CHECK_EQ(t->is_contiguous, model_is_contiguous(m));
        CHECK_EQ(npurt_tensor_elements(t), saturated(model_elements(m)));
        uint32_t last[NPURT_MAX_DIMS];
        for (uint32_t d = 0; d < t->ndims; d++)
            last[d] = t->shape[d] - 1;
        CHECK(npurt_tensor_element(t, last) == (m->start + extent - 1) * element);
    } else if (fits) {
        CHECK_FAIL("seed %llu: a tensor that fits is refused", (unsigned long long)seed);
    }
}

TEST(descriptors_are_exact_or_refused)
{
    static const npurt_dtype dtypes[] = {NPURT_I8, NPURT_F16, NPURT_F32, NPURT_I64};
    uint64_t seed = 1;
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < 400000; i++) {
        const uint64_t first = seed;
        uint32_t shape[NPURT_MAX_DIMS], ndims = 1 + world_random(&seed, NPURT_MAX_DIMS);
        for (uint32_t d = 0; d < ndims; d++)
            shape[d] = draw(&seed);
        npurt_tensor t;
        struct model m = {0};
        model_pack(&m, ndims, shape);
        npurt_tensor_init(&t, 4096, dtypes[i % 4], ndims, shape);
        const wide bytes = model_elements(&m) * npurt_dtype_size(dtypes[i % 4]);
        CHECK_EQ(t.size, saturated(bytes));
        CHECK_EQ(npurt_tensor_elements(&t), saturated(model_elements(&m)));
        t.size = UINT64_MAX;
        compare(&t, &m, first);
        for (uint32_t n = world_random(&seed, 4); n-- > 0;) {
            step(&t, &m, &seed);
            compare(&t, &m, first);
        }
        struct box box;
        accepted += box_of_tensor(&t, &box) == BOX_OK;
    }
    CHECK(accepted > 20000 && accepted < 380000);
}

TEST(an_impossible_dimension_touches_nothing)
{
    struct {
        npurt_tensor t;
        uint8_t behind[64];
    } x;
    struct box box;
    memset(&x, 0xee, sizeof x);
    npurt_tensor_init(&x.t, 4096, NPURT_F32, 6, (uint32_t[]){2, 2, 2, 2, 2, 2});
    for (size_t i = 0; i < sizeof x.behind; i++)
        CHECK_EQ(x.behind[i], 0xee);
    CHECK_EQ(box_of_tensor(&x.t, &box), BOX_BAD_NDIMS);
    npurt_tensor_init(&x.t, 4096, NPURT_F32, 2, (uint32_t[]){2, 2});
    npurt_tensor slice = npurt_tensor_slice(&x.t, 7, 0, 1, 1), turned = npurt_tensor_transpose(&x.t, 0, 1000);
    CHECK_EQ(box_of_tensor(&slice, &box), BOX_BAD_NDIMS);
    CHECK_EQ(box_of_tensor(&turned, &box), BOX_BAD_NDIMS);
}

/* Every upper half of a float, with lower halves around the rounding's limits: the nearer of two neighbours, and of two
 * as near the even one. Doubles hold all distances exactly. */
TEST(bf16_rounds_to_the_nearest)
{
    static const uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    for (uint32_t upper = 0; upper < 65536; upper++)
        for (size_t i = 0; i < sizeof lower / sizeof lower[0]; i++) {
            union {
                uint32_t u;
                float f;
            } x = {upper << 16 | lower[i]};
            const uint16_t got = npurt_f32_to_bf16(x.f);
            if (isnan(x.f)) {
                CHECK(isnan(npurt_bf16_to_f32(got)) && (got ^ upper) >> 15 == 0);
                continue;
            }
            /* the neighbour further from 0 is the next bit pattern; behind the largest, the infinity counts as 2^128 */
            const double below = npurt_bf16_to_f32((uint16_t)upper);
            double above = upper == 0xffff ? 0 : npurt_bf16_to_f32((uint16_t)(upper + 1));
            if (isinf(above)) above = upper >> 15 ? -0x1p128 : 0x1p128;
            if (lower[i] == 0) {
                CHECK_EQ(got, upper);
                continue;
            }
            const double to_below = fabs((double)x.f - below), to_above = fabs(above - (double)x.f);
            const uint32_t want = to_below < to_above || (to_below == to_above && upper % 2 == 0) ? upper : upper + 1;
            CHECK_EQ(got, want);
        }
}

TEST(a_task_holds_as_many_arguments_as_there_is_room_for)
{
    npurt_task task;
    npurt_tensor x = world_bytes(4096, 1);
    npurt_task_init_aiv(&task, 0);
    for (uint32_t i = 0; i < NPURT_TASK_MAX_TENSORS; i++)
        npurt_task_input(&task, &x);
    CHECK_EQ(task.error, NPURT_OK);
    for (uint32_t i = 0; i < NPURT_TASK_MAX_SCALARS; i++)
        npurt_task_scalar(&task, i);
    CHECK_EQ(task.error, NPURT_OK);
    npurt_task_scalar(&task, 99);
    CHECK_EQ(task.error, NPURT_ERROR_LIMIT);
    CHECK_EQ(task.scalar_count, NPURT_TASK_MAX_SCALARS);
    CHECK_EQ(task.scalar[NPURT_TASK_MAX_SCALARS - 1], NPURT_TASK_MAX_SCALARS - 1);
    const uint64_t scalar = 7;
    const npurt_template t = {.key = 1, .scalars = &scalar, .scalar_count = UINT32_MAX};
    npurt_task_init_aiv(&task, 0);
    npurt_task_template_scalar(&task, &t, NPURT_TEMPLATE_MAX_SCALARS);
    CHECK_EQ(task.error, NPURT_ERROR_INVALID_ARGUMENT);
    npurt_task_init_aiv(&task, 0);
    for (uint32_t i = 0; i <= NPURT_TASK_MAX_SCALARS; i++)
        npurt_task_template_scalar(&task, &t, 0);
    CHECK_EQ(task.error, NPURT_ERROR_LIMIT);
    CHECK_EQ(task.template_scalars, UINT32_MAX);
}

TEST_MAIN
