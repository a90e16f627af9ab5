/* Stand-ins for the intrinsics of the vendor's AICore compiler: declarations only, so that the AICore program's silicon
 * port compiles with any compiler. The vendor's compiler has them built in and never sees this file; tests/cross
 * defines them over memory-backed registers, and has the vendor compiler's branch compiled against them. */
#ifndef NPURT_VENDOR_INTRINSICS_H
#define NPURT_VENDOR_INTRINSICS_H

#include <stdint.h>

#ifndef PORT_GM
#define PORT_GM /* device memory, where that is an address space of its own */
#endif

/* Special register DATA_MAIN_BASE, moved to a general one. The core can not write it. */
#ifndef __CCE_AICORE__ /* there it is one instruction of the port's own */
uint64_t get_data_main_base(void);
#endif
/* COND, 32 bits used; 5 to 10 ns. */
void set_cond(uint64_t value);

/* Data cache by line or whole, invalidated, and written back first with CACHELINE_OUT. */
enum vendor_cache_scope { SINGLE_CACHE_LINE = 0, ENTIRE_DATA_CACHE = 1 };
enum vendor_cache_target { CACHELINE_ALL = 0, CACHELINE_UB = 1, CACHELINE_OUT = 2 };
void dcci(PORT_GM const void *line, enum vendor_cache_scope scope, enum vendor_cache_target target);
/* Waits for earlier accesses to the named memory. */
enum vendor_barrier_scope { DSB_ALL = 0, DSB_DDR = 1, DSB_UB = 2 };
void dsb(enum vendor_barrier_scope scope);

/* What st_atomic does: the operand's type in bits 0 to 2 (4: s32), the operation in bits 3 and 4 (0: sum). */
void set_st_atomic_cfg(uint64_t config);
#ifdef __cplusplus
template <typename T> void st_atomic(T value, PORT_GM T *to);
#else
void st_atomic(int32_t value, PORT_GM int32_t *to);
#endif

int64_t get_block_idx(void);
int64_t get_coreid(void);     /* physical number in the low 12 bits */
int64_t get_subblockid(void); /* 0 AIC or AIV0, 1 AIV1 */
uint64_t get_sys_cnt(void);   /* 100 to 200 ns */

#endif
