/* port.h on an AICore: inline over the vendor's intrinsics. The core's data cache is not coherent outwards: what
 * another agent will read is written back line by line before it is announced, and what another agent wrote is
 * invalidated before it is read. */
#ifndef NPURT_PORT_SILICON_AICORE_H
#define NPURT_PORT_SILICON_AICORE_H

#include "protocol/protocol.h"

#if defined(__CCE_AICORE__)
#define PORT_GM            __gm__
#ifdef __cplusplus
#define PORT_CORE_ENTRY extern "C" __global__ __aicore__
#else
#define PORT_CORE_ENTRY __global__ __aicore__
#endif
#define PORT_CORE_FUNCTION __aicore__ inline
#if defined(__DAV_CUBE__) || defined(__DAV_C220_CUBE__)
#define PORT_CORE_HALF 1
#else
#define PORT_CORE_HALF 2
#endif
static PORT_CORE_FUNCTION uint64_t get_data_main_base(void)
{
    uint64_t value;
    __asm__ volatile("MOV %0, DATA_MAIN_BASE\n" : "=l"(value));
    return value;
}
#else
#include "vendor_intrinsics.h"
#define PORT_GM
#define PORT_CORE_ENTRY    __attribute__((visibility("default")))
#define PORT_CORE_FUNCTION inline
#define PORT_CORE_HALF     3
#endif

enum { PORT_CORE_LINE = 64, PORT_CORE_ID_MASK = 0xfff };

static PORT_CORE_FUNCTION void port_core_cache_lines(PORT_GM const void *p, size_t size)
{
    uintptr_t end = (uintptr_t)p + size;
    for (uintptr_t line = (uintptr_t)p & ~(uintptr_t)(PORT_CORE_LINE - 1); line < end; line += PORT_CORE_LINE)
        dcci((PORT_GM void *)line, SINGLE_CACHE_LINE, CACHELINE_OUT);
    dsb(DSB_ALL);
}

/* A word that another agent writes or reads is beyond the cache: its line goes with it. */
static PORT_CORE_FUNCTION uint32_t port_observe32(PORT_GM const uint32_t *p)
{
    port_core_cache_lines(p, sizeof *p);
    return *(PORT_GM const volatile uint32_t *)p;
}
static PORT_CORE_FUNCTION uint64_t port_observe64(PORT_GM const uint64_t *p)
{
    port_core_cache_lines(p, sizeof *p);
    return *(PORT_GM const volatile uint64_t *)p;
}
static PORT_CORE_FUNCTION void port_publish32(PORT_GM uint32_t *p, uint32_t value)
{
    dsb(DSB_ALL);
    *(PORT_GM volatile uint32_t *)p = value;
    port_core_cache_lines(p, sizeof *p);
}
static PORT_CORE_FUNCTION void port_publish64(PORT_GM uint64_t *p, uint64_t value)
{
    dsb(DSB_ALL);
    *(PORT_GM volatile uint64_t *)p = value;
    port_core_cache_lines(p, sizeof *p);
}

static PORT_CORE_FUNCTION port_token port_wait_begin(void)
{
    return 0;
}
static PORT_CORE_FUNCTION void port_wait(port_token token)
{
    (void)token;
#if defined(NPURT_PORT_WAIT)
    NPURT_PORT_WAIT;
#endif
}
static PORT_CORE_FUNCTION void port_kick(uint32_t agent)
{
    (void)agent;
}
static PORT_CORE_FUNCTION uint64_t port_clock(void)
{
    return get_sys_cnt();
}

static PORT_CORE_FUNCTION uint32_t port_core_dmb(void)
{
    return (uint32_t)get_data_main_base();
}
static PORT_CORE_FUNCTION uint32_t port_core_doorbell(void)
{
    return (uint32_t)(get_data_main_base() >> 32);
}
static PORT_CORE_FUNCTION void port_core_set_cond(uint32_t value)
{
    set_cond(value);
}

static PORT_CORE_FUNCTION uint32_t port_core_physical(void)
{
    return (uint32_t)get_coreid() & PORT_CORE_ID_MASK;
}
static PORT_CORE_FUNCTION uint32_t port_core_block(void)
{
    return (uint32_t)get_block_idx();
}
static PORT_CORE_FUNCTION uint32_t port_core_sub_block(void)
{
    return (uint32_t)get_subblockid();
}
/* npurt_core. Each half of a MIX program is compiled for one type of core. */
#if PORT_CORE_HALF == 1
static PORT_CORE_FUNCTION uint32_t port_core_type(void)
{
    return 0;
}
#elif PORT_CORE_HALF == 2
static PORT_CORE_FUNCTION uint32_t port_core_type(void)
{
    return 1;
}
#else
uint32_t port_core_type(void);
#endif
static PORT_CORE_FUNCTION uint32_t port_agent_self(void)
{
    return port_core_physical();
}

static PORT_CORE_FUNCTION void port_core_cache_invalidate(PORT_GM const void *p, size_t size)
{
    port_core_cache_lines(p, size);
}
static PORT_CORE_FUNCTION void port_core_cache_clean(PORT_GM const void *p, size_t size)
{
    port_core_cache_lines(p, size);
}
static PORT_CORE_FUNCTION void port_core_cache_invalidate_all(void)
{
    dcci((PORT_GM void *)0, ENTIRE_DATA_CACHE, CACHELINE_OUT);
    dsb(DSB_ALL);
}
static PORT_CORE_FUNCTION void port_core_cache_clean_all(void)
{
    dcci((PORT_GM void *)0, ENTIRE_DATA_CACHE, CACHELINE_OUT);
    dsb(DSB_ALL);
}

/* The payload's line, which nobody writes any more. */
static PORT_CORE_FUNCTION void port_core_prepare(uint64_t image, PORT_GM const int64_t *args)
{
    (void)image;
    (void)*(PORT_GM const volatile int64_t *)args;
}

/* The code lies behind the kernel_image, linked to run anywhere. Its argument is in device memory, which is an address
 * space of its own to the vendor's compiler. */
typedef void (*port_core_kernel)(PORT_GM int64_t *args);
static PORT_CORE_FUNCTION void port_core_run(uint64_t image, PORT_GM int64_t *args)
{
    ((port_core_kernel)(uintptr_t)(image + KERNEL_IMAGE_CODE))(args);
}

#endif
