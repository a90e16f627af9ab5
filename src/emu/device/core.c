#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch.h"
#include "loader.h"
#include "plan.h"
#include "simulation.h"

enum { SUB_SHIFT = 20, WINDOWS = 512, SUBS = 3 };

typedef void (*core_entry)(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);

struct kernel {
    core_entry entry[2]; /* aic, aiv */
    char name[2][96];    /* kept for as long as an entry may run */
    const char *missing; /* the name that the program has not */
};

struct program {
    void *handle;
    uint32_t launches; /* that use it */
    bool unloaded;
    char problem[200];
    struct kernel *kernel[EMU_MAX_KERNELS]; /* NULL: not told of */
};

struct core_registers core_registers[ENGINE_MAX_SUBCORES];
uint32_t core_offset_dmb, core_offset_doorbell, core_offset_cond, core_offset_fast_path;

static uint16_t window[WINDOWS]; /* window index → sub-core, UINT16_MAX none */
static struct cluster {
    uint16_t core[SUBS]; /* AIC, AIV0, AIV1 */
    uint16_t busy;       /* bits of them */
} cluster[ENGINE_MAX_SUBCORES / SUBS];
static uint32_t cluster_count;
static uint16_t core_cluster[ENGINE_MAX_SUBCORES];
static bool core_aic[ENGINE_MAX_SUBCORES];

static struct program **programs;
static uint32_t program_count;
static struct launch_queue queue;

bool core_is_aic(uint32_t core)
{
    return core < ENGINE_MAX_SUBCORES && core_aic[core];
}

struct core_registers *core_of_base(uint64_t base)
{
    uint64_t index = (base - EMU_REG_WINDOWS) >> SUB_SHIFT;

    if (__builtin_expect(index >= WINDOWS || window[index] == UINT16_MAX, 0)) return NULL;
    return &core_registers[window[index]];
}

/* The windows say which sub-cores make a cluster: 1 MiB apart, one stride from cluster to cluster. */
void core_init(const struct emu_machine *machine)
{
    uint32_t subcores = emu_machine_subcores(machine);
    struct cluster physical[ENGINE_MAX_SUBCORES / SUBS];

    core_offset_dmb = machine->reg_dmb;
    core_offset_doorbell = machine->reg_dmb + (uint32_t)sizeof(uint32_t); /* the register has 64 bits */
    core_offset_cond = machine->reg_cond;
    core_offset_fast_path = machine->reg_fast_path;
    memset(window, 0xff, sizeof window);
    memset(core_cluster, 0xff, sizeof core_cluster);
    for (uint32_t core = 0; core < subcores; core++) {
        uint64_t offset = emu_machine_reg_base(machine, core) - EMU_REG_WINDOWS;
        uint64_t at = offset / machine->reg_core_stride, sub = offset % machine->reg_core_stride >> SUB_SHIFT;
        if (at >= machine->physical_clusters || sub >= SUBS || offset >> SUB_SHIFT >= WINDOWS) {
            fprintf(stderr, "npuemu: sub-core %u of this machine has no place for its window\n", core);
            _Exit(70);
        }
        core_registers[core].core = core;
        core_aic[core] = sub == 0;
        physical[at].core[sub] = (uint16_t)core;
        if (at != machine->absent_cluster) window[offset >> SUB_SHIFT] = (uint16_t)core;
    }
    for (uint32_t at = 0; at < machine->physical_clusters && cluster_count < machine->clusters; at++) {
        if (at == machine->absent_cluster) continue;
        for (uint32_t sub = 0; sub < SUBS; sub++)
            core_cluster[physical[at].core[sub]] = (uint16_t)cluster_count;
        cluster[cluster_count] = physical[at];
        cluster[cluster_count++].busy = 0;
    }
}

/* ---- programs ------------------------------------------------------------------------------------------------------
 */

static void program_destroy(struct program *program)
{
    if (program->handle) loader_close(program->handle);
    for (uint32_t i = 0; i < EMU_MAX_KERNELS; i++)
        free(program->kernel[i]);
    free(program);
}

void core_program_load(uint32_t handle, const struct emu_program *description)
{
    struct program *program = calloc(1, sizeof *program);

    if (!program) abort();
    if (handle >= program_count) {
        uint32_t count = handle + 64;
        programs = realloc(programs, count * sizeof *programs);
        if (!programs) abort();
        memset(programs + program_count, 0, (count - program_count) * sizeof *programs);
        program_count = count;
    }
    if (programs[handle]) core_program_unload(handle);
    programs[handle] = program;
    program->handle = loader_open_bytes("aicore-program", (const void *)(uintptr_t)description->address,
                                        description->size, program->problem, sizeof program->problem);
    /* the first launch tells what is wrong */
}

void core_program_kernel(uint32_t handle, uint32_t index, const struct emu_kernel *names)
{
    struct program *program = handle < program_count ? programs[handle] : NULL;
    struct kernel *kernel;

    if (!program || !program->handle || index >= EMU_MAX_KERNELS || program->kernel[index]) return;
    kernel = program->kernel[index] = calloc(1, sizeof *kernel);
    if (!kernel) abort();
    for (int half = 0; half < 2; half++) {
        const char *name = half ? names->aiv : names->aic;
        if (!*name) continue;
        memcpy(kernel->name[half], name, sizeof kernel->name[half] - 1);
        kernel->entry[half] = (core_entry)loader_symbol(program->handle, kernel->name[half]);
        if (!kernel->entry[half]) kernel->missing = kernel->name[half];
    }
}

