#include "staging.h"

/* Bytes of the host that lie in one piece on the device. */
struct piece {
    uint64_t lo, hi;  /* host addresses */
    uint64_t at;      /* where lo lies in the staging memory */
    bool placed, odd; /* odd: the elements of some tensor are not aligned when lo is */
};

static uint64_t address_of(const npurt_call_tensor *t)
{
    return (uint64_t)(uintptr_t)t->host;
}

/* Lists the host tensors by address; returns their number. */
static uint32_t sort(const npurt_call_args *args, uint8_t *order)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        if (!args->tensors[i].host) continue;
        uint32_t at = count++;
        for (; at > 0 && address_of(&args->tensors[order[at - 1]]) > address_of(&args->tensors[i]); at--)
            order[at] = order[at - 1];
        order[at] = (uint8_t)i;
    }
    return count;
}
_Static_assert(NPURT_CALL_MAX_TENSORS <= UINT8_MAX, "the number of a tensor");

/* Tells each host tensor its piece. */
static void find_pieces(const npurt_call_args *args, const uint64_t *sizes, struct piece *pieces, uint8_t *piece_of)
{
    uint8_t order[NPURT_CALL_MAX_TENSORS];
    const uint32_t count = sort(args, order);
    uint32_t last = 0;
    for (uint32_t k = 0; k < count; k++) {
        const npurt_call_tensor *t = &args->tensors[order[k]];
        const uint64_t lo = address_of(t), hi = lo + sizes[order[k]];
        if (k == 0 || lo >= pieces[last].hi) {
            last = k;
            pieces[last] = (struct piece){.lo = lo, .hi = hi};
        }
        if (hi > pieces[last].hi) pieces[last].hi = hi;
        if ((lo - pieces[last].lo) % npurt_dtype_size(t->dtype) != 0) pieces[last].odd = true;
        piece_of[order[k]] = (uint8_t)last;
    }
}

static uint64_t align(uint64_t n)
{
    return (n + STAGING_ALIGN - 1) & ~(uint64_t)(STAGING_ALIGN - 1);
}

void staging_plan(const npurt_call_args *args, const uint64_t *sizes, struct staging *plan)
{
    struct piece pieces[NPURT_CALL_MAX_TENSORS];
    uint8_t piece_of[NPURT_CALL_MAX_TENSORS];
    find_pieces(args, sizes, pieces, piece_of);
    plan->size = 0;
    for (uint32_t i = 0; i < args->tensor_count; i++) {
        if (!args->tensors[i].host) continue;
        struct piece *p = &pieces[piece_of[i]];
        if (!p->placed) {
            p->at = plan->size + (p->odd ? p->lo % STAGING_ALIGN : 0);
            p->placed = true;
            plan->size = align(p->at + (p->hi - p->lo));
        }
        plan->at[i] = p->at + (address_of(&args->tensors[i]) - p->lo);
    }
}
