#include "scheduler.h"

uint32_t scheduler_count(uint32_t task_count, uint32_t aicpu_threads, uint32_t clusters)
{
    uint32_t n = task_count / TASKS_PER_SCHEDULER;
    if (n > aicpu_threads) n = aicpu_threads;
    if (n > clusters) n = clusters;
    return n ? n : 1;
}

void scheduler_init(struct scheduler *s, const struct run_control *control, const struct image_header *image,
                    uint32_t index, uint32_t count)
{
    uint32_t first = control->block_dim * index / count, end = control->block_dim * (index + 1) / count;
    /* All but the cores, of which only the partition's are touched. */
    memset(s, 0, offsetof(struct scheduler, core));
    s->control = control;
    s->head = workspace_head(control);
    s->board = (struct workspace_board *)(uintptr_t)(control->workspace + WORKSPACE_HEAD_SIZE);
    s->index = index;
    s->count = count;
    s->cluster_first = first;
    s->cluster_count = end - first;
    memset(s->core, 0, sizeof s->core[0] * CORE_SLOTS * s->cluster_count);
    s->reg_cond = control->reg_cond;
    s->reg_dmb = control->reg_dmb;
    s->ms_ticks = port_clock_hz() / 1000;
    s->limit_ticks = s->ms_ticks * control->scheduler_timeout_ms;
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        ready_init(&s->ready[shape]);
    for (int shape = 0; shape < SHAPE_DUMMY; shape++)
        s->claim[shape].slot = BOARD_NONE;
    s->kernels = (const struct kernel_entry *)(uintptr_t)control->kernels;
    s->state = (struct task_state *)(uintptr_t)(control->workspace +
                                                (uint64_t)WORKSPACE_SCHEDULER * (1 + control->aicpu_threads));
    if (image) {
        const char *base = (const char *)image;
        s->tasks = (const struct image_task *)(base + image->tasks_offset);
        s->ready_tasks = (const uint32_t *)(base + image->ready_offset);
        s->edges = (const uint32_t *)(base + image->edges_offset);
        s->payloads = control->image + image->payload_offset;
        s->task_count = image->task_count;
        s->edge_count = image->edge_count;
        s->ready_count = image->ready_count;
    }
    s->placed = count == 1 || s->task_count >= PLACE_TASKS;
    if (index == 0 && count > 1) board_init(s);
    struct workspace_peer *self = &s->head->peer[index];
    port_publish32(&self->agent, port_agent_self());
}

void scheduler_end(struct scheduler *s, enum run_code code, int64_t detail)
{
    uint32_t none = 0;
    if (!port_cas32(&s->head->end, &none, (uint32_t)code + 1)) return;
    s->head->end_detail = detail; /* read by the last thread out, which this one precedes */
    if (s->count > 1) port_kick(PORT_AGENT_ALL_AICPU);
}

/* Tasks completed by all schedulers, as far as they have told. */
static uint32_t completed_sum(const struct scheduler *s)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < s->count; i++)
        sum += port_observe32(&s->head->peer[i].completed);
    return sum;
}

bool scheduler_watch(struct scheduler *s, uint64_t limit_ticks, enum run_code on_limit, int64_t detail)
{
    if (scheduler_ended(s)) return true;
    uint64_t now = port_clock();
    if (s->moved || s->look_ticks == 0) {
        s->moved = false;
        s->moved_ticks = now;
    }
    if (now - s->look_ticks < s->ms_ticks) return false;
    s->look_ticks = now;

    struct run_command *command = (struct run_command *)(uintptr_t)s->control->command;
    if (command) {
        port_cache_invalidate(command, sizeof *command);
        if (port_observe32(&command->abort) != 0) {
            scheduler_end(s, RUN_ABORTED, s->index);
            return true;
        }
    }
    if (limit_ticks == 0 || now - s->moved_ticks < limit_ticks) return false;
    uint32_t sum = completed_sum(s);
    if (sum != s->moved_sum) {
        s->moved_sum = sum;
        s->moved_ticks = now;
        return false;
    }
    scheduler_end(s, on_limit, detail);
    return true;
}

/* Waits until all schedulers have initialised their part: what one wrote there, all may use. */
static void meet_peers(struct scheduler *s)
{
    if (s->count == 1) return;
    port_fetch_add32(&s->head->initialised, 1);
    port_kick(PORT_AGENT_ALL_AICPU);
    for (;;) {
        port_token token = port_wait_begin();
        if (port_observe32(&s->head->initialised) == s->count) break;
        /* Twice the limit: a peer that waits for a core has the better report, and its limit began about now. */
        if (scheduler_watch(s, 2 * s->limit_ticks, RUN_STALLED, s->index)) return;
        port_wait(token);
    }
}

