/* Boxes compared with sets of bytes: every small box with every other one at every distance, and a million drawn.
 * A set is a word: bit i, byte i of at most 64. With BOXES=all the enumerations are longer (make test-full). */
#include <check.h>
#include <graph/region.h>

#include "tensors.h"

enum { SPACE = 64, FORMS = 1 << 18 };

static struct form {
    uint64_t set;
    struct box box;
    uint32_t span;
} form[FORMS];
static uint32_t form_count;

static uint64_t set_of(uint64_t row, uint32_t count, uint64_t pitch)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < count; i++)
        set |= row << i * pitch;
    return set;
}

static void keep(const npurt_tensor *t, uint64_t set)
{
    CHECK(form_count < FORMS);
    struct form *f = &form[form_count++];
    f->set = set;
    f->span = 64 - (uint32_t)__builtin_clzll(set);
    CHECK_EQ(box_of_tensor(t, &f->box), BOX_OK);
    CHECK(f->box.lo == 0 && f->box.hi == f->span && !f->box.irregular);
}

/* All boxes of at most `most` bytes from first to last whose inner part is *t, with one more outer dimension or none.
 */
static void enumerate(npurt_tensor t, uint64_t set, uint32_t most)
{
    const uint32_t span = 64 - (uint32_t)__builtin_clzll(set);
    keep(&t, set);
    if (t.ndims == NPURT_MAX_DIMS) { /* a row of one byte needs no dimension */
        if (t.shape[NPURT_MAX_DIMS - 1] != 1) return;
        t.ndims--;
    }
    for (uint32_t d = t.ndims++; d > 0; d--) {
        t.shape[d] = t.shape[d - 1];
        t.strides[d] = t.strides[d - 1];
    }
    const uint32_t inner = t.strides[1] * t.shape[1]; /* of this pitch it would continue the dimension inside */
    for (uint32_t pitch = span; pitch + span <= most; pitch++)
        for (uint32_t count = 2; (count - 1) * pitch + span <= most && pitch != inner; count++) {
            t.shape[0] = count;
            t.strides[0] = pitch;
            enumerate(t, set_of(set, count, pitch), most);
        }
}

static void enumerate_all(uint32_t most)
{
    form_count = 0;
    for (uint32_t run = 1; run <= most; run++) {
        npurt_tensor t = world_bytes(4096, run);
        t.size = SPACE;
        enumerate(t, UINT64_MAX >> (64 - run), most);
    }
}

/* Bytes of the part of the box inside of a row of that pitch. */
static uint64_t in_row(const struct box *b, uint64_t pitch)
{
    uint64_t span = b->run;
    for (uint32_t d = 0; d < b->outer; d++)
        if (b->dim[d].pitch < pitch) span += (b->dim[d].count - 1) * b->dim[d].pitch;
    return span;
}

/* At each pitch of the one the rows of the other fit into that pitch: what region.h asks for to be exact. */
static bool rows_fit(const struct box *a, const struct box *b)
{
    for (uint32_t d = 0; d < a->outer; d++)
        if (in_row(b, a->dim[d].pitch) > a->dim[d].pitch) return false;
    return true;
}

static void fail(const struct form *a, const struct form *b, int distance, const char *what)
{
    printf("  bytes %016llx and %016llx, the second %d bytes after the first\n", (unsigned long long)a->set,
           (unsigned long long)b->set, distance);
    CHECK_FAIL("%s", what);
}

static uint64_t told, guessed; /* pairs that do not meet, and of those that are said to */

static void compare(const struct form *a, const struct form *b, int distance)
{
    const struct box one = box_moved(&a->box, SPACE), two = box_moved(&b->box, (uint64_t)(SPACE + distance));
    const struct box_view x = box_view_of(&one), y = box_view_of(&two);
    const uint64_t set_a = distance < 0 ? a->set << -distance : a->set,
                   set_b = distance < 0 ? b->set : b->set << distance;
    const bool meet = (set_a & set_b) != 0, met = box_meets(&x, &y);
    if (meet && !met) fail(a, b, distance, "they have a byte in common, the boxes do not meet");
    if (met != box_meets(&y, &x)) fail(a, b, distance, "who meets whom depends on who is asked");
    if (!meet) {
        const bool exact =
            a->box.outer == 0 || b->box.outer == 0 || (rows_fit(&a->box, &b->box) && rows_fit(&b->box, &a->box));
        told++;
        guessed += met;
        if (met && exact) fail(a, b, distance, "they have no byte in common, the boxes meet");
    }
    const bool inside = distance >= 0 && (uint32_t)distance + b->span <= a->span && (set_b & ~set_a) == 0;
    if (box_covers(&x, &y) && !inside) fail(a, b, distance, "the first box covers the second, its bytes do not");
}

static bool is_long(void)
{
    const char *all = getenv("BOXES");
    return all && strcmp(all, "all") == 0;
}

TEST(small_boxes_are_compared_as_their_bytes)
{
    uint32_t levels = 0;
    told = guessed = 0;
    enumerate_all(is_long() ? 30 : 21);
    for (uint32_t i = 0; i < form_count; i++) {
        const struct form *a = &form[i];
        if (a->box.outer > levels) levels = a->box.outer;
        for (uint32_t k = 0; k < form_count; k++)
            for (int distance = 1 - (int)form[k].span; distance < (int)a->span; distance++)
                compare(a, &form[k], distance);
    }
    printf("  %u boxes of up to %u levels; of %llu pairs without a byte in common %llu can not be told\n", form_count,
           levels, (unsigned long long)told, (unsigned long long)guessed);
    CHECK(levels >= 3 && told > 900000 && guessed < told);
}

/* Every box of up to five levels with every range of bytes. */
TEST(ranges_are_compared_with_boxes_of_all_levels)
{
    static const struct form *of_levels[NPURT_MAX_DIMS + 1];
    uint64_t seed = 1;
    enumerate_all(is_long() ? 56 : 54);
    memset(of_levels, 0, sizeof of_levels);
    const uint32_t step = is_long() ? 1 : 40;
    for (uint32_t i = 0; i < form_count; i++) {
        const struct form *f = &form[i];
        of_levels[f->box.outer] = f;
        if (f->box.outer < 4 && world_random(&seed, step) != 0) continue;
        for (uint32_t length = 1; length <= 16; length++)
            for (uint32_t at = 0; at < f->span; at++) {
                struct form range = {.set = UINT64_MAX >> (64 - length), .span = length};
                range.box = (struct box){.hi = length, .run = length};
                compare(f, &range, (int)at);
            }
    }
    printf("  %u boxes\n", form_count);
    for (uint32_t d = 0; d <= NPURT_MAX_DIMS; d++)
        CHECK(of_levels[d] != NULL);
}

TEST(drawn_boxes_are_compared_as_their_bytes)
{
    uint64_t seed = 5;
    told = guessed = 0;
    enumerate_all(54);
    for (uint32_t i = 0; i < 1000000; i++) {
        const struct form *a = &form[world_random(&seed, form_count)], *b = &form[world_random(&seed, form_count)];
        int least = 1 - (int)b->span, most = (int)a->span - 1;
        if (least < (int)a->span - SPACE) least = (int)a->span - SPACE; /* both sets are words */
        if (most > SPACE - (int)b->span) most = SPACE - (int)b->span;
        if (least < most) compare(a, b, least + (int)world_random(&seed, (uint32_t)(most - least)));
    }
    CHECK(told > 1000);
}

TEST_MAIN
