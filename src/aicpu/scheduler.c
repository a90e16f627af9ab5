#include "pace.h"
#include "shelf.h"

uint32_t scheduler_count(uint32_t task_count, uint32_t aicpu_threads, uint32_t clusters)
{
    uint32_t n = task_count / TASKS_PER_SCHEDULER;
    if (n > aicpu_threads) n = aicpu_threads;
    if (n > clusters) n = clusters;
    return n ? n : 1;
}

void scheduler_init(struct scheduler *s, const struct run_control *control, uint32_t index, uint32_t count)
{
    uint32_t first = control->block_dim * index / count, end = control->block_dim * (index + 1) / count;
    /* All but the cores, of which only the partition's are touched. */
    memset(s, 0, offsetof(struct scheduler, core));
    s->control = control;
    s->head = workspace_head(control);
    s->board = (struct workspace_board *)(uintptr_t)(control->workspace + WORKSPACE_HEAD_SIZE);
    s->index = index;
    s->count = count;
    s->clusters = control->block_dim;
    s->cluster_first = first;
    s->cluster_count = end - first;
    memset(s->core, 0, sizeof s->core[0] * CORE_SLOTS * s->cluster_count);
    s->reg_cond = control->reg_cond;
    s->reg_dmb = control->reg_dmb;
    s->ms_ticks = port_clock_hz() / 1000;
    s->quick_ticks = pace_ticks(s->ms_ticks * PACE_QUICK_US / 1000);
    s->limit_ticks = s->ms_ticks * control->scheduler_timeout_ms;
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        ready_init(&s->ready[shape]);
    ready_init(&s->sync_ready);
    for (int shape = 0; shape < SHAPE_DUMMY; shape++)
        s->claim[shape].slot = BOARD_NONE;
    s->record = (struct scheduler_record *)(uintptr_t)(control->records + index * sizeof(struct scheduler_record));
    s->kernels = (const struct kernel_entry *)(uintptr_t)control->kernels;
    s->placed = count == 1;
    s->predicate_task = -1;
    if (index == 0 && count > 1) board_init(s);
    struct workspace_peer *self = &s->head->peer[index];
    port_publish32(&self->agent, port_agent_self());
}

void scheduler_use_image(struct scheduler *s, const struct image_header *image)
{
    const struct run_control *control = s->control;
    const char *base = (const char *)image;
    s->state =
        (struct task_state *)(uintptr_t)(control->workspace + record_states_offset(control->aicpu_threads));
    s->tasks = (const struct image_task *)(base + image->tasks_offset);
    s->ready_tasks = (const uint32_t *)(base + image->ready_offset);
    s->edges = (const uint32_t *)(base + image->edges_offset);
    s->payloads = control->image + image->payload_offset;
    s->task_count = image->task_count;
    s->join_count = image->join_count;
    s->edge_count = image->edge_count;
    s->ready_count = image->ready_count;
    if (image->gated_count > 0) {
        s->gates = (struct task_gate *)((char *)s->state + image_states_size(image->task_count));
        s->gating = workspace_gating(control);
        s->gated = true;
        if (s->index == 0) gating_init(s->gating);
    }
    if (s->task_count >= PLACE_TASKS) s->placed = true;
}

void scheduler_use_stream(struct scheduler *s, const struct stream_control *stream)
{
    const struct stream_layout layout = stream_layout_of(stream);
    _Static_assert(STREAM_RINGS * STREAM_WINDOW_MAX <= SHELF_TASKS, "a slot is a number on a shelf");
    _Static_assert(SHELF_TASKS < INBOX_CALL, "and in an inbox");
    _Static_assert(sizeof(struct task_state) <= STREAM_STATE, "a slot's part of the engine's memory");
    const char *base = (const char *)(uintptr_t)stream->engine;
    s->state = (struct task_state *)(uintptr_t)(base + layout.state);
    s->tasks = (const struct image_task *)(base + layout.tasks);
    s->words = (struct stream_words *)(uintptr_t)(base + layout.words);
    s->edge_nodes = (struct stream_edge *)(uintptr_t)(base + layout.edges);
    s->gates = (struct task_gate *)(uintptr_t)(base + layout.gates);
    s->gating = workspace_gating(s->control);
    s->payloads = stream->engine + layout.payload;
    s->stream_result = (const struct stream_result *)(uintptr_t)stream->result;
    s->task_count = layout.slots;
    port_cache_invalidate(s->kernels, (size_t)s->control->kernel_count * sizeof *s->kernels);
}

