#include "region.h"

/* Dimensions that are not dense in order: sorts by pitch, merges, and sees whether the result is nested. */
static __attribute__((noinline)) void canonical_dims(const npurt_tensor *t, uint64_t element, struct box *box)
{
    struct box_dim up[NPURT_MAX_DIMS]; /* innermost first */
    uint32_t n = 0, k = 0;

    for (uint32_t d = 0; d < t->ndims; d++) {
        if (t->shape[d] == 1) continue;
        struct box_dim x = {.pitch = t->strides[d] * element, .count = t->shape[d]};
        uint32_t at = n++;
        for (; at > 0 && up[at - 1].pitch > x.pitch; at--)
            up[at] = up[at - 1];
        up[at] = x;
    }
    uint64_t run = element, span = element;
    box->irregular = 0;
    for (uint32_t d = 0; d < n; d++) {
        struct box_dim x = up[d];
        if (k == 0 && x.pitch == run) {
            run *= x.count;
        } else if (k > 0 && x.pitch == up[k - 1].pitch * up[k - 1].count &&
                   (uint64_t)x.count * up[k - 1].count <= UINT32_MAX) {
            up[k - 1].count *= x.count;
        } else {
            if (x.pitch < span) box->irregular = 1;
            up[k++] = x;
        }
        span += (x.count - 1) * x.pitch;
    }
    box->run = run;
    box->outer = k;
    for (uint32_t d = 0; d < k; d++)
        box->dim[d] = up[k - 1 - d];
}

enum box_problem box_of_tensor(const npurt_tensor *t, struct box *box)
{
    uint64_t element = npurt_dtype_size((npurt_dtype)t->dtype);
    if (element == 0) return BOX_BAD_DTYPE;
    if (t->ndims - 1 >= NPURT_MAX_DIMS) return BOX_BAD_NDIMS;

    uint64_t extent = 1, run = 1, any = t->start_offset;
    uint64_t gap = 0; /* 0: every row of more than one begins where the one before ends */
    for (uint32_t d = t->ndims; d-- > 0;) {
        const uint64_t count = t->shape[d], stride = t->strides[d], reach = (count - 1) * stride;
        if (count == 0) return BOX_EMPTY;
        if (stride == 0) return BOX_STRIDE_ZERO;
        any |= reach;
        extent += reach;
        gap |= stride == run ? 0 : count - 1;
        run *= count;
    }
    if (any >> BOX_REACH_BITS != 0) return BOX_OUTSIDE;
    box->lo = t->start_offset * element;
    box->hi = (t->start_offset + extent) * element;
    if (box->hi > t->size) return BOX_OUTSIDE;
    if (gap == 0) {
        box->run = box->hi - box->lo;
        box->outer = box->irregular = 0;
    } else {
        canonical_dims(t, element, box);
    }
    return BOX_OK;
}

/* The inner part of a box on its way down the dimensions; `count` is that of dim[0]. */
struct part {
    const struct box_dim *dim;
    uint32_t outer, count;
    uint64_t run;
};

static struct part part_of(const struct box_dim *dim, uint32_t outer, uint64_t run)
{
    return (struct part){dim, outer, outer > 0 ? dim[0].count : 0, run};
}

static struct part part_row(struct part p)
{
    return part_of(p.dim + 1, p.outer - 1, p.run);
}

static struct part part_cut(struct part p, uint32_t count)
{
    p.count = count;
    return p;
}

static int64_t part_span(struct part p)
{
    uint64_t span = p.run;
    if (p.outer > 0) span += (p.count - 1) * p.dim[0].pitch;
    for (uint32_t d = 1; d < p.outer; d++)
        span += (p.dim[d].count - 1) * p.dim[d].pitch;
    return (int64_t)span;
}

/* Does [0, length) meet the part that begins at `at`? At each level the first row that ends behind 0 decides. When no
 * row after it begins below length, those have no byte of the range. When one does, the first row ends below it, since
 * rows of a regular box lie beside each other, and so the first row's last byte is in the range. */
