/* Schedules of a graph computed apart from the product, to compare with: every task of one core and one block, in the
 * order of submission, as an image has them.
 *
 *     schedule_ideal      list scheduling that costs nothing: a lower bound for what a policy without foresight reaches
 *     schedule_reference  the reference's policy as its documents describe it, on the emulated machine's costs
 */
#ifndef TESTS_SCENE_SCHEDULES_H
#define TESTS_SCENE_SCHEDULES_H

#include "check.h"

#include "example.h"
#include "protocol/image.h"

enum { SCHEDULE_KERNEL_NS = 1000 }; /* of a kernel that states nothing, as on the card */

struct schedule_graph {
    const struct image_task *task;
    const uint32_t *edge;
    uint32_t count;
    const uint32_t *duration; /* ns, per task */
    uint32_t cores[2];        /* AIC, AIV */
};

/* Of an example's image. The durations are the caller's to free. */
static inline struct schedule_graph schedule_graph_of(const struct example *example, const uint8_t *image,
                                                      uint32_t clusters)
{
    const struct image_header *header = (const struct image_header *)image;
    const struct image_task *task = (const struct image_task *)(image + header->tasks_offset);
    uint32_t *duration = calloc(header->task_count, sizeof *duration);
    CHECK(duration != NULL);
    for (uint32_t i = 0; i < header->task_count; i++) {
        const int32_t id = task[i].kernel[task[i].shape == SHAPE_AIC ? NPURT_AIC : NPURT_AIV0];
        CHECK(task[i].shape <= SHAPE_AIV && task[i].block_num == 1);
        for (uint32_t k = 0; k < example->kernel_count; k++)
            if (example->kernels[k].id == (uint32_t)id) duration[i] = example->kernels[k].duration_ns;
        if (duration[i] == 0) duration[i] = SCHEDULE_KERNEL_NS;
    }
    return (struct schedule_graph){.task = task,
                                   .edge = (const uint32_t *)(image + header->edges_offset),
                                   .count = header->task_count,
                                   .duration = duration,
                                   .cores = {clusters, 2 * clusters}};
}

struct ideal {
    uint64_t makespan_ns, critical_ns; /* with the cores there are; with as many as one likes */
    uint64_t busy_ns[2];               /* sum of durations per kind of core */
};

/* A task that is ready waits for a core of its kind, first come, first served. */
static inline struct ideal schedule_ideal(const struct schedule_graph *g)
{
    struct state {
        uint64_t ready, end, earliest;
        uint32_t waiting;
        bool started, done;
    } *state = calloc(g->count, sizeof *state);
    struct ideal ideal = {0};
    uint32_t busy[2] = {0}, left = g->count;
    uint64_t now = 0;
    CHECK(state != NULL);
    for (uint32_t i = 0; i < g->count; i++)
        state[i].waiting = g->task[i].fanin;
    while (left > 0) {
        /* Starts what is ready and has a core, then goes to the next end. */
        uint64_t next = UINT64_MAX;
        for (uint32_t kind = 0; kind < 2; kind++)
            while (busy[kind] < g->cores[kind]) {
                uint32_t first = UINT32_MAX;
                for (uint32_t i = 0; i < g->count; i++)
                    if (!state[i].started && state[i].waiting == 0 && (g->task[i].shape == SHAPE_AIV) == kind &&
                        (first == UINT32_MAX || state[i].ready < state[first].ready))
                        first = i;
                if (first == UINT32_MAX) break;
                state[first].started = true;
                state[first].end = now + g->duration[first];
                busy[kind]++;
            }
        for (uint32_t i = 0; i < g->count; i++)
            if (state[i].started && !state[i].done && state[i].end < next) next = state[i].end;
        CHECK(next != UINT64_MAX);
        now = next;
        for (uint32_t i = 0; i < g->count; i++) {
            if (!state[i].started || state[i].done || state[i].end != now) continue;
            state[i].done = true;
            state[i].earliest += g->duration[i];
            if (state[i].earliest > ideal.critical_ns) ideal.critical_ns = state[i].earliest;
            ideal.busy_ns[g->task[i].shape == SHAPE_AIV] += g->duration[i];
            busy[g->task[i].shape == SHAPE_AIV]--;
            left--;
            for (uint32_t k = 0; k < g->task[i].fanout_count; k++) {
                struct state *to = &state[g->edge[g->task[i].fanout_begin + k]];
                if (state[i].earliest > to->earliest) to->earliest = state[i].earliest;
                if (--to->waiting == 0) to->ready = now;
            }
        }
    }
    ideal.makespan_ns = now;
    free(state);
    return ideal;
}

