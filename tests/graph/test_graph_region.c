/* Boxes against sets of bytes. */
#include <check.h>
#include <graph/region.h>

#include "world.h"

enum { SPACE = 512 };

static void bytes_of(const npurt_tensor *t, uint8_t *set)
{
    uint32_t at[NPURT_MAX_DIMS] = {0}, element = npurt_dtype_size((npurt_dtype)t->dtype);
    memset(set, 0, SPACE);
    for (;;) {
        uint64_t offset = t->start_offset;
        for (uint32_t d = 0; d < t->ndims; d++)
            offset += (uint64_t)at[d] * t->strides[d];
        memset(set + offset * element, 1, element);
        uint32_t d = t->ndims;
        while (d > 0 && ++at[d - 1] == t->shape[d - 1])
            at[--d] = 0;
        if (d == 0) return;
    }
}

static struct box box_of(const npurt_tensor *t)
{
    struct box b;
    memset(&b, 0xee, sizeof b);
    CHECK_EQ(box_of_tensor(t, &b), BOX_OK);
    return b;
}

static void show(const npurt_tensor *t)
{
    printf("  start %" PRIu64 " element %u:", t->start_offset, npurt_dtype_size((npurt_dtype)t->dtype));
    for (uint32_t d = 0; d < t->ndims; d++)
        printf(" %ux%u", t->shape[d], t->strides[d]);
    printf("\n");
}

/* A box cut from the array, in any order of its dimensions. */
static npurt_tensor cut(const npurt_tensor *array, uint64_t *seed)
{
    uint32_t shape[NPURT_MAX_DIMS], offset[NPURT_MAX_DIMS];
    for (uint32_t d = 0; d < array->ndims; d++) {
        offset[d] = world_random(seed, array->shape[d]);
        shape[d] = 1 + world_random(seed, array->shape[d] - offset[d]);
        if (world_random(seed, 4) == 0) {
            offset[d] = 0;
            shape[d] = array->shape[d];
        }
    }
    npurt_tensor t = npurt_tensor_view(array, shape, offset);
    return npurt_tensor_transpose(&t, world_random(seed, t.ndims), world_random(seed, t.ndims));
}

static npurt_tensor array_of(uint64_t *seed)
{
    static const uint32_t shapes[][NPURT_MAX_DIMS] = {{64}, {8, 16}, {4, 6, 5}, {2, 3, 4, 5}, {2, 2, 3, 2, 4}, {16, 3}};
    npurt_tensor array;
    uint32_t which = world_random(seed, 6), ndims = which == 5 ? 2 : which + 1;
    npurt_tensor_init(&array, 4096, world_random(seed, 2) ? NPURT_U8 : NPURT_I16, ndims, shapes[which]);
    array.size = SPACE;
    array.start_offset = world_random(seed, 60);
    return array;
}

static bool sets_meet(const uint8_t *a, const uint8_t *b)
{
    for (uint32_t i = 0; i < SPACE; i++)
        if (a[i] && b[i]) return true;
    return false;
}

static bool set_covers(const uint8_t *a, const uint8_t *b)
{
    for (uint32_t i = 0; i < SPACE; i++)
        if (b[i] && !a[i]) return false;
    return true;
}

static void compare(const npurt_tensor *s, const npurt_tensor *t, bool exact)
{
    uint8_t set_s[SPACE], set_t[SPACE];
    bytes_of(s, set_s);
    bytes_of(t, set_t);
    struct box box_s = box_of(s), box_t = box_of(t);
    struct box_view a = box_view_of(&box_s), b = box_view_of(&box_t);
    bool meet = sets_meet(set_s, set_t), met = box_meets(&a, &b);
    if ((meet && !met) || (exact && meet != met) || met != box_meets(&b, &a)) {
        show(s);
        show(t);
        CHECK_FAIL("the boxes meet: %d, their bytes: %d", met, meet);
    }
    if (box_covers(&a, &b) && !set_covers(set_s, set_t)) {
        show(s);
        show(t);
        CHECK_FAIL("the first box covers the second, its bytes do not");
    }
    if (box_equal(&a, &b) && memcmp(set_s, set_t, SPACE) != 0) {
        show(s);
        show(t);
        CHECK_FAIL("the boxes are equal, their bytes are not");
    }
}

TEST(boxes_cut_from_one_array_are_compared_exactly)
{
    uint64_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        npurt_tensor array = array_of(&seed), s = cut(&array, &seed), t = cut(&array, &seed);
        compare(&s, &t, true);
    }
}

