/* A machine: everything that tells one emulated card from another. Made from a string, so that tests run machines nobody
 * owns: NAME[:DIE][?KEY=VALUE[&KEY=VALUE…]] with NAME a2, a3 or a5. Shared by libnpuemu and the device process. */
#ifndef NPUEMU_MACHINE_H
#define NPUEMU_MACHINE_H

#include <stddef.h>
#include <stdint.h>
#include "fault_plan.h"

enum emu_generation { EMU_A2 = 2, EMU_A3 = 3, EMU_A5 = 5 };
enum emu_engine { EMU_ENGINE_FIBER = 0, EMU_ENGINE_THREAD = 1 };
enum emu_mode { EMU_MODE_FREE = 0, EMU_MODE_TIMED = 1, EMU_MODE_EXPLORE = 2 };

enum { EMU_PCT_MOST = 64 };

/* Latencies of timed mode, nanoseconds; sources in docs/reference/machine.md. */
struct emu_latency {
    uint32_t reg_load;          /* AICPU load of a core register: 95 */
    uint32_t reg_store;         /* posted: 5 */
    uint32_t dmb_visible;       /* store → the core sees it: 140 */
    uint32_t cond_visible_min;  /* COND → an AICPU load sees it: 180 */
    uint32_t cond_visible_max;  /* 2020; the average is near 600 */
    uint32_t core_cond_store;   /* 8 */
    uint32_t core_dmb_load;     /* 10 */
    uint32_t shared_load;       /* AICPU word, cached or moved: 3 … 41 */
    uint32_t shared_load_moved;
    uint32_t shared_store;      /* 5 */
    uint32_t core_gm_publish;   /* store + dcci: 150 … 300 */
    uint32_t core_task_setup;   /* receive → start: 349 */
    uint32_t kernel_default;    /* duration of a kernel that states none: 1000 */
    uint32_t aicpu_step;        /* AICPU code between two port calls: 15 */
    uint32_t launch;            /* host call → task visible to the device: 5000 */
};

struct emu_machine {
    char name[16];              /* "a5" */
    char soc[48];               /* what aclrtGetSocName answers */
    uint32_t generation;        /* enum emu_generation */
    uint32_t dies;              /* device ids of one card: a3 2, else 1 */
    uint32_t die;               /* which one the string named */
    uint32_t clusters;          /* usable, 1 AIC + 2 AIV each */
    uint32_t physical_clusters; /* windows in silicon: a2, a3 25; a5 36 */
    uint32_t absent_cluster;    /* index of the fused-off one, or UINT32_MAX */
    uint32_t aicpu_occupy;      /* device-side OCCUPY mask */
    uint32_t aicpu_occupy_host; /* as the host's query sees it */
    uint32_t aicpu_nominal;     /* rtGetAiCpuCount */
    uint64_t hbm;               /* bytes, total as the card reports it */
    uint64_t counter_hz;
    uint32_t reg_dmb, reg_cond, reg_fast_path;
    uint64_t reg_core_stride;   /* a2, a3: 8 MiB; a5: 3 MiB */
    uint32_t engine, mode;      /* enum emu_engine, enum emu_mode */
    uint32_t pct_depth;         /* explore mode: 0: each order of steps as likely as any other; else PCT of that depth */
    uint64_t seed;
    uint32_t carriers;          /* host threads of the fiber engine, 0: one per CPU */
    uint32_t core_fault_poisons;/* a kernel that faults on a core: 0: its stream goes on; 1: the device is poisoned */
    char card[32];              /* card=NAME: shared by the processes of a user; empty: this process has its own */
    struct emu_latency latency;
    struct fault_plan faults;   /* what shall go wrong; drawn already when the string says random */
};

/* Parses `text`. 0, or -1 with a sentence in problem[problem_size] that names the word that is wrong. Keys: hbm (bytes,
 * KiB, MiB, GiB), clusters, aicpus, engine (fiber, thread), mode (free, timed, explore), explore (uniform, pct:D; selects
 * explore mode), seed (any number selects timed mode unless the mode is given), carriers, core_fault (goes-on, poisons),
 * card, faults (fault_plan.h). */
int emu_machine_parse(const char *text, struct emu_machine *machine, char *problem, size_t problem_size);

/* Physical sub-cores: a2, a3: 25 AIC then 50 AIV; a5: per die 18 AIC then 36 AIV. Register window of sub-core i. The
 * usable clusters are the first `clusters` physical ones, not counting absent_cluster. */
uint32_t emu_machine_subcores(const struct emu_machine *machine);
uint64_t emu_machine_reg_base(const struct emu_machine *machine, uint32_t subcore);

/* Most HBM of one device: half of the range that plain, ASan and TSan processes all leave free. */
#define EMU_HBM_MOST (UINT64_C(256) << 30)

/* Where the register windows lie in the device process. */
#define EMU_REG_WINDOWS UINT64_C(0x7ef800000000)

#endif
