/* Adoption: every core of the partition says hello in its line, its scheduler answers in the welcome line and by
 * storing IDLE to DATA_MAIN_BASE, which orders the line before it. No answer of the core is waited for: a task number
 * stored over IDLE before the core has looked serves as well. */
#include "scheduler.h"

/* Launch index of a core: AICs first, then the AIVs of cluster 0, 1, … in pairs. */
static uint32_t core_index(const struct scheduler *s, uint32_t cluster, unsigned slot)
{
    cluster += s->cluster_first;
    return slot == 0 ? cluster : s->control->block_dim + 2 * cluster + (slot - 1);
}

/* RUN_OK, or what is wrong with what the core says of itself. */
static enum run_code check_hello(const struct scheduler *s, const struct core_hello *hello, unsigned slot)
{
    const uint64_t *registers = (const uint64_t *)(uintptr_t)s->control->regs;
    if (hello->protocol_version != PROTOCOL_VERSION) return RUN_BAD_PROTOCOL;
    if (hello->physical_core >= s->control->physical_cores || registers[hello->physical_core] == 0) return RUN_BAD_CORE;
    if (hello->core_type != (slot == 0 ? 0u : 1u)) return RUN_BAD_CORE; /* npurt_core */
    return RUN_OK;
}

static void adopt(struct scheduler *s, const struct core_hello *hello, uint32_t cluster, unsigned slot)
{
    const struct run_control *control = s->control;
    struct core_state *core = &s->core[cluster * CORE_SLOTS + slot];
    uint32_t index = core_index(s, cluster, slot);
    struct core_welcome *welcome = (struct core_welcome *)(uintptr_t)control->welcome + index;

    core->registers = ((const uint64_t *)(uintptr_t)control->regs)[hello->physical_core];
    core->payload = (struct dispatch_payload *)(uintptr_t)control->payload + 2 * (uint64_t)index;
    core->record = recorder_adopt(s, index);
    core->physical = hello->physical_core;
    core->next_number = DISPATCH_NUMBER_FIRST;
    core->phase = CORE_IDLE;
    s->idle[slot].word[cluster / 64] |= UINT64_C(1) << cluster % 64;

    if (control->reg_fast_path) {
        port_reg_store(core->registers, control->reg_fast_path, FAST_PATH_OPEN);
        s->stores++;
    }
    port_adopt_core(core->physical);
    welcome->payload = (uintptr_t)core->payload;
    port_publish32(&welcome->run_number, control->run_number);
    /* What a launch leaves in the doorbell is not known: no gate may be found open. */
    port_reg_store(core->registers, control->reg_dmb + DMB_DOORBELL, 0);
    port_reg_store(core->registers, control->reg_dmb, DMB_IDLE);
    s->stores += 2;
}

/* True when the core has said hello: it is then adopted, or refused, which ends the run. */
static bool try_adopt(struct scheduler *s, uint32_t cluster, unsigned slot)
{
    uint32_t index = core_index(s, cluster, slot);
    const struct core_hello *hello = (const struct core_hello *)(uintptr_t)s->control->hello + index;
    if (port_observe32(&hello->run_number) != s->control->run_number) return false;
    enum run_code code = check_hello(s, hello, slot);
    if (code == RUN_OK) {
        adopt(s, hello, cluster, slot);
    } else {
        s->core[cluster * CORE_SLOTS + slot].phase = CORE_REFUSED;
        scheduler_end(s, code, index);
    }
    return true;
}

/* A run that has ended for another reason still waits for its cores, to send them home: one that comes later would stay in
 * its loop for ever. Not when they do not come, nor for longer than the host, which may have seen a core fail, allows. */
static bool gives_up(struct scheduler *s, uint32_t missing, uint64_t *ended)
{
    uint32_t index = core_index(s, missing / CORE_SLOTS, missing % CORE_SLOTS);
    if (!scheduler_watch(s, s->limit_ticks, RUN_HANDSHAKE_TIMEOUT, index)) return false;
    const uint64_t now = port_clock();
    if (*ended == 0) *ended = now;
    const uint32_t end = port_observe32(&s->head->end);
    if (end == RUN_HANDSHAKE_TIMEOUT + 1) return true;
    if (end == RUN_ABORTED + 1) return now - *ended >= scheduler_abort_grace(s);
    return s->limit_ticks != 0 && now - *ended > s->limit_ticks;
}

void handshake_cores(struct scheduler *s)
{
    uint32_t cores = s->cluster_count * CORE_SLOTS, met = 0;
    uint64_t ended = 0; /* when the run was first seen to have ended */
    s->look_ticks = 0;
    port_cache_invalidate((const void *)(uintptr_t)s->control->regs, s->control->physical_cores * sizeof(uint64_t));
    for (uint32_t first = 0; met < cores;) {
        port_token token = port_wait_begin();
        uint32_t before = met, missing = cores;
        for (uint32_t i = first; i < cores; i++) {
            if (s->core[i].phase != CORE_ABSENT) continue;
            if (try_adopt(s, i / CORE_SLOTS, i % CORE_SLOTS))
                met++;
            else if (missing == cores)
                missing = i;
        }
        if (met == cores) break;
        first = missing; /* all below it have been met */
        s->moved |= met != before;
        if (gives_up(s, missing, &ended)) break;
        port_wait(token);
    }
    for (uint32_t i = 0; i < cores; i++)
        if (s->core[i].phase == CORE_REFUSED) s->core[i].phase = CORE_ABSENT;
}