/* What the emulated machine charges, ns (docs/reference/machine.md). */
enum {
    COST_STEP = 15,
    COST_REG_LOAD = 95 + COST_STEP,
    COST_REG_STORE = 5 + COST_STEP,
    COST_CACHED = 3 + COST_STEP, /* a shared word that this thread touched last */
    COST_MOVED = 41 + COST_STEP,
    COST_STORE = 5 + COST_STEP,
    COST_DMB_VISIBLE = 140,
    COST_CORE_POLL = 10,
    COST_CORE_COND = 8,
    COST_CORE_SETUP = 349,
    COST_CORE_CLEAN = 225,
    COST_COND_LEAST = 180,
    COST_COND_MOST = 2020, /* mean a quarter of the range, as the card draws it */
};

enum { REFERENCE_THREADS = 16, REFERENCE_CORES = 256, REFERENCE_BUFFER = 64 };

/* A block that a core has been given, and when its ACK and FIN can be seen. */
struct reference_work {
    uint32_t task;
    uint64_t fin_written, ack_seen, fin_seen;
};

struct reference_core {
    struct reference_work work[2]; /* running, pending */
    uint32_t count;
    bool acknowledged;
    uint64_t last_seen; /* COND values become visible in order */
};

struct reference {
    const struct schedule_graph *g;
    uint32_t threads;
    uint64_t now[REFERENCE_THREADS];
    uint32_t at[REFERENCE_THREADS]; /* next core to be looked at; beyond the last: dispatch */
    struct reference_core core[REFERENCE_CORES]; /* AICs, then AIVs, two per cluster */
    struct {
        uint32_t task[REFERENCE_BUFFER], count;
    } local[REFERENCE_THREADS][2];
    uint32_t *queue[2], head[2], tail[2]; /* one for all threads per shape, first in first out */
    uint32_t *waiting;                    /* producers left, per task */
    uint8_t *owner;                       /* thread that counted last in a line of four of them */
    uint32_t done;
    uint64_t loads, random;
};

static inline uint64_t reference_latency(struct reference *r)
{
    r->random = r->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const double u = (double)(r->random >> 11) / (double)(UINT64_C(1) << 53);
    return COST_COND_LEAST + (uint64_t)(u * u * u * (COST_COND_MOST - COST_COND_LEAST));
}

static inline uint64_t reference_seen(struct reference *r, struct reference_core *core, uint64_t written)
{
    const uint64_t seen = written + reference_latency(r);
    if (seen > core->last_seen) core->last_seen = seen;
    return core->last_seen;
}

/* The number is stored at `now`. */
static inline void reference_send(struct reference *r, uint32_t thread, uint32_t at, uint32_t task)
{
    struct reference_core *core = &r->core[at];
    struct reference_work *work = &core->work[core->count];
    r->now[thread] += COST_REG_STORE;
    uint64_t taken = r->now[thread] + COST_DMB_VISIBLE + COST_CORE_POLL;
    if (core->count == 1 && core->work[0].fin_written + COST_CORE_POLL > taken)
        taken = core->work[0].fin_written + COST_CORE_POLL;
    if (core->count == 0) core->acknowledged = false;
    work->task = task;
    work->ack_seen = reference_seen(r, core, taken + COST_CORE_COND);
    work->fin_written =
        taken + 2 * COST_CORE_COND + COST_CORE_SETUP + r->g->duration[task] + COST_CORE_CLEAN;
    work->fin_seen = reference_seen(r, core, work->fin_written);
    core->count++;
}

static inline void reference_push(struct reference *r, uint32_t thread, uint32_t task)
{
    const uint32_t shape = r->g->task[task].shape;
    r->queue[shape][r->tail[shape]++] = task;
    r->now[thread] += COST_MOVED + COST_STORE;
}

static inline bool reference_pop(struct reference *r, uint32_t thread, uint32_t shape, bool local, uint32_t *task)
{
    if (local && r->local[thread][shape].count > 0) {
        *task = r->local[thread][shape].task[--r->local[thread][shape].count];
        return true;
    }
    r->now[thread] += COST_CACHED;
    if (r->head[shape] == r->tail[shape]) return false;
    r->now[thread] += COST_MOVED;
    *task = r->queue[shape][r->head[shape]++];
    return true;
}

static inline void reference_complete(struct reference *r, uint32_t thread, uint32_t task)
{
    const struct image_task *t = &r->g->task[task];
    r->done++;
    for (uint32_t k = 0; k < t->fanout_count; k++) {
        const uint32_t to = r->g->edge[t->fanout_begin + k], shape = r->g->task[to].shape;
        r->now[thread] += r->owner[to / 4] == thread + 1 ? COST_CACHED : COST_MOVED;
        r->owner[to / 4] = (uint8_t)(thread + 1);
        if (--r->waiting[to] > 0) continue;
        if (r->local[thread][shape].count < REFERENCE_BUFFER)
            r->local[thread][shape].task[r->local[thread][shape].count++] = to;
        else
            reference_push(r, thread, to);
    }
}

