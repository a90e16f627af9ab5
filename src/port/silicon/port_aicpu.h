/* port.h on the AICPU of a card: inline, and compiled for x86-64 too, so that the scheduler runs over memory-backed
 * registers in tests/cross. What costs time on silicon is said at each function. */
#ifndef NPURT_PORT_SILICON_AICPU_H
#define NPURT_PORT_SILICON_AICPU_H

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

/* Of the device-side driver and log libraries, which the AICPU process has loaded globally; null elsewhere. */
extern int32_t halGetDeviceInfo(uint32_t device, int32_t module, int32_t info, int64_t *value) __attribute__((weak));
extern void DlogRecord(int32_t module, int32_t level, const char *format, ...) __attribute__((weak));

static inline uint32_t port_observe32(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
static inline uint64_t port_observe64(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}
static inline void port_publish32(uint32_t *p, uint32_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}
static inline void port_publish64(uint64_t *p, uint64_t value)
{
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
}

static inline port_token port_wait_begin(void)
{
    return 0;
}

/* NPURT_PORT_WAIT: what a test that has more agents than CPUs does instead of a pause. */
static inline void port_wait(port_token token)
{
    (void)token;
#if defined(NPURT_PORT_WAIT)
    NPURT_PORT_WAIT;
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#else
    __builtin_ia32_pause();
#endif
}
static inline void port_yield(void)
{
#if defined(NPURT_PORT_WAIT)
    NPURT_PORT_WAIT;
#endif
}
static inline void port_kick(uint32_t agent)
{
    (void)agent;
}

/* The system counter: 50 MHz on a2 and a3, 1 GHz on a5. */
static inline uint64_t port_clock(void)
{
#if defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks)::"memory");
    return ticks;
#else
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}
static inline uint64_t port_clock_hz(void)
{
#if defined(__aarch64__)
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
#else
    return 1000000000u;
#endif
}

/* Only kicks use it, and a kick is nothing here. */
static inline uint32_t port_agent_self(void)
{
    return PORT_AGENT_AICPU;
}

static inline void port_log(enum port_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void port_log(enum port_level level, const char *format, ...)
{
    enum { MODULE_CCECPU = 25 };
    char line[256];
    va_list arguments;
    if (!DlogRecord) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    DlogRecord(MODULE_CCECPU, (int32_t)level, "[npurt] %s", line);
}

/* The window is Device-nGnRE memory. The load takes about 100 ns and one is in flight at a time; `dsb ld` keeps the
 * loads behind it behind it, which a device load alone does not. The store takes about 5 ns; `dmb oshst` before it
 * makes the payload arrive first. */
static inline uint32_t port_reg_load(uint64_t base, uint32_t offset)
{
    const volatile uint32_t *p = (const volatile uint32_t *)(uintptr_t)(base + offset);
#if defined(__aarch64__)
    uint32_t value = __atomic_load_n(p, __ATOMIC_RELAXED);
    __asm__ volatile("dsb ld" ::: "memory");
    return value;
#else
    return __atomic_load_n(p, __ATOMIC_ACQUIRE);
#endif
}
static inline void port_reg_store(uint64_t base, uint32_t offset, uint32_t value)
{
    volatile uint32_t *p = (volatile uint32_t *)(uintptr_t)(base + offset);
#if defined(__aarch64__)
    __asm__ volatile("dmb oshst" ::: "memory");
    __atomic_store_n(p, value, __ATOMIC_RELAXED);
#else
    __atomic_store_n(p, value, __ATOMIC_RELEASE);
#endif
}

static inline uint32_t port_fetch_add32(uint32_t *p, uint32_t value)
{
    return __atomic_fetch_add(p, value, __ATOMIC_ACQ_REL);
}
static inline uint32_t port_fetch_sub32(uint32_t *p, uint32_t value)
{
    return __atomic_fetch_sub(p, value, __ATOMIC_ACQ_REL);
}
static inline uint32_t port_exchange32(uint32_t *p, uint32_t value)
{
    return __atomic_exchange_n(p, value, __ATOMIC_ACQ_REL);
}
static inline bool port_cas32(uint32_t *p, uint32_t *expected, uint32_t desired)
{
    return __atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
static inline bool port_cas64(uint64_t *p, uint64_t *expected, uint64_t desired)
{
    return __atomic_compare_exchange_n(p, expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Lines to the point of coherency. `dc civac` writes a dirty line back before it drops it: whoever zeroes memory by DMA
 * needs the AICPU's lines of it clean beforehand (result.c). The AICPU's lines are 64 bytes. */
static inline void port_cache_invalidate(const void *p, size_t size)
{
#if defined(__aarch64__)
    uintptr_t end = (uintptr_t)p + size;
    for (uintptr_t line = (uintptr_t)p & ~(uintptr_t)63; line < end; line += 64)
        __asm__ volatile("dc civac, %0" ::"r"(line) : "memory");
    __asm__ volatile("dsb sy\n\tisb" ::: "memory");
#else
    (void)p; /* coherent */
    (void)size;
#endif
}
static inline void port_cache_clean(const void *p, size_t size)
{
#if defined(__aarch64__)
    uintptr_t end = (uintptr_t)p + size;
    for (uintptr_t line = (uintptr_t)p & ~(uintptr_t)63; line < end; line += 64)
        __asm__ volatile("dc cvac, %0" ::"r"(line) : "memory");
    __asm__ volatile("dsb sy" ::: "memory");
#else
    (void)p; /* coherent */
    (void)size;
#endif
}

static inline bool port_is_memory(uint64_t address, uint64_t size)
{
    return address >= 4096 && address >> 48 == 0 && size <= (UINT64_C(1) << 48) - address;
}

static inline void port_place(uint32_t index, uint32_t count)
{
    (void)index;
    (void)count;
}
static inline void port_adopt_core(uint32_t core)
{
    (void)core;
}

/* Bits of the OCCUPY mask as the device sees it; there the local device id is 0 for every hal call. */
static inline uint32_t port_aicpu_threads(void)
{
    enum { MODULE_AICPU = 1, INFO_OCCUPY = 8 };
    int64_t mask = 0;
    if (!halGetDeviceInfo || halGetDeviceInfo(0, MODULE_AICPU, INFO_OCCUPY, &mask) != 0) return 1;
    uint32_t threads = (uint32_t)__builtin_popcountll((uint64_t)mask & 0xffff);
    return threads ? threads : 1;
}

#endif
