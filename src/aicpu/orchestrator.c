#include "orchestrator.h"

#include <stdio.h>

#include "orchestration.h"

const struct stream_control *orchestrator_control(const struct run_control *control)
{
    const struct stream_control *c = (const struct stream_control *)(uintptr_t)control->stream;
    port_cache_invalidate(c, sizeof *c);
    if (c->version != STREAM_VERSION || c->callable == 0 || c->engine == 0 || c->engine_key == 0 || c->result == 0)
        return NULL;
    for (uint32_t r = 0; r < STREAM_RINGS; r++) {
        const struct stream_ring *ring = &c->ring[r];
        if (ring->window < STREAM_WINDOW_MIN || ring->window > STREAM_WINDOW_MAX ||
            (ring->window & (ring->window - 1)) != 0 || ring->edges < STREAM_EDGES_MIN ||
            ring->edges > STREAM_EDGES_MAX || ring->heap % STREAM_HEAP_UNIT || ring->heap_size % STREAM_HEAP_UNIT ||
            ring->heap_size / STREAM_HEAP_UNIT > UINT32_MAX / STREAM_RINGS)
            return NULL;
    }
    if (c->max_regions < NPURT_TASK_MAX_TENSORS || c->max_regions > UINT32_MAX / 64) return NULL;
    return stream_layout_of(c).size <= c->engine_size ? c : NULL;
}

/* ---- what the engine asks */

/* Says how far it is. Costs a store to a line of its own. */
static void set_stage(struct orchestrator *o, enum stream_stage stage)
{
    port_publish32(&o->result->stage, stage);
}

/* The same, and cleans it from the caches: it may be the last that is heard of it. */
static void tell_stage(struct orchestrator *o, enum stream_stage stage)
{
    set_stage(o, stage);
    port_cache_clean(o->result, PROTOCOL_LINE);
}

static void give_all(struct orchestrator *o, enum image_shape shape)
{
    struct ready_list *list = &o->ready[shape];
    if (list->count == 0) return;
    if (shape < SHAPE_DUMMY) {
        uint32_t hungry = port_observe32(&o->head->balance[shape]) & 0xffffu;
        if (hungry) balance_feed(o->head, o->state, shape, list, hungry);
        if (list->count == 0) return;
    }
    balance_give(o->head, o->state, o->next, list);
    ready_init(list);
    if (++o->next == o->schedulers) o->next = 0;
}

static void flush(struct orchestrator *o)
{
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        give_all(o, (enum image_shape)shape);
    port_publish32(&o->head->submitted, o->admitted);
}

/* What is ready does not wait for a list to become long when somebody has a core for it, or when nothing but a scheduler
 * is needed. */
static void give_wanted(struct orchestrator *o)
{
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        if (o->ready[shape].count > 0 &&
            (shape == SHAPE_DUMMY || (port_observe32(&o->head->balance[shape]) & 0xffffu) != 0))
            give_all(o, (enum image_shape)shape);
}

static void disarm(struct orchestrator *o)
{
    o->armed = false;
    port_exchange32(&o->head->orchestrator_waits, 0);
}

/* A task that may be staged before its producers have ended, all of which have been sent. */
static void stage(void *context, uint32_t slot, uint32_t number)
{
    struct orchestrator *o = context;
    const enum image_shape shape = (enum image_shape)o->tasks[slot].shape;
    if (gating_put(workspace_gating(o->control), shape, number, slot) && !o->in_turn) gating_call(o->head, shape);
}

static void admit(void *context, uint32_t slot)
{
    struct orchestrator *o = context;
    const struct image_task *t = &o->tasks[slot];
    if (o->armed) disarm(o);
    o->state[slot] = (struct task_state){
        .subtasks_left = t->block_num * (uint32_t)__builtin_popcount(t->core_mask), .link = TASK_NONE};
    if (++o->admitted % LOOK_TASKS == 0) give_wanted(o);
    if (t->block_num > 1 && !o->spmd) {
        o->spmd = true;
        port_fetch_add32(&o->head->spmd_tasks, 1);
    }
    if ((t->flags & IMAGE_OPENS) && !o->gated) {
        o->gated = true;
        gating_init(workspace_gating(o->control));
        port_fetch_add32(&o->head->gated_tasks, 1);
    }
    if ((t->flags & IMAGE_SYNC_START) && !o->sync) {
        o->sync = true;
        port_fetch_add32(&o->head->sync_tasks, 1);
    }
    if (o->in_turn && ++o->since_pass == TURN_TASKS) {
        o->since_pass = 0;
        scheduler_pass(o->in_turn);
    }
}

static void ready(void *context, uint32_t slot)
{
    struct orchestrator *o = context;
    const enum image_shape shape = (enum image_shape)o->tasks[slot].shape;
    if (o->in_turn) {
        scheduler_ready(o->in_turn, slot);
        return;
    }
    struct ready_list *list = &o->ready[shape];
    ready_push(list, o->state, slot);
    bool hungry = shape < SHAPE_DUMMY && (port_observe32(&o->head->balance[shape]) & 0xffffu) != 0;
    if (!hungry && o->given[shape] && list->count < GIVE_LENGTH) return;
    o->given[shape] = true;
    give_all(o, shape);
    if (o->admitted % 256 == 0) port_publish32(&o->head->submitted, o->admitted);
}

/* Announced first, then, when the engine has found once more that it can not go on, waited: what completes in between
 * either was seen by the engine or kicks. */
