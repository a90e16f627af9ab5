/* The end of a partition: EXIT to every adopted core, at once, whether it is idle or not. A core that runs a kernel
 * reads EXIT after it; a number stored before and not yet taken is lost with its task, which is what stopping means.
 * Then the cores' EXITED is waited for: a core that ran a kernel gets the grace that the cause of the end allows, and
 * is a suspect when that has passed; a core that had nothing to do gets the exit limit.
 *
 * A core that waits at a gate sees EXIT there.
 *
 * Blocks that started together may be waiting for each other, and none of them may be lost: their cores get EXIT when they
 * have taken the number. */
#include "scheduler.h"

static uint64_t grace_ticks(const struct scheduler *s, enum run_code code, uint64_t exit_ticks)
{
    if (code == RUN_ABORTED) return scheduler_abort_grace(s);
    if (code == RUN_STALLED || code == RUN_KERNEL_STUCK) return 0;
    return exit_ticks;
}

static void note_suspect(struct scheduler *s, const struct core_state *core, unsigned slot)
{
    const struct core_work *work = &core->work[0];
    const struct image_task *t = &s->tasks[work->task];
    unsigned task_slot = t->shape == SHAPE_MIX ? slot : (unsigned)__builtin_ctz(t->core_mask);
    if (s->suspect_count++ >= RUN_MAX_SUSPECTS) return;
    s->suspect[s->suspect_count - 1] = (struct run_suspect){
        .task = scheduler_task_name(s, work->task),
        .block = work->block,
        .physical_core = (int32_t)core->physical,
        .acknowledged = core->phase != CORE_SENT,
        .kernel = t->kernel[task_slot],
        .core_type = slot == 0 ? 0 : 1,
    };
}

/* One load. True when the core has left its loop. */
static bool look(struct scheduler *s, struct core_state *core)
{
    struct core_work ended[2];
    uint32_t cond = port_reg_load(core->registers, s->reg_cond);
    s->loads++;
    if (cond == COND_EXITED) return true;
    recorder_ended(core, ended, core_observe(core, cond, ended), s->stamp);
    return false;
}

static void release_core(struct scheduler *s, struct core_state *core)
{
    core->phase = CORE_ABSENT;
    if (!s->control->reg_fast_path) return;
    port_reg_store(core->registers, s->control->reg_fast_path, FAST_PATH_CLOSE);
    s->stores++;
}

/* The core was sent a block of those that start together, and has not taken it. */
static bool must_take(const struct scheduler *s, const struct core_state *core)
{
    return core->phase == CORE_SENT && (s->tasks[core->work[0].task].flags & IMAGE_SYNC_START);
}

static void send_exit(struct scheduler *s, struct core_state *core)
{
    port_reg_store(core->registers, s->reg_dmb, DMB_EXIT);
    s->stores++;
}

void drain_cores(struct scheduler *s)
{
    uint32_t cores = s->cluster_count * CORE_SLOTS, left = 0;
    recorder_stage(s, RECORD_DRAINING);
    if (port_observe32(&s->head->end) != RUN_OK + 1) {
        recorder_tell(s); /* before phases are lost to the draining */
        if (s->condition.code == 0) s->condition = s->record->condition;
    }
    sync_end(s);
    for (uint32_t i = 0; i < cores; i++) {
        if (s->core[i].phase == CORE_ABSENT) continue;
        if (!must_take(s, &s->core[i])) send_exit(s, &s->core[i]);
        left++;
    }
    if (left == 0) return;

    enum run_code code = (enum run_code)(port_observe32(&s->head->end) - 1);
    uint64_t exit_ticks = EXIT_LIMIT_MS * s->ms_ticks, began = port_clock();
    if (exit_ticks < s->limit_ticks) exit_ticks = s->limit_ticks;
    uint64_t grace = grace_ticks(s, code, exit_ticks);
    while (left > 0) {
        port_token token = port_wait_begin();
        uint32_t before = left;
        uint64_t waited = port_clock() - began;
        for (uint32_t i = 0; i < cores; i++) {
            struct core_state *core = &s->core[i];
            if (core->phase == CORE_ABSENT) continue;
            bool untaken = must_take(s, core);
            if (look(s, core)) {
                release_core(s, core);
                left--;
            } else if (core->phase != CORE_IDLE && waited >= grace &&
                       !(core->phase == CORE_SENT && gate_is_shut(s, core))) {
                note_suspect(s, core, i % CORE_SLOTS);
                if (untaken) send_exit(s, core);
                core->phase = CORE_ABSENT;
                left--;
            } else if (untaken && !must_take(s, core)) {
                send_exit(s, core);
            } else if (waited >= exit_ticks) {
                s->exit_late = true;
                s->exit_late_core = core->physical;
                core->phase = CORE_ABSENT;
                left--;
            }
        }
        if (left == before) port_wait(token);
    }
    if (s->exit_late && code == RUN_OK) recorder_tell(s);
    if (code != RUN_OK) recorder_clean(s);
}