static bool end_once(struct workspace_head *head, enum run_code code, int64_t detail)
{
    uint32_t none = 0;
    if (!port_cas32(&head->end, &none, (uint32_t)code + 1)) return false;
    head->end_detail = detail; /* read by the last thread out, which this one precedes */
    return true;
}

void run_end(struct workspace_head *head, enum run_code code, int64_t detail)
{
    if (end_once(head, code, detail)) port_kick(PORT_AGENT_ALL_AICPU);
}

void scheduler_end(struct scheduler *s, enum run_code code, int64_t detail)
{
    if (end_once(s->head, code, detail) && (s->count > 1 || s->words)) port_kick(PORT_AGENT_ALL_AICPU);
}

/* Tasks completed by all schedulers, as far as they have told, submitted by the orchestrator, and conditions that held. */
static uint32_t progress_sum(const struct scheduler *s)
{
    uint32_t sum = port_observe32(&s->head->met) + (s->words ? port_observe32(&s->head->submitted) : 0);
    for (uint32_t i = 0; i < s->count; i++)
        sum += port_observe32(&s->head->peer[i].completed);
    return sum;
}

/* Cores and schedulers are ready, and there is nothing to schedule yet: the orchestrator makes the engine and loads the
 * orchestration, which takes as long as it takes. */
static bool is_loading(const struct scheduler *s)
{
    return s->words && s->passes > 0 && port_observe32(&s->head->building) == 0;
}

bool scheduler_watch(struct scheduler *s, uint64_t limit_ticks, enum run_code on_limit, int64_t detail)
{
    if (scheduler_ended(s)) return true;
    uint64_t now = port_clock();
    s->stamp = record_stamp(now);
    if (s->moved || s->look_ticks == 0) {
        s->moved = false;
        s->moved_ticks = now;
    }
    if (now - s->look_ticks < s->ms_ticks) return false;
    s->look_ticks = now;

    if (port_observe32(&s->head->stray) != 0) {
        scheduler_end(s, RUN_BAD_CONDITION, 0); /* which one: result.c */
        return true;
    }
    struct run_command *command = (struct run_command *)(uintptr_t)s->control->command;
    if (command) {
        port_cache_invalidate(command, sizeof *command);
        if (port_observe32(&command->abort) != 0) {
            scheduler_end(s, RUN_ABORTED, s->index);
            return true;
        }
        uint32_t look = port_observe32(&command->look);
        if (look != s->look) {
            s->look = look;
            recorder_tell(s);
        }
    }
    uint32_t sum = progress_sum(s);
    if (sum != s->moved_sum || is_loading(s)) {
        s->moved_sum = sum;
        s->moved_ticks = now;
        return false;
    }
    if (limit_ticks == 0 || now - s->moved_ticks < limit_ticks) return false;
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
        scheduler_ready(s, task);
    }
}

static bool has_ready(const struct scheduler *s)
{
    for (int shape = 0; shape < SHAPE_DUMMY; shape++)
        if (dispatch_has_work(s, (enum image_shape)shape)) return true;
    return s->sync_ready.count > 0 || s->held_count > 0;
}

/* Tells what this scheduler has completed, and ends the run when that was the last. In a run that streams the
 * orchestrator takes the number of tasks off when it knows it, so that the sum is 0 in the end; it never is before. */
static void tell_completed(struct scheduler *s)
{
    if (s->count == 1 && !s->words) {
        if (s->completed == s->task_count) scheduler_end(s, RUN_OK, 0);
        /* With one scheduler it is certain that nothing will move any more, unless a counter may change. */
        else if (s->busy_count == 0 && s->waiting_count == 0 && !has_ready(s))
            scheduler_end(s, RUN_STALLED, s->task_count - s->completed);
        return;
    }
    uint32_t untold = s->completed - s->completed_told;
    if (untold == 0) return;
    port_publish32(&s->head->peer[s->index].completed, s->completed);
    if (untold < 256 && (s->busy_count > 0 || has_ready(s))) return;
    s->completed_told = s->completed;
    uint32_t last = s->words ? 0 : s->task_count;
    if (port_fetch_add32(&s->head->completed, untold) + untold == last) scheduler_end(s, RUN_OK, 0);
}

/* Few tasks may still be much work: moves this scheduler and its cores when the run has taken long. The clock is read
 * in the first passes, because one pass runs all kernels of a round, and then in every 16th. */
static void place_late(struct scheduler *s)
{
    if (s->passes > 16 && s->passes % 16 != 0) return;
    if (port_clock() - s->ready_ticks < s->ms_ticks * PLACE_AFTER_US / 1000) return;
    s->placed = true;
    port_place(s->index, s->count);
    for (uint32_t i = 0; i < s->cluster_count * CORE_SLOTS; i++)
        if (s->core[i].phase != CORE_ABSENT) port_adopt_core(s->core[i].physical);
}

