/* What an incore kernel uses.
 *
 * A kernel is a function that one AICore runs for one task, or for one block of it:
 *
 *     NPURT_KERNEL void kernel_entry(NPURT_GM int64_t *args);
 *
 * args holds, in the order of the submission, one pointer to a tensor descriptor per tensor and then the scalars' bits.
 * All cores of a MIX block get the same args. Data is reached through npurt_kernel_data; on silicon that is global
 * memory, so kernels copy tiles to local buffers, work there, and copy back. What a kernel writes becomes visible to
 * other cores when it returns: the worker loop cleans the cache before it reports the task finished.
 *
 * A kernel is one shared object (emulated card) or one ELF of the vendor's compiler (silicon). It must not use
 * thread-local storage, static data that it writes, threads, or locks. Compiles with gcc, clang and, through the
 * NPURT_GM and NPURT_KERNEL macros, the vendor's AICore compiler.
 *
 * Stack: 2 MiB per core on the emulated card, less what the worker loop needs; a kernel that needs more ends as
 * KERNEL_FAULT. On silicon a core has 32 KiB by default (docs/reference/machine.md), so larger local arrays belong into a
 * tensor. Static data: constants are fine. Static data that a kernel writes is one for all cores of the emulated card and
 * stays as long as the kernel is loaded there; on silicon it is in the program's image in global memory, behind caches that
 * are not coherent. No kernel may rest on either.
 */
#ifndef NPURT_KERNEL_H
#define NPURT_KERNEL_H

#include <npurt/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__CCE_AICORE__) || defined(__DAV_C220__) || defined(__DAV_C310__)
#define NPURT_GM __gm__
#define NPURT_KERNEL __attribute__((always_inline)) static inline __aicore__
#else
#define NPURT_GM
#define NPURT_KERNEL __attribute__((visibility("default")))
#endif

/* Slots of args; the last two hold contexts (the reference runtime's positions, docs/reference/runtime-abi.md). */
enum { NPURT_KERNEL_ARGS = 50, NPURT_KERNEL_ARG_LOCAL = 48, NPURT_KERNEL_ARG_GLOBAL = 49 };

typedef struct npurt_kernel_local {
    int32_t block_idx, block_num;
    uint64_t async_address[3];           /* deferred completion: of a count, an error code and the conditions; */
    uint32_t async_room;                 /* how many conditions fit; 0 unless the task is deferred */
    uint16_t tensor_count, scalar_count; /* of args, from API version 2 on; the reference leaves these bytes empty */
    uint64_t async_task;
} npurt_kernel_local;
typedef struct npurt_kernel_global {
    int32_t sub_block_id; /* 0: AIV0 or AIC, 1: AIV1 */
    uint32_t task;        /* number of the submission, counted from 0 */
} npurt_kernel_global;

static inline NPURT_GM const npurt_kernel_local *npurt_kernel_local_of(NPURT_GM const int64_t *args)
{ return (NPURT_GM const npurt_kernel_local *)(uintptr_t)args[NPURT_KERNEL_ARG_LOCAL]; }

/* How many tensors and scalars the task has: at most NPURT_TASK_MAX_TENSORS and NPURT_TASK_MAX_SCALARS
 * (npurt/orchestration.h). The tensor of a predicate is none of them. A kernel that is served by the reference runtime
 * finds 0 here: there both counts, and so the scalars' places, are agreed between kernel and orchestration. */
static inline uint32_t npurt_kernel_tensor_count(NPURT_GM const int64_t *args)
{ return npurt_kernel_local_of(args)->tensor_count; }
static inline uint32_t npurt_kernel_scalar_count(NPURT_GM const int64_t *args)
{ return npurt_kernel_local_of(args)->scalar_count; }

/* Descriptor of tensor argument i, counted from 0; i below npurt_kernel_tensor_count. */
static inline NPURT_GM const npurt_tensor *npurt_kernel_tensor(NPURT_GM const int64_t *args, uint32_t i)
{ return (NPURT_GM const npurt_tensor *)(uintptr_t)args[i]; }

/* First element of a tensor's view. */
static inline NPURT_GM void *npurt_kernel_data(NPURT_GM const npurt_tensor *t)
{ return (NPURT_GM void *)(uintptr_t)(t->addr + t->start_offset * npurt_dtype_size((npurt_dtype)t->dtype)); }

/* Scalar j, counted from 0, as the type that the orchestration gave it (npurt_task_scalar); j below
 * npurt_kernel_scalar_count. Of a wider type than was given, an integer is the same number; a floating-point scalar is
 * read as the type that it was given as. */
