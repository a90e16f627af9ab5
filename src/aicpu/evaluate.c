#include "protocol/predicate.h"

#include "scheduler.h"

enum { TENSOR_SIZE = 128, SCALAR_SIZE = 8 };

static const struct image_predicate *predicate_of(const struct scheduler *s, const struct image_task *t)
{
    uint64_t arguments = (uint64_t)t->tensor_count * TENSOR_SIZE + (uint64_t)t->scalar_count * SCALAR_SIZE;
    return (const struct image_predicate *)(uintptr_t)(s->payloads + (uint64_t)t->payload * 64 + arguments);
}

bool predicate_is_sound(const struct scheduler *s, const struct image_task *t)
{
    const struct image_predicate *p = predicate_of(s, t);
    port_cache_invalidate(p, sizeof *p);
    return p->mark == predicate_mark(p) && npurt_dtype_size((npurt_dtype)p->dtype) > 0 && p->compare >= NPURT_EQUAL &&
           p->compare <= NPURT_GREATER_EQUAL;
}

bool predicate_is_readable(struct scheduler *s, uint32_t task)
{
    const struct image_predicate *p = predicate_of(s, &s->tasks[task]);
    if (port_is_memory(p->address, npurt_dtype_size((npurt_dtype)p->dtype))) return true;
    const uint32_t name = scheduler_task_name(s, task);
    if (s->predicate_task < 0) {
        s->predicate_task = name;
        s->predicate_address = p->address;
    }
    scheduler_end(s, RUN_BAD_PREDICATE, name);
    return false;
}

/* The core that wrote the element cleaned its lines before its FIN; this thread may have an older one. */
bool predicate_holds(const struct scheduler *s, const struct image_task *t)
{
    const struct image_predicate *p = predicate_of(s, t);
    const void *element = (const void *)(uintptr_t)p->address;
    uint32_t size = npurt_dtype_size((npurt_dtype)p->dtype);
    uint64_t bits = 0;
    port_cache_invalidate(element, size);
    memcpy(&bits, element, size);
    return predicate_compare((npurt_dtype)p->dtype, (npurt_compare)p->compare, bits, p->bits);
}