static inline void reference_look(struct reference *r, uint32_t thread, struct reference_core *core)
{
    r->now[thread] += COST_REG_LOAD;
    r->loads++;
    const uint64_t now = r->now[thread];
    const struct reference_work first = core->work[0], second = core->work[1];
    if (core->count == 1) {
        if (first.ack_seen <= now) core->acknowledged = true;
        if (first.fin_seen > now) return;
        core->count = 0;
        reference_complete(r, thread, first.task);
    } else if (second.fin_seen <= now) {
        core->count = 0;
        reference_complete(r, thread, first.task);
        reference_complete(r, thread, second.task);
    } else if (second.ack_seen <= now) { /* the FIN of a first with a second behind it is passed over */
        core->work[0] = second;
        core->count = 1;
        core->acknowledged = true;
        reference_complete(r, thread, first.task);
    }
}

/* Cluster i is thread i mod threads'. */
static inline uint32_t reference_owner(const struct reference *r, uint32_t core)
{
    return (core < r->g->cores[0] ? core : (core - r->g->cores[0]) / 2) % r->threads;
}

static inline bool reference_peer_idle(const struct reference *r, uint32_t thread, uint32_t first, uint32_t end)
{
    for (uint32_t c = first; c < end; c++)
        if (reference_owner(r, c) != thread && r->core[c].count == 0) return true;
    return false;
}

/* Idle cores; what is left locally goes to the queue of all; then second slots, while no other thread has an idle core. */
static inline void reference_dispatch(struct reference *r, uint32_t thread)
{
    const uint32_t first[3] = {0, r->g->cores[0], r->g->cores[0] + r->g->cores[1]};
    uint32_t task;
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t shape = (thread + i) % 2;
        bool any = true;
        for (uint32_t c = first[shape]; c < first[shape + 1] && any; c++)
            if (reference_owner(r, c) == thread && r->core[c].count == 0 &&
                (any = reference_pop(r, thread, shape, true, &task)))
                reference_send(r, thread, c, task);
    }
    for (uint32_t shape = 0; shape < 2; shape++)
        while (r->local[thread][shape].count > 0)
            reference_push(r, thread, r->local[thread][shape].task[--r->local[thread][shape].count]);
    for (uint32_t shape = 0; shape < 2; shape++) {
        r->now[thread] += (r->threads - 1) * COST_CACHED;
        if (r->head[shape] == r->tail[shape] || reference_peer_idle(r, thread, first[shape], first[shape + 1])) continue;
        for (uint32_t c = first[shape]; c < first[shape + 1]; c++)
            if (reference_owner(r, c) == thread && r->core[c].count == 1 && r->core[c].acknowledged &&
                reference_pop(r, thread, shape, false, &task))
                reference_send(r, thread, c, task);
    }
}

struct reference_result {
    uint64_t makespan_ns, loads; /* from adopted cores to the last completion seen */
};

/* An event simulation of facts that are public: per thread, look at each running core, release consumers into a buffer of
 * its own (64, last in first out), dispatch, flush the buffer to the queues of all, stage. What would cost more is left
 * out: wiring, the walk back to producers, building payloads. Threads poll without a rest, as on silicon. */
static inline struct reference_result schedule_reference(const struct schedule_graph *g, uint32_t threads, uint32_t seed)
{
    static struct reference r;
    memset(&r, 0, sizeof r);
    r.g = g;
    r.threads = threads;
    r.random = seed;
    r.waiting = calloc(g->count, sizeof *r.waiting);
    r.owner = calloc(g->count / 4 + 1, 1);
    for (uint32_t shape = 0; shape < 2; shape++)
        CHECK((r.queue[shape] = calloc(g->count, sizeof *r.queue[shape])) != NULL);
    CHECK(r.waiting && r.owner && threads <= REFERENCE_THREADS && g->cores[0] + g->cores[1] <= REFERENCE_CORES);
    for (uint32_t i = 0; i < g->count; i++) {
        r.waiting[i] = g->task[i].fanin;
        if (g->task[i].fanin == 0) r.queue[g->task[i].shape][r.tail[g->task[i].shape]++] = i;
    }
    while (r.done < g->count) {
        uint32_t thread = 0;
        for (uint32_t i = 1; i < threads; i++)
            if (r.now[i] < r.now[thread]) thread = i;
        uint32_t *at = &r.at[thread];
        while (*at < g->cores[0] + g->cores[1] && (reference_owner(&r, *at) != thread || r.core[*at].count == 0))
            ++*at;
        if (*at < g->cores[0] + g->cores[1]) {
            reference_look(&r, thread, &r.core[(*at)++]);
            if (r.done == g->count) r.now[0] = r.now[thread];
        } else {
            *at = 0;
            reference_dispatch(&r, thread);
        }
    }
    const struct reference_result result = {.makespan_ns = r.now[0], .loads = r.loads};
    free(r.waiting);
    free(r.owner);
    free(r.queue[0]);
    free(r.queue[1]);
    return result;
}

#endif
