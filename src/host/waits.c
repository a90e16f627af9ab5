#include "waits.h"

#include <stdlib.h>

const char *waits_kind_name(enum wait_kind kind)
{
    static const char *const name[] = {"done", "waiting", "running", "sent", "ready", "condition", "unreleased"};
    return name[kind];
}

/* Turns the edges round. */
static bool find_producers(const struct task_source *source, struct waits *w)
{
    const uint32_t n = source->count;
    uint64_t edges = 0;
    uint32_t count;
    w->producer_begin = calloc((size_t)n + 2, sizeof *w->producer_begin);
    if (!w->producer_begin) return false;
    uint32_t *next = w->producer_begin + 1; /* while filling, the begin of place p + 1 is the next free entry of p */
    for (uint32_t p = 0; p < n; p++) {
        const uint32_t *to = source->consumers(source, p, &count);
        for (uint32_t i = 0; i < count; i++)
            w->producer_begin[to[i] + 1]++;
        edges += count;
    }
    w->producer = malloc((edges + 1) * sizeof *w->producer);
    if (!w->producer) return false;
    uint32_t sum = 0;
    for (uint32_t p = 0; p <= n; p++) {
        const uint32_t own = next[p];
        next[p] = sum;
        sum += p < n ? own : 0;
    }
    for (uint32_t p = 0; p < n; p++) {
        const uint32_t *to = source->consumers(source, p, &count);
        for (uint32_t i = 0; i < count; i++)
            w->producer[next[to[i]]++] = p;
    }
    return true;
}

static uint32_t unfinished_producers(const struct waits *w, uint32_t place)
{
    uint32_t left = 0;
    for (uint32_t i = w->producer_begin[place]; i < w->producer_begin[place + 1]; i++)
        left += w->kind[w->producer[i]] != WAIT_DONE;
    return left;
}

static void find_kinds(const struct task_source *source, const uint8_t *flight, struct waits *w)
{
    for (uint32_t p = 0; p < source->count; p++) {
        w->kind[p] = source->state[p].link == TASK_DONE ? WAIT_DONE : WAIT_FOR_PRODUCERS;
        w->unfinished += w->kind[p] != WAIT_DONE;
    }
    for (uint32_t p = 0; p < source->count; p++) {
        if (w->kind[p] == WAIT_DONE) continue;
        if (flight && flight[p] == FLIGHT_RUNNING)
            w->kind[p] = WAIT_RUNNING;
        else if (flight && flight[p] == FLIGHT_SENT && source->state[p].fanin_left == 0)
            w->kind[p] = WAIT_SENT;
        else if (source->state[p].conditions != 0)
            w->kind[p] = WAIT_CONDITION;
        else if (source->state[p].fanin_left == 0)
            w->kind[p] = WAIT_FOR_CORE;
        else if (unfinished_producers(w, p) == 0)
            w->kind[p] = WAIT_UNRELEASED;
    }
}

/* Everything reachable from one root over tasks that are not done. */
static uint32_t count_behind(const struct task_source *source, const struct waits *w, uint32_t root, uint8_t *seen,
                             uint32_t *queue)
{
    uint32_t head = 0, tail = 0, count;
    for (uint32_t p = 0; p < source->count; p++)
        seen[p] = 0;
    seen[root] = 1;
    queue[tail++] = root;
    while (head < tail) {
        const uint32_t *to = source->consumers(source, queue[head++], &count);
        for (uint32_t i = 0; i < count; i++) {
            if (seen[to[i]] || w->kind[to[i]] == WAIT_DONE) continue;
            seen[to[i]] = 1;
            queue[tail++] = to[i];
        }
    }
    return tail - 1;
}

static void find_roots(const struct task_source *source, struct waits *w, uint8_t *seen, uint32_t *queue)
{
    static const enum wait_kind order[] = {WAIT_RUNNING, WAIT_SENT, WAIT_CONDITION, WAIT_UNRELEASED, WAIT_FOR_CORE};
    for (unsigned k = 0; k < sizeof order / sizeof order[0]; k++)
        for (uint32_t p = 0; p < source->count; p++) {
            if (w->kind[p] != order[k]) continue;
            if (w->root_count < WAITS_ROOTS)
                w->root[w->root_count++] = (struct wait_root){p, count_behind(source, w, p, seen, queue)};
            w->root_total++;
        }
}

