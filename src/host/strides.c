#include "strides.h"

#include <inttypes.h>
#include <string.h>
#include "error.h"

/* Elements are apart when each stride is larger than all that the dimensions of smaller strides reach. */
static npurt_status check_apart(const npurt_call_tensor *t, const char *what)
{
    uint64_t reach = 0;
    bool seen[NPURT_MAX_DIMS];
    for (uint32_t d = 0; d < t->ndims; d++)
        seen[d] = t->shape[d] == 1;
    for (;;) {
        uint32_t next = NPURT_MAX_DIMS;
        for (uint32_t d = 0; d < t->ndims; d++)
            if (!seen[d] && (next == NPURT_MAX_DIMS || t->strides[d] < t->strides[next])) next = d;
        if (next == NPURT_MAX_DIMS) return NPURT_OK;
        if (t->strides[next] <= reach)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "%s: elements share bytes: the stride of dimension %u is %u, and the dimensions of smaller "
                               "strides reach %" PRIu64 " elements further",
                               what, next, t->strides[next], reach);
        reach += (uint64_t)(t->shape[next] - 1) * t->strides[next];
        seen[next] = true;
    }
}

npurt_status strides_check(const npurt_call_tensor *t, const char *what)
{
    uint64_t extent = 1;
    for (uint32_t d = 0; d < t->ndims; d++) {
        if (t->shape[d] == 1) continue;
        if (t->strides[d] == 0)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "%s: the stride of dimension %u is 0, and others are not; all 0 is contiguous", what, d);
        if (__builtin_add_overflow(extent, (uint64_t)(t->shape[d] - 1) * t->strides[d], &extent) ||
            extent > UINT64_MAX / 8)
            return error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                               "%s: with a stride of %u in dimension %u it reaches further than 64 bits can count", what,
                               t->strides[d], d);
    }
    return check_apart(t, what);
}

void strides_apply(const npurt_call_tensor *t, npurt_tensor *x)
{
    if (!strides_are_given(t)) return;
    for (uint32_t d = 0; d < t->ndims; d++)
        x->strides[d] = t->shape[d] == 1 ? 1 : t->strides[d];
    npurt_tensor_refresh(x);
    x->size = x->extent * npurt_dtype_size((npurt_dtype)x->dtype);
}

void strides_copy(void *to, const void *from, const npurt_tensor *x)
{
    const uint64_t element = npurt_dtype_size((npurt_dtype)x->dtype);
    uint64_t run = 1, at = 0;
    uint32_t outer = x->ndims, index[NPURT_MAX_DIMS] = {0};
    while (outer > 0 && (x->shape[outer - 1] == 1 || x->strides[outer - 1] == run))
        run *= x->shape[--outer];
    for (;;) {
        memcpy((char *)to + at * element, (const char *)from + at * element, run * element);
        uint32_t d = outer;
        while (d > 0) { /* the next run: the innermost index that has not come to its end */
            at += x->strides[d - 1];
            if (++index[d - 1] < x->shape[d - 1]) break;
            at -= (uint64_t)x->strides[d - 1] * x->shape[d - 1];
            index[--d] = 0;
        }
        if (d == 0) return;
    }
}