TEST(a_dense_range_against_any_box_is_exact)
{
    uint64_t seed = 2;
    for (int i = 0; i < 100000; i++) {
        npurt_tensor array = array_of(&seed), s = cut(&array, &seed), all = world_bytes(4096, SPACE);
        uint32_t from = world_random(&seed, SPACE), to = from + 1 + world_random(&seed, SPACE - from);
        npurt_tensor t = world_slice(&all, from, to);
        compare(&s, &t, true);
    }
}

TEST(interleaved_slices_of_one_step_are_exact)
{
    uint64_t seed = 3;
    npurt_tensor all = world_bytes(4096, SPACE);
    for (int i = 0; i < 100000; i++) {
        uint32_t step = 2 + world_random(&seed, 5), a = world_random(&seed, 100), b = world_random(&seed, 100);
        npurt_tensor s = npurt_tensor_slice(&all, 0, a, a + 1 + world_random(&seed, 300), step);
        npurt_tensor t = npurt_tensor_slice(&all, 0, b, b + 1 + world_random(&seed, 300), step);
        compare(&s, &t, true);
    }
}

TEST(what_can_not_be_told_is_said_to_meet)
{
    uint64_t seed = 4;
    uint32_t apart = 0;
    for (int i = 0; i < 100000; i++) { /* two arrays over the same bytes, and strides that overlap themselves */
        npurt_tensor x = array_of(&seed), y = array_of(&seed), s = cut(&x, &seed), t = cut(&y, &seed);
        if (world_random(&seed, 4) == 0) s.strides[0] = 1 + world_random(&seed, 3);
        compare(&s, &t, false);
        struct box box_s = box_of(&s), box_t = box_of(&t);
        struct box_view a = box_view_of(&box_s), b = box_view_of(&box_t);
        apart += !box_meets(&a, &b);
    }
    CHECK(apart > 10000);
}

TEST(a_box_covers_boxes_inside_it)
{
    npurt_tensor m = world_matrix(4096, 16, 16);
    npurt_tensor big = world_tile(&m, 2, 4, 8, 8), in = world_tile(&m, 4, 6, 3, 3), across = world_tile(&m, 4, 2, 3, 4);
    struct box a = box_of(&big), b = box_of(&in), c = box_of(&across), all = box_of(&m);
    struct box_view va = box_view_of(&a), vb = box_view_of(&b), vc = box_view_of(&c), vall = box_view_of(&all);
    CHECK(box_covers(&va, &vb) && box_covers(&vall, &va) && box_covers(&va, &va));
    CHECK(!box_covers(&vb, &va) && !box_covers(&va, &vc) && !box_covers(&va, &vall));
}

TEST(views_of_the_same_bytes_have_one_box)
{
    npurt_tensor m = world_matrix(4096, 16, 16), wide, t = npurt_tensor_transpose(&m, 0, 1);
    CHECK(npurt_tensor_reshape(&m, 4, (uint32_t[]){2, 8, 1, 16}, &wide));
    struct box a = box_of(&m), b = box_of(&t), c = box_of(&wide);
    struct box_view va = box_view_of(&a), vb = box_view_of(&b), vc = box_view_of(&c);
    CHECK(box_equal(&va, &vb) && box_equal(&va, &vc));
    CHECK_EQ(a.outer, 0);
    CHECK_EQ(b.outer, 0);
    CHECK_EQ(a.hi, 256);
}

TEST(huge_tensors_do_not_overflow)
{
    npurt_tensor t;
    struct box b;
    npurt_tensor_init(&t, 4096, NPURT_I64, 5, (uint32_t[]){1, 1, 1, 1, 1});
    t.size = UINT64_MAX;
    for (uint32_t d = 0; d < 5; d++)
        t.shape[d] = t.strides[d] = UINT32_MAX;
    CHECK_EQ(box_of_tensor(&t, &b), BOX_OUTSIDE);
    t.shape[0] = t.shape[1] = t.shape[2] = t.shape[3] = t.shape[4] = 1;
    t.start_offset = UINT64_MAX;
    CHECK_EQ(box_of_tensor(&t, &b), BOX_OUTSIDE);
    t.start_offset = UINT64_C(1) << 40;
    CHECK_EQ(box_of_tensor(&t, &b), BOX_OK);
    CHECK_EQ(b.lo, UINT64_C(1) << 43);
}

TEST_MAIN
