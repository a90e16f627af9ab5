#include "fiber.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__
void __sanitizer_start_switch_fiber(void **fake_stack, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack, const void **bottom, size_t *size);
#endif
#ifdef __SANITIZE_THREAD__
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
#endif

/* Boost.Context (boost/context/detail/fcontext.hpp), which is C++; the functions are plain. */
struct transfer {
    void *from;
    void *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *top, size_t size, void (*run)(struct transfer));

enum { STACK_SIZE = 2 << 20, GUARD_SIZE = 64 << 10, STACK_COUNT = 4096 };

void (*fiber_ended)(struct agent *agent);

static char *reservation;
static uint32_t stacks_used; /* device thread only: fibers are made when an agent starts */

static _Noreturn void die(const char *what)
{
    perror(what);
    _Exit(70);
}

static void stack_make(struct fiber *fiber)
{
    if (!reservation) {
        reservation = mmap(NULL, (size_t)STACK_COUNT * (STACK_SIZE + GUARD_SIZE), PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (reservation == MAP_FAILED) die("npuemu: reserving fiber stacks");
    }
    if (stacks_used == STACK_COUNT) {
        fputs("npuemu: every fiber stack has been lost to a faulted agent\n", stderr);
        _Exit(70);
    }
    fiber->bottom = reservation + (size_t)stacks_used++ * (STACK_SIZE + GUARD_SIZE) + GUARD_SIZE;
    fiber->size = STACK_SIZE;
    if (mprotect(fiber->bottom, fiber->size, PROT_READ | PROT_WRITE)) die("npuemu: making a fiber stack");
    madvise(fiber->bottom, fiber->size, MADV_NOHUGEPAGE); /* a huge page would make every parked core cost 2 MiB */
}

bool fiber_guards(uint64_t address)
{
    uint64_t first = (uint64_t)(uintptr_t)reservation, offset = address - first;

    return reservation && address >= first && offset / (STACK_SIZE + GUARD_SIZE) < STACK_COUNT &&
           offset % (STACK_SIZE + GUARD_SIZE) < GUARD_SIZE;
}

/* The first thing after every arrival: the context that was left is stored where its owner will look for it. */
static inline void arrive(struct transfer transfer, void *asan)
{
    *(void **)transfer.data = transfer.from;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(asan, NULL, NULL);
#else
    (void)asan;
#endif
}

static void fiber_main(struct transfer transfer)
{
    arrive(transfer, NULL);
    for (;;) {
        struct agent *self = engine_self();
        self->main(self);
        fiber_ended(self);
    }
}

void fiber_prepare(struct agent *agent)
{
    struct fiber *fiber = agent->fiber;

    if (fiber) return; /* it waits in fiber_main, behind fiber_ended */
    fiber = calloc(1, sizeof *fiber);
    if (!fiber) die("npuemu: a fiber");
    stack_make(fiber);
#ifdef __SANITIZE_THREAD__
    fiber->tsan = __tsan_create_fiber(0);
#endif
    agent->fiber = fiber;
    agent->context = make_fcontext(fiber->bottom + fiber->size, fiber->size, fiber_main);
}

void fiber_abandon(struct agent *agent)
{
    agent->fiber = NULL; /* the stack stays mapped: what was interrupted on it may still be referred to */
}

void fiber_carrier_init(struct carrier *carrier)
{
    pthread_attr_t attributes;
    void *bottom = NULL;
    size_t size = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &bottom, &size);
        pthread_attr_destroy(&attributes);
    }
    carrier->stack_bottom = bottom;
    carrier->stack_size = size;
#ifdef __SANITIZE_THREAD__
    carrier->tsan = __tsan_get_current_fiber();
#endif
}

static inline void before(struct carrier *carrier, struct agent *to, void **asan)
{
#ifdef __SANITIZE_ADDRESS__
    if (to)
        __sanitizer_start_switch_fiber(asan, to->fiber->bottom, to->fiber->size);
    else
        __sanitizer_start_switch_fiber(asan, carrier->stack_bottom, carrier->stack_size);
#endif
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(to ? to->fiber->tsan : carrier->tsan, 0);
#endif
    (void)carrier, (void)to, (void)asan;
}

void fiber_switch(struct agent *to)
{
    struct carrier *carrier = engine_carrier();
    struct agent *from = carrier->current;
    void *target = to ? to->context : carrier->context;
    void **slot = from ? &from->context : &carrier->context;
    void *asan = NULL;

    carrier->current = to;
    engine_set_self(to);
    atomic_store_explicit(&carrier->switches, atomic_load_explicit(&carrier->switches, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    before(carrier, to, &asan);
    arrive(jump_fcontext(target, slot), asan);
    /* `carrier` may be another one from here on */
}

ENGINE_NO_ASAN _Noreturn void fiber_leave(void)
{
    static _Thread_local void *nowhere;
    struct carrier *carrier = engine_carrier();

    carrier->current = NULL;
    engine_set_self(NULL);
    before(carrier, NULL, NULL); /* ASan: a null slot means that the fake stack is given up */
    jump_fcontext(carrier->context, &nowhere);
    __builtin_unreachable();
}
