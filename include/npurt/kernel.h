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
    uint64_t async_context[5];
} npurt_kernel_local;
typedef struct npurt_kernel_global {
    int32_t sub_block_id; /* 0: AIV0 or AIC, 1: AIV1 */
} npurt_kernel_global;

/* Descriptor of tensor argument i. */
static inline NPURT_GM const npurt_tensor *npurt_kernel_tensor(NPURT_GM const int64_t *args, uint32_t i)
{ return (NPURT_GM const npurt_tensor *)(uintptr_t)args[i]; }

/* First element of a tensor's view. */
static inline NPURT_GM void *npurt_kernel_data(NPURT_GM const npurt_tensor *t)
{ return (NPURT_GM void *)(uintptr_t)(t->addr + t->start_offset * npurt_dtype_size((npurt_dtype)t->dtype)); }

/* Scalar at argument position i (tensors count first: scalar j of a task with n tensors is at n + j). */
static inline uint64_t npurt_kernel_scalar(NPURT_GM const int64_t *args, uint32_t i) { return (uint64_t)args[i]; }
static inline float npurt_kernel_scalar_f32(NPURT_GM const int64_t *args, uint32_t i)
{
    union { uint32_t u; float f; } bits;
    bits.u = (uint32_t)(uint64_t)args[i];
    return bits.f;
}

static inline int32_t npurt_kernel_block_idx(NPURT_GM const int64_t *args)
{ return ((NPURT_GM const npurt_kernel_local *)(uintptr_t)args[NPURT_KERNEL_ARG_LOCAL])->block_idx; }
static inline int32_t npurt_kernel_block_num(NPURT_GM const int64_t *args)
{ return ((NPURT_GM const npurt_kernel_local *)(uintptr_t)args[NPURT_KERNEL_ARG_LOCAL])->block_num; }
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

#ifdef __cplusplus
}
#endif
#endif