static bool run_meets(int64_t length, struct part p, int64_t at)
{
    while (p.outer > 0) {
        const struct part row = part_row(p);
        const int64_t pitch = (int64_t)p.dim[0].pitch, end = at + part_span(row);
        const int64_t first = end > 0 ? 0 : -end / pitch + 1;
        if (first >= p.count) return false;
        at += first * pitch;
        p = row;
    }
    return at < length && at + (int64_t)p.run > 0;
}

static bool part_meets(struct part a, struct part b, int64_t at);

/* a_rows of a at 0 against b_rows of b at `at`, `pitch` apart. Row numbers and places inside a row decide apart. As b
 * may begin anywhere in a's row, its rows may reach into the row after: hence two cases. */
static bool rows_meet(uint32_t a_rows, struct part a, uint32_t b_rows, struct part b, int64_t pitch, int64_t at)
{
    if (part_span(a) > pitch || part_span(b) > pitch) return true; /* not cut from one array: can not tell */
    int64_t row = at / pitch, rest = at % pitch;
    if (rest < 0) {
        row--;
        rest += pitch;
    }
    return (row < a_rows && row + b_rows > 0 && part_meets(a, b, rest)) ||
           (row + 1 < a_rows && row + 1 + b_rows > 0 && part_meets(a, b, rest - pitch));
}

/* Does part a at 0 meet part b at `at`? */
static bool part_meets(struct part a, struct part b, int64_t at)
{
    if (a.outer == 0) return run_meets((int64_t)a.run, b, at);
    if (b.outer == 0) return run_meets((int64_t)b.run, a, -at);

    uint64_t pitch = a.dim[0].pitch, small = b.dim[0].pitch;
    if (small > pitch) return part_meets(b, a, -at);
    if (small == pitch) return rows_meet(a.count, part_row(a), b.count, part_row(b), (int64_t)pitch, at);
    if (pitch % small != 0 || part_span(b) <= (int64_t)pitch)
        return rows_meet(a.count, part_row(a), 1, b, (int64_t)pitch, at);

    /* b's rows run on over several of a's: undo the merging of its dimensions, and look at what is left over apart */
    uint32_t each = (uint32_t)(pitch / small), full = b.count / each, left = b.count % each;
    return (full > 0 && rows_meet(a.count, part_row(a), full, part_cut(b, each), (int64_t)pitch, at)) ||
           (left > 0 &&
            rows_meet(a.count, part_row(a), 1, part_cut(b, left), (int64_t)pitch, at + (int64_t)(full * pitch)));
}

bool box_meets(const struct box_view *a, const struct box_view *b)
{
    if (a->hi <= b->lo || b->hi <= a->lo) return false;
    if (a->irregular || b->irregular || (a->outer == 0 && b->outer == 0)) return true;
    return part_meets(part_of(a->dim, a->outer, a->run), part_of(b->dim, b->outer, b->run), (int64_t)(b->lo - a->lo));
}

bool box_covers(const struct box_view *a, const struct box_view *b)
{
    if (a->lo > b->lo || a->hi < b->hi) return false;
    if (a->irregular) return box_equal(a, b);
    if (a->outer == 0) return true;
    if (b->irregular) return false;

    struct part p = part_of(b->dim, b->outer, b->run);
    uint64_t at = b->lo - a->lo;
    for (uint32_t d = 0; d < a->outer; d++) {
        uint64_t pitch = a->dim[d].pitch, row = at / pitch, rows = 1;
        if (p.outer > 0 && p.dim[0].pitch == pitch) {
            rows = p.dim[0].count;
            p = part_row(p);
        }
        if (row + rows > a->dim[d].count) return false;
        at %= pitch;
    }
    return at + (uint64_t)part_span(p) <= a->run;
}