static void wait_for_others(void *context, const struct stream_need *need)
{
    struct orchestrator *o = context;
    o->result->need = *need;
    set_stage(o, STREAM_WAITING);
    if (o->in_turn) {
        uint32_t completed = o->in_turn->completed;
        enum scheduler_pass pass = scheduler_pass(o->in_turn);
        if (pass == PASS_IDLE && o->in_turn->completed == completed) port_wait(o->in_turn->token);
        if (o->in_turn->looks_due) port_yield();
    } else {
        flush(o);
        if (o->armed)
            port_wait(o->token);
        else
            port_exchange32(&o->head->orchestrator_waits, 1);
        o->armed = true;
        o->token = port_wait_begin();
    }
    set_stage(o, STREAM_BUILDING);
}

/* ---- the run */

static struct orchestrator *prepare(const struct run_control *control, const struct stream_control *stream,
                                    uint32_t schedulers, struct scheduler *in_turn)
{
    struct orchestrator *o = (struct orchestrator *)(uintptr_t)(control->workspace + WORKSPACE_ORCHESTRATOR);
    const struct kernel_entry *kernels = (const struct kernel_entry *)(uintptr_t)control->kernels;
    const struct stream_layout layout = stream_layout_of(stream);
    memset(o, 0, sizeof *o);
    o->control = control;
    o->stream = stream;
    o->result = (struct stream_result *)(uintptr_t)stream->result;
    o->head = workspace_head(control);
    o->tasks = (const struct image_task *)(uintptr_t)(stream->engine + layout.tasks);
    o->state = (struct task_state *)(uintptr_t)(stream->engine + layout.state);
    o->schedulers = schedulers;
    o->in_turn = in_turn;
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        ready_init(&o->ready[shape]);
    o->host = (struct stream_host){
        .context = o, .end = &o->head->end, .admit = admit, .ready = ready, .stage = stage, .wait = wait_for_others};
    port_cache_invalidate(kernels, (size_t)control->kernel_count * sizeof *kernels);
    for (uint32_t i = 0; i < control->kernel_count; i++)
        o->kernel_core[i] = kernels[i].core_type;
    port_publish32(&o->head->orchestrator_agent, port_agent_self());
    return o;
}

/* The engine in its memory: as it was left by the run before, when that had the same. */
static struct graph *engine_of(const struct stream_control *stream)
{
    static struct {
        uint64_t key;
        struct graph *graph;
    } last; /* one run at a time executes on a device */
    if (last.key != stream->engine_key) {
        last.graph = stream_create(stream);
        last.key = last.graph ? stream->engine_key : 0;
    }
    return last.graph;
}

static void build(struct orchestrator *o, struct graph *graph, orchestration_entry entry)
{
    const struct stream_control *c = o->stream;
    struct stream_result *result = o->result;
    const npurt_tensor *tensors = (const npurt_tensor *)(uintptr_t)c->args;
    const uint64_t *scalars = (const uint64_t *)(tensors + c->tensor_count);
    port_cache_invalidate(tensors, c->tensor_count * sizeof *tensors + c->scalar_count * sizeof *scalars);
    const npurt_orch_args args = {
        .tensor_count = c->tensor_count, .scalar_count = c->scalar_count, .tensor = tensors, .scalar = scalars};
    stream_begin(graph, c, &o->host, o->kernel_core, o->control->kernel_count);
    port_publish32(&o->head->building, 1);
    tell_stage(o, STREAM_BUILDING);
    uint64_t began = port_clock();
    result->returned = entry(graph_orch(graph), &args);
    npurt_status status = stream_finish(graph);
    result->orchestration_ticks = port_clock() - began;
    result->status = (uint32_t)status;
    stream_report(graph, result);
    if (status != NPURT_OK) {
        struct stream_refusal refusal = stream_refusal_of(graph);
        result->code = refusal.code;
        result->ring = refusal.ring;
        result->capacity = refusal.capacity;
        result->user_code = graph_user_code(graph);
        snprintf(result->text, sizeof result->text, "%s", graph_problem(graph));
    } else if (result->returned != 0) {
        result->code = STREAM_RETURNED;
    }
}

void orchestrator_run(const struct run_control *control, const struct stream_control *stream, uint32_t schedulers,
                      struct scheduler *in_turn)
{
    struct orchestrator *o = prepare(control, stream, schedulers, in_turn);
    struct stream_result *result = o->result;
    memset(result, 0, sizeof *result);
    tell_stage(o, STREAM_LOADING);
    if (in_turn) scheduler_begin(in_turn);
    bool loaded = false;
    struct graph *graph = engine_of(stream);
    orchestration_entry entry = orchestration_load(stream, &loaded, result->text);
    result->loaded = loaded;
    if (!entry || !graph) {
        result->code = STREAM_LOAD_FAILED;
        if (!graph) snprintf(result->text, sizeof result->text, "the engine's memory is smaller than its rings need");
    } else {
        build(o, graph, entry);
    }
    result->stage = STREAM_RETURNED_FROM;
    if (o->armed) disarm(o);
    port_publish32(&result->done, control->run_number);
    port_cache_clean(result, sizeof *result);
    if (result->code != STREAM_OK) {
        run_end(o->head, RUN_ORCHESTRATION, result->code);
    } else {
        flush(o);
        /* Whoever brings the sum of completed tasks to 0 ends the run (tell_completed). */
        uint32_t total = (uint32_t)result->tasks;
        if (port_fetch_sub32(&o->head->completed, total) == total) run_end(o->head, RUN_OK, 0);
    }
    if (in_turn) scheduler_rest(in_turn);
}