void core_program_unload(uint32_t handle)
{
    struct program *program = handle < program_count ? programs[handle] : NULL;

    if (!program) return;
    programs[handle] = NULL;
    program->unloaded = true;
    if (program->launches == 0) program_destroy(program);
}

/* ---- launches ------------------------------------------------------------------------------------------------------
 */

static const struct kernel *kernel_of(const struct launch *launch)
{
    return launch->program->kernel[launch->kernel];
}

bool core_is_vector(const struct launch *launch)
{
    return launch->kind == LAUNCH_CORE && launch->program && kernel_of(launch) && !kernel_of(launch)->entry[0];
}

static void run_core(struct agent *self)
{
    struct launch *launch = self->launch;
    uint64_t a[6] = {0};
    size_t size = launch->args_size < sizeof a ? launch->args_size & ~(size_t)7 : sizeof a;

    plan_core(self);
    memcpy(a, launch->args, size);
    kernel_of(launch)->entry[core_aic[self->core] ? 0 : 1](a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- where a block runs: on an AIC, on one AIV, or, when the kernel has both halves, on a whole cluster -------------
 */

enum { AIC = 1, AIV0 = 2, AIV1 = 4, PLACES = 2 /* in a cluster, at most */ };

/* The sub-cores that a block takes at this place of a cluster; 0: it has no such place. */
static uint16_t place_of(const struct kernel *kernel, uint32_t place)
{
    if (!kernel->entry[0]) return place ? AIV1 : AIV0;
    if (place) return 0;
    return kernel->entry[1] ? AIC | AIV0 | AIV1 : AIC;
}

static bool is_free(const struct cluster *on, uint16_t place)
{
    return place && !(on->busy & place);
}

static uint32_t free_places(const struct kernel *kernel)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < cluster_count; i++)
        for (uint32_t place = 0; place < PLACES; place++)
            count += is_free(&cluster[i], place_of(kernel, place));
    return count;
}

static void start_block(struct launch *launch, struct cluster *on, uint16_t place, uint32_t block)
{
    for (uint32_t sub = 0; sub < SUBS; sub++) {
        struct core_registers *registers = &core_registers[on->core[sub]];
        struct agent *agent = &engine_cores[on->core[sub]];
        if (!(place & 1u << sub)) continue;
        atomic_store_explicit(&registers->dmb, 0, memory_order_relaxed);
        atomic_store_explicit(&registers->doorbell, 0, memory_order_relaxed);
        atomic_store_explicit(&registers->cond, 0, memory_order_relaxed);
        atomic_store_explicit(&registers->fast_path, 0, memory_order_relaxed);
        atomic_store_explicit(&registers->owner, NULL, memory_order_relaxed);
        if (simulation_on) simulation_registers_reset(on->core[sub]);
        agent->block = block;
        agent->sub_block = place & AIC && sub == 2;
        on->busy |= (uint16_t)(1u << sub);
        launch_start_agent(launch, agent, run_core);
    }
}

uint64_t core_program_entry(const struct launch *launch)
{
    const core_entry *entry = kernel_of(launch)->entry;

    return (uint64_t)(uintptr_t)(entry[0] ? entry[0] : entry[1]);
}

void core_withdraw(struct launch *launch)
{
    launch_queue_remove(&queue, launch);
}

static void end(struct launch *launch)
{
    struct program *program = launch->program;

    launch_finish(launch);
    if (program && --program->launches == 0 && program->unloaded) program_destroy(program);
}

static void start_blocks(void)
{
    while (queue.first) {
        struct launch *launch = queue.first;
        uint32_t left = launch->blocks - launch->next_block;
        if (left == 0) {
            launch_queue_remove(&queue, launch);
            if (launch->running == 0) end(launch);
            continue;
        }
        const struct kernel *kernel = kernel_of(launch);
        const uint32_t places = free_places(kernel);
        if (places == 0 || (launch->batch && places < left)) return;
        for (uint32_t i = 0; i < cluster_count; i++)
            for (uint32_t at = 0; at < PLACES && launch->next_block < launch->blocks; at++) {
                const uint16_t place = place_of(kernel, at);
                if (is_free(&cluster[i], place)) start_block(launch, &cluster[i], place, launch->next_block++);
            }
        if (launch->next_block == launch->blocks) launch_queue_remove(&queue, launch);
    }
}

void core_begin(struct launch *launch, const struct emu_command *command)
{
    struct program *program = command->handle < program_count ? programs[command->handle] : NULL;
    const struct kernel *kernel =
        program && program->handle && launch->kernel < EMU_MAX_KERNELS ? program->kernel[launch->kernel] : NULL;

    launch->program = program;
    if (program) program->launches++;
    if (!kernel || kernel->missing) {
        launch_fail(launch, LAUNCH_INTERNAL, -1, "AICore program %u cannot be launched: %s%s", command->handle,
                    !program              ? "it is not loaded"
                    : program->problem[0] ? program->problem
                    : kernel              ? "it has no symbol "
                                          : "it has no such kernel",
                    kernel ? kernel->missing : "");
        end(launch);
        return;
    }
    launch_queue_push(&queue, launch);
    start_blocks();
}

void core_agent_ended(struct launch *launch, struct agent *agent)
{
    struct cluster *on = &cluster[core_cluster[agent->core]];

    for (uint32_t sub = 0; sub < SUBS; sub++)
        if (on->core[sub] == agent->core) on->busy &= (uint16_t) ~(1u << sub);
    if (launch->running == 0 && !launch->queued) end(launch);
    start_blocks();
}