static inline uint64_t npurt_kernel_u64(NPURT_GM const int64_t *args, uint32_t j)
{ return (uint64_t)args[npurt_kernel_tensor_count(args) + j]; }
static inline int64_t npurt_kernel_i64(NPURT_GM const int64_t *args, uint32_t j)
{ return args[npurt_kernel_tensor_count(args) + j]; }
static inline uint32_t npurt_kernel_u32(NPURT_GM const int64_t *args, uint32_t j)
{ return (uint32_t)npurt_kernel_u64(args, j); }
static inline int32_t npurt_kernel_i32(NPURT_GM const int64_t *args, uint32_t j)
{ return (int32_t)npurt_kernel_i64(args, j); }
static inline float npurt_kernel_f32(NPURT_GM const int64_t *args, uint32_t j)
{
    union { uint32_t u; float f; } bits;
    bits.u = npurt_kernel_u32(args, j);
    return bits.f;
}
static inline double npurt_kernel_f64(NPURT_GM const int64_t *args, uint32_t j)
{
    union { uint64_t u; double f; } bits;
    bits.u = npurt_kernel_u64(args, j);
    return bits.f;
}

static inline int32_t npurt_kernel_block_idx(NPURT_GM const int64_t *args)
{ return npurt_kernel_local_of(args)->block_idx; }
static inline int32_t npurt_kernel_block_num(NPURT_GM const int64_t *args)
{ return npurt_kernel_local_of(args)->block_num; }
static inline int32_t npurt_kernel_sub_block(NPURT_GM const int64_t *args)
{ return ((NPURT_GM const npurt_kernel_global *)(uintptr_t)args[NPURT_KERNEL_ARG_GLOBAL])->sub_block_id; }

/* Physical number of the core that runs the kernel: an AIC or an AIV, each its own. -1 where no card is below. */
#if defined(__CCE_AICORE__) || defined(__DAV_C220__) || defined(__DAV_C310__)
#define npurt_kernel_core() ((int32_t)(get_coreid() & 0xfff))
#else
__attribute__((weak, visibility("default"))) int32_t npurt_kernel_core_number(void);
#define npurt_kernel_core() (npurt_kernel_core_number ? npurt_kernel_core_number() : -1)
#endif

/* One line, printf format, to the host's log (npurt/log.h) with core, kernel, task and block; without a callback there to
 * standard error, with the core's number before it. For looking into a kernel on the emulated card. A line longer than
 * about 960 bytes is cut. Lines of several cores do not mix; their order is that of the run. On silicon, and wherever no
 * card is below, the call does nothing and its arguments are not looked at. */
#if defined(__CCE_AICORE__) || defined(__DAV_C220__) || defined(__DAV_C310__)
#define npurt_kernel_printf(...) ((void)0)
#else
__attribute__((weak, visibility("default"), format(printf, 1, 2))) void npurt_kernel_log(const char *format, ...);
#define npurt_kernel_printf(...) (npurt_kernel_log ? npurt_kernel_log(__VA_ARGS__) : (void)0)
#endif

/* For the body of a loop in which a kernel waits for what another core writes, which it may do only where that core is
 * certain to run: another block of a sync-start task (npurt_task_sync_start), or another core of the same MIX block. On
 * the emulated card others run meanwhile, and in timed mode time passes, which nothing else in such a loop makes it do;
 * on silicon nothing happens. A kernel that waits for ever ends by the op-execute or the scheduler timeout. */
#if defined(__CCE_AICORE__) || defined(__DAV_C220__) || defined(__DAV_C310__)
#define npurt_kernel_pause() ((void)0)
#else
__attribute__((weak, visibility("default"))) void npurt_kernel_yield(void);
#define npurt_kernel_pause() (npurt_kernel_yield ? npurt_kernel_yield() : (void)0)
#endif

/* Handing data over to a core that runs at the same time (npurt_kernel_pause says which one may wait for): a word counts
 * or names what has been handed over.
 *
 *     write data; npurt_kernel_clean(data, size); npurt_kernel_publish(word, n);
 *     while (npurt_kernel_observe(word) < n) npurt_kernel_pause(); npurt_kernel_invalidate(data, size); read data;
 *
 * Who observes a value sees what was written, and cleaned, before it was published. On silicon data caches of cores are
 * not coherent: clean and invalidate work on whole lines of 64 bytes, and so does the traffic of words, so a line has one
 * writer. What a copy engine moves has arrived by then only if the kernel has waited for the engine. */