/* From the place that was found last: any unfinished producer, again and again, until one comes the second time. */
static void find_cycle(struct waits *w, uint32_t from, const uint8_t *found, uint8_t *seen)
{
    uint32_t at = from;
    for (int turn = 0; turn < 2; turn++) {
        do {
            if (turn == 1 && w->cycle_count < WAITS_CHAIN) w->cycle[w->cycle_count++] = at;
            seen[at] = (uint8_t)(turn + 1);
            uint32_t next = at;
            for (uint32_t i = w->producer_begin[at]; i < w->producer_begin[at + 1]; i++)
                if (w->kind[w->producer[i]] != WAIT_DONE && !found[w->producer[i]]) next = w->producer[i];
            at = next;
        } while (seen[at] != turn + 1);
    }
}

/* In the order in which they could run: from the roots, a task when all its producers have been met. */
static void find_order(const struct task_source *source, struct waits *w, uint32_t *left, uint32_t *parent,
                       uint32_t *depth, uint8_t *found, uint32_t *queue)
{
    uint32_t head = 0, tail = 0, count, deepest = 0;
    for (uint32_t p = 0; p < source->count; p++) {
        found[p] = 0;
        left[p] = unfinished_producers(w, p);
        if (w->kind[p] == WAIT_DONE || w->kind[p] == WAIT_FOR_PRODUCERS) continue;
        found[p] = 1;
        depth[p] = 1;
        queue[tail++] = p;
    }
    if (tail) deepest = queue[0];
    while (head < tail) {
        const uint32_t p = queue[head++];
        const uint32_t *to = source->consumers(source, p, &count);
        if (depth[p] > depth[deepest]) deepest = p;
        if (w->kind[p] == WAIT_FOR_PRODUCERS) {
            if (w->listed_count < WAITS_LISTED) w->listed[w->listed_count++] = p;
            w->waiting_total++;
        }
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t c = to[i];
            if (w->kind[c] == WAIT_DONE || found[c] || --left[c]) continue;
            found[c] = 1;
            depth[c] = depth[p] + 1;
            parent[c] = p;
            queue[tail++] = c;
        }
    }
    if (tail) {
        w->chain_length = depth[deepest];
        for (uint32_t p = deepest, d = depth[deepest]; d > 0; d--, p = parent[p])
            if (d <= WAITS_CHAIN) w->chain[w->chain_count++] = p;
    }
}

bool waits_find(const struct task_source *source, const uint8_t *flight, struct waits *w)
{
    const size_t n = (size_t)source->count + 1;
    *w = (struct waits){0};
    if (!find_producers(source, w)) {
        waits_fini(w);
        return false;
    }
    if (!source->state) return true;
    w->kind = calloc(n, 1);
    uint8_t *seen = calloc(n, 1), *found = calloc(n, 1);
    uint32_t *queue = calloc(n, sizeof *queue), *left = calloc(n, sizeof *left), *parent = calloc(n, sizeof *parent),
             *depth = calloc(n, sizeof *depth);
    const bool room = w->kind && seen && found && queue && left && parent && depth;
    if (room) {
        find_kinds(source, flight, w);
        find_roots(source, w, seen, queue);
        find_order(source, w, left, parent, depth, found, queue);
        for (uint32_t p = 0; p < source->count; p++)
            seen[p] = 0;
        for (uint32_t p = source->count; p-- > 0 && !w->cycle_count;)
            if (w->kind[p] != WAIT_DONE && !found[p]) find_cycle(w, p, found, seen);
    }
    free(seen);
    free(found);
    free(queue);
    free(left);
    free(parent);
    free(depth);
    if (!room) waits_fini(w);
    return room;
}

void waits_fini(struct waits *w)
{
    free(w->producer_begin);
    free(w->producer);
    free(w->kind);
    *w = (struct waits){0};
}