/* Whoever completes something while the orchestrator waits for room wakes it. By addition, so that of this look and the
 * orchestrator's exchange the later one sees what was written before the earlier. */
static void wake_orchestrator(struct scheduler *s)
{
    if (port_fetch_add32(&s->head->orchestrator_waits, 0) != 0) port_kick(port_observe32(&s->head->orchestrator_agent));
}

void scheduler_learn_kinds(struct scheduler *s)
{
    if (!s->words) return; /* an image says it from the start */
    if (s->count > 1 && !s->spmd) s->spmd = port_observe32(&s->head->spmd_tasks) != 0;
    if (!s->sync) s->sync = port_observe32(&s->head->sync_tasks) != 0;
    if (!s->gated) s->gated = port_observe32(&s->head->gated_tasks) != 0;
}

enum scheduler_pass scheduler_pass(struct scheduler *s)
{
#if defined(NPURT_VALIDATE)
    if (s->passes % 64 == 0 && scheduler_validate(s)) scheduler_end(s, RUN_STALLED, INT64_MIN);
#endif
    const uint64_t dispatches = s->dispatches;
    const uint32_t completed = s->completed;
    const bool peers = s->count > 1 || s->words;
    if (scheduler_ended(s)) return PASS_ENDED;
    /* A round of looks at conditions, of as many passes as it takes, listens for kicks from its beginning. */
    const bool begins = s->looks_due == 0;
    if (begins) s->token = port_wait_begin();
    pace_look(s);
    if (peers) balance_take(s);
    scheduler_learn_kinds(s);
    if (s->shut_count) gate_look(s);
    if (s->busy_count) completion_poll(s);
    if (begins) s->looks_due = s->waiting_count;
    if (s->looks_due) condition_poll(s, s->completed != completed ? CONDITION_SLICE : CONDITION_PASS);
    const bool looked = s->looks_due == 0; /* at all conditions: else it may not wait */
    dispatch_ready(s);
    if (peers && balance_share(s)) dispatch_ready(s);
    dispatch_stage(s);
    bool again = s->handed_count > 0; /* consumers to be looked at when there is nothing else to do */
    if (s->gated && s->dispatches == dispatches && s->completed == completed) again = gate_stage(s);
    memset(s->may_stage, 0, sizeof s->may_stage); /* true of this moment */
    tell_completed(s);
    if (s->words && s->completed != completed) wake_orchestrator(s);
    bool moved = s->dispatches != dispatches || s->completed != completed;
    s->moved |= moved;
    s->tick_stale |= !moved;
    if ((++s->passes % 1024 == 0 || !moved) &&
        scheduler_watch(s, s->limit_ticks, RUN_STALLED, s->words ? 0 : s->task_count - s->completed))
        return PASS_ENDED;
    if (!s->placed) place_late(s);
    return looked && !again ? PASS_IDLE : PASS_AGAIN;
}

static void go_round(struct scheduler *s)
{
    for (;;) {
        enum scheduler_pass pass = scheduler_pass(s);
        if (pass == PASS_ENDED) return;
        /* A lone scheduler that has just ended the run kicked nobody, itself included. */
        if (pass == PASS_IDLE && !scheduler_ended(s)) port_wait(s->token);
        /* Cores go on between the passes that look at many conditions. */
        if (s->looks_due) port_yield();
    }
}

void scheduler_begin(struct scheduler *s)
{
    recorder_stage(s, RECORD_ADOPTING);
    if (!s->words && !scheduler_ended(s)) image_check_range(s);
    handshake_cores(s);
    s->ready_ticks = port_clock();
    s->stamp = record_stamp(s->ready_ticks);
    meet_peers(s);
    s->look_ticks = 0;
    if (scheduler_ended(s)) return;
    recorder_stage(s, RECORD_SCHEDULING);
    if (s->words) return;
    s->spmd = s->count > 1 && port_observe32(&s->head->spmd_tasks) > 0;
    s->sync = port_observe32(&s->head->sync_tasks) > 0;
    deal_ready(s);
    if (s->task_count == 0) scheduler_end(s, RUN_OK, 0);
}

void scheduler_rest(struct scheduler *s)
{
    if (!scheduler_ended(s)) go_round(s);
    drain_cores(s);
}

void scheduler_run(struct scheduler *s)
{
    scheduler_begin(s);
    scheduler_rest(s);
}