/* This scheduler's share of the tasks that are ready from the start. */
static void deal_ready(struct scheduler *s)
{
    uint32_t begin = (uint32_t)((uint64_t)s->ready_count * s->index / s->count);
    uint32_t end = (uint32_t)((uint64_t)s->ready_count * (s->index + 1) / s->count);
    if (port_observe32(&s->head->source_tasks) != s->ready_count) {
        scheduler_end(s, RUN_BAD_IMAGE, offsetof(struct image_header, ready_count));
        return;
    }
    for (uint32_t i = begin; i < end; i++) {
        uint32_t task = s->ready_tasks[i];
        if (s->tasks[task].fanin != 0) {
            scheduler_end(s, RUN_BAD_IMAGE, task);
            return;
        }
        ready_push(&s->ready[s->tasks[task].shape], s->state, task);
    }
}

static bool has_ready(const struct scheduler *s)
{
    for (int shape = 0; shape < SHAPE_DUMMY; shape++)
        if (s->ready[shape].count || s->claim[shape].next < s->claim[shape].end) return true;
    return false;
}

/* Tells what this scheduler has completed, and ends the run when that was the last. */
static void tell_completed(struct scheduler *s)
{
    if (s->count == 1) {
        if (s->completed == s->task_count) scheduler_end(s, RUN_OK, 0);
        /* With one scheduler it is certain that nothing will move any more. */
        else if (s->busy_count == 0 && !has_ready(s))
            scheduler_end(s, RUN_STALLED, s->task_count - s->completed);
        return;
    }
    uint32_t untold = s->completed - s->completed_told;
    if (untold == 0) return;
    port_publish32(&s->head->peer[s->index].completed, s->completed);
    if (untold < 256 && (s->busy_count > 0 || has_ready(s))) return;
    s->completed_told = s->completed;
    if (port_fetch_add32(&s->head->completed, untold) + untold == s->task_count) scheduler_end(s, RUN_OK, 0);
}

/* Few tasks may still be much work: moves this scheduler and its cores when the run has taken long. The clock is read
 * in the first passes, because one pass runs all kernels of a round, and then in every 16th. */
static void place_late(struct scheduler *s, uint32_t passes)
{
    if (passes > 16 && passes % 16 != 0) return;
    if (port_clock() - s->ready_ticks < s->ms_ticks * PLACE_AFTER_US / 1000) return;
    s->placed = true;
    port_place(s->index, s->count);
    for (uint32_t i = 0; i < s->cluster_count * CORE_SLOTS; i++)
        if (s->core[i].phase != CORE_ABSENT) port_adopt_core(s->core[i].physical);
}

static void go_round(struct scheduler *s)
{
    uint32_t passes = 0;
    if (s->task_count == 0) scheduler_end(s, RUN_OK, 0);
    for (;;) {
#if defined(NPURT_VALIDATE)
        if (passes % 64 == 0 && scheduler_validate(s)) scheduler_end(s, RUN_STALLED, INT64_MIN);
#endif
        port_token token = port_wait_begin();
        uint64_t before = s->dispatches + s->completed;
        if (scheduler_ended(s)) return;
        if (s->count > 1) balance_take(s);
        if (s->busy_count) completion_poll(s);
        dispatch_ready(s);
        bool again = s->count > 1 && balance_share(s);
        dispatch_stage(s);
        tell_completed(s);
        bool moved = s->dispatches + s->completed != before;
        s->moved |= moved;
        if ((++passes % 1024 == 0 || !moved) &&
            scheduler_watch(s, s->limit_ticks, RUN_STALLED, s->task_count - s->completed))
            return;
        if (!s->placed) place_late(s, passes);
        /* A lone scheduler that has just ended the run kicked nobody, itself included. */
        if (!again && !scheduler_ended(s)) port_wait(token);
    }
}

void scheduler_run(struct scheduler *s)
{
    if (!scheduler_ended(s)) image_check_range(s);
    handshake_cores(s);
    s->ready_ticks = port_clock();
    meet_peers(s);
    if (!scheduler_ended(s)) {
        s->spmd = s->count > 1 && port_observe32(&s->head->spmd_tasks) > 0;
        deal_ready(s);
        s->look_ticks = 0;
        go_round(s);
    }
    drain_cores(s);
}