#if defined(__CCE_AICORE__) || defined(__DAV_C220__) || defined(__DAV_C310__)
static inline void npurt_kernel_clean(NPURT_GM const void *p, size_t size)
{
    for (uintptr_t line = (uintptr_t)p & ~(uintptr_t)63, end = (uintptr_t)p + size; line < end; line += 64)
        dcci((NPURT_GM void *)line, SINGLE_CACHE_LINE, CACHELINE_OUT);
    dsb(DSB_ALL);
}
static inline void npurt_kernel_invalidate(NPURT_GM const void *p, size_t size) { npurt_kernel_clean(p, size); }
static inline void npurt_kernel_publish(NPURT_GM uint32_t *word, uint32_t value)
{
    dsb(DSB_ALL);
    *(NPURT_GM volatile uint32_t *)word = value;
    npurt_kernel_clean(word, sizeof *word);
}
static inline uint32_t npurt_kernel_observe(NPURT_GM const uint32_t *word)
{
    npurt_kernel_invalidate(word, sizeof *word);
    return *(NPURT_GM const volatile uint32_t *)word;
}
#else
static inline void npurt_kernel_clean(const void *p, size_t size) { (void)p, (void)size; }
static inline void npurt_kernel_invalidate(const void *p, size_t size) { (void)p, (void)size; }
static inline void npurt_kernel_publish(uint32_t *word, uint32_t value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }
static inline uint32_t npurt_kernel_observe(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
#endif

/* Deferred completion. A kernel of a task submitted with npurt_task_deferred may register conditions while it runs: the
 * task counts as complete when all its kernels have returned and every condition of theirs has held. The core is free as
 * soon as the kernel has returned; what waits is the task.
 *
 *     npurt_kernel_expect(args, counter, 4);              in one kernel: complete when *counter ≥ 4
 *     npurt_kernel_notify(counter, 1, NPURT_NOTIFY_ADD);  in four others, of whatever tasks
 *
 * A condition is about a word of device memory, aligned to 4 bytes, that stays allocated until the task is complete: an
 * element of a tensor argument, or memory of the caller's. As an argument it is passed with npurt_task_no_dep, to who waits
 * and to who notifies: declared as read and written, it would make the one wait for the other. It counts as held when it
 * has held once; a counter that is set back later changes nothing. A condition that holds already is legal, and so is one
 * registered twice. Up to NPURT_KERNEL_MAX_CONDITIONS per core and block.
 *
 * What a kernel wrote before it notified is there for the tasks behind the one that waited; on silicon the kernel cleans it
 * first (npurt_kernel_clean). A word that is written otherwise, by the host, an engine of the chip or
 * npurt_kernel_publish, is noticed within 10 ms.
 *
 * The run ends with an error that names task, kernel, condition and address: ASYNC_COMPLETION_INVALID (101) for an address
 * that is not aligned or no device memory, or an unknown type or engine; ASYNC_WAIT_OVERFLOW (102) for one condition too
 * many; ASYNC_REGISTRATION_FAILED (103) in a task that is not deferred. Both latter are returned as well. Where no card is
 * below, nobody waits and 0 is returned. docs/reference/deferred-completion.md */
enum { NPURT_KERNEL_MAX_CONDITIONS = 64 };
enum npurt_async_type {
    NPURT_ASYNC_COUNTER = 0, /* holds when the word is at least `expected` */
    NPURT_ASYNC_EVENT = 1,   /* holds when it is not 0: the record of an asynchronous engine */
};
enum npurt_async_engine { NPURT_ENGINE_SDMA = 0, NPURT_ENGINE_ROCE = 1, NPURT_ENGINE_URMA = 2, NPURT_ENGINE_CCU = 3 };
enum npurt_notify { NPURT_NOTIFY_SET = 0, NPURT_NOTIFY_ADD = 1 };

/* One condition, and what the words of npurt_kernel_local.async_address lead to; the reference's layouts. */
typedef struct npurt_kernel_condition {
    uint64_t address;
    uint32_t expected, engine;
    int32_t type;
    uint32_t reserved;
} npurt_kernel_condition;
typedef struct npurt_kernel_async {
    uint32_t count; /* [0] is its address, [1] that of error, [2] that of the conditions, [3] how many fit */
    int32_t error;
    uint64_t address; /* from here on npurt's own: what was refused, and where that is to be reported */
    uint64_t report;
    uint32_t mark, expected, task;
    int32_t block;
    uint64_t kernel;
} npurt_kernel_async;

static inline int32_t npurt_kernel_condition_add(NPURT_GM const int64_t *args, NPURT_GM const uint32_t *word,
                                                 uint32_t expected, uint32_t engine, int32_t type)
{
    NPURT_GM const npurt_kernel_local *local = npurt_kernel_local_of(args);
    NPURT_GM npurt_kernel_async *async = (NPURT_GM npurt_kernel_async *)(uintptr_t)local->async_address[0];
    NPURT_GM npurt_kernel_condition *condition =
        (NPURT_GM npurt_kernel_condition *)(uintptr_t)local->async_address[2];
    if (!async) return 0;
    const uint32_t n = async->count, room = local->async_room;
    if (n < room) {
        condition += n;
        condition->address = (uint64_t)(uintptr_t)word;
        condition->expected = expected;
        condition->engine = engine;
        condition->type = type;
        condition->reserved = 0;
        async->count = n + 1;
        return 0;
    }
    const int32_t code = room ? 102 : 103;
    if (async->error) return code; /* the first one is told */
    async->error = code;
    async->address = (uint64_t)(uintptr_t)word;
    async->expected = expected;
    if (!async->report) return code;
    async->task = ((NPURT_GM const npurt_kernel_global *)(uintptr_t)args[NPURT_KERNEL_ARG_GLOBAL])->task;
    async->block = local->block_idx;
    async->kernel = ((NPURT_GM const uint64_t *)(NPURT_GM const void *)local)[-1];
    npurt_kernel_clean(async, sizeof *async);
    npurt_kernel_publish((NPURT_GM uint32_t *)(uintptr_t)async->report, async->mark);
    return code;
}
/* This task waits until *counter is at least `expected`, as unsigned numbers. */
static inline int32_t npurt_kernel_expect(NPURT_GM const int64_t *args, NPURT_GM const uint32_t *counter,
                                          uint32_t expected)
{ return npurt_kernel_condition_add(args, counter, expected, NPURT_ENGINE_SDMA, NPURT_ASYNC_COUNTER); }
/* This task waits until *event is not 0, as the engine leaves it when it has done what the event stands for. */
static inline int32_t npurt_kernel_expect_event(NPURT_GM const int64_t *args, NPURT_GM const uint32_t *event,
                                                enum npurt_async_engine engine)
{ return npurt_kernel_condition_add(args, event, 1, (uint32_t)engine, NPURT_ASYNC_EVENT); }

/* Sets *counter to value, or adds value to it as one step, after everything that the kernel has written, and wakes who
 * waits. Several cores may add to one counter. */
#if defined(__CCE_AICORE__) || defined(__DAV_C220__) || defined(__DAV_C310__)
static inline void npurt_kernel_notify(NPURT_GM uint32_t *counter, uint32_t value, enum npurt_notify op)
{
    if (op == NPURT_NOTIFY_SET) {
        npurt_kernel_publish(counter, value);
        return;
    }
    dsb(DSB_ALL);
    set_st_atomic_cfg(4); /* type s32, operation sum: the store adds in memory and leaves no line in the cache */
#if defined(__cplusplus)
    st_atomic<int32_t>((int32_t)value, (NPURT_GM int32_t *)counter);
#else
    st_atomic((int32_t)value, (NPURT_GM int32_t *)counter);
#endif
    dsb(DSB_ALL);
}
#else
__attribute__((weak, visibility("default"))) void npurt_kernel_signal(uint32_t *counter, uint32_t value, int32_t op);
static inline void npurt_kernel_notify(uint32_t *counter, uint32_t value, enum npurt_notify op)
{
    if (npurt_kernel_signal)
        npurt_kernel_signal(counter, value, (int32_t)op);
    else if (op == NPURT_NOTIFY_SET)
        __atomic_store_n(counter, value, __ATOMIC_RELEASE);
    else
        __atomic_fetch_add(counter, value, __ATOMIC_ACQ_REL);
}
#endif

/* bf16: the upper half of a binary32. Conversion to bf16 rounds to nearest, ties to even; NaN stays NaN. */
static inline float npurt_bf16_to_f32(uint16_t x)
{
    union { uint32_t u; float f; } bits;
    bits.u = (uint32_t)x << 16;
    return bits.f;
}
static inline uint16_t npurt_f32_to_bf16(float x)
{
    union { float f; uint32_t u; } bits;
    bits.f = x;
    if ((bits.u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits.u >> 16) | 0x40);
    return (uint16_t)((bits.u + 0x7fffu + ((bits.u >> 16) & 1u)) >> 16);
}

/* ---- Names of API version 1, kept for one release ----
 * The scalar at argument position i, where tensors count first: scalar j of a task with n tensors is at n + j. */
static inline uint64_t npurt_kernel_scalar(NPURT_GM const int64_t *args, uint32_t i) { return (uint64_t)args[i]; }
static inline float npurt_kernel_scalar_f32(NPURT_GM const int64_t *args, uint32_t i)
{
    union { uint32_t u; float f; } bits;
    bits.u = (uint32_t)(uint64_t)args[i];
    return bits.f;
}

#ifdef __cplusplus
}
#endif
#endif
