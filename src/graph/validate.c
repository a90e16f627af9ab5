#include "engine.h"

/* The invariants of the engine, one function per structure. Each returns NULL or what is wrong. */

static const char *validate_tasks(const struct graph *g)
{
    uint64_t fanin = 0, fanout = 0, payload = 0;
    if (g->task_count > g->max_tasks) return "more tasks than there is room for";
    for (uint32_t i = 0; i < g->task_count; i++) {
        const struct image_task *t = &g->tasks[i];
        fanin += t->fanin;
        fanout += t->fanout_count;
        if ((uint64_t)t->payload * GRAPH_PAYLOAD_UNIT != payload) return "a payload does not follow the one before";
        payload += image_payload_size(t);
        payload = (payload + GRAPH_PAYLOAD_UNIT - 1) & ~(uint64_t)(GRAPH_PAYLOAD_UNIT - 1);
        if (t->block_num == 0) return "a task of no blocks";
        uint32_t mask = 0;
        for (uint32_t slot = 0; slot < NPURT_CORE_SLOTS; slot++)
            mask |= t->kernel[slot] >= 0 ? 1u << slot : 0;
        if (mask != t->core_mask) return "a core mask does not match the kernels";
        static const uint8_t shape_of_mask[8] = {SHAPE_DUMMY, SHAPE_AIC, SHAPE_AIV, SHAPE_MIX,
                                                 SHAPE_COUNT, SHAPE_MIX, SHAPE_MIX, SHAPE_MIX};
        if (t->shape != shape_of_mask[mask]) return "a shape does not match the kernels";
    }
    if (payload != g->payload_used) return "payloads and their total differ";
    for (uint32_t j = 0; j < g->join_count; j++) {
        const struct image_task *join = &g->tasks[g->task_count + j];
        if (join->shape != SHAPE_DUMMY || join->core_mask != 0 || join->flags != 0) return "a join is something else";
        if (join->fanin < JOIN_PRODUCERS || join->fanout_count < JOIN_CONSUMERS) return "a join that is not worth it";
        fanin += join->fanin;
        fanout += join->fanout_count;
    }
    if (fanin != g->edges.count) return "the sum of fan-ins is not the number of edges";
    if (fanout != g->edges.count) return "the sum of fan-outs is not the number of edges";
    return NULL;
}

static const char *validate_edges(const struct graph *g)
{
    const struct edges *e = &g->edges;
    const uint32_t nodes = g->task_count + g->join_count;
    uint32_t at = 0;
    for (uint32_t i = 0; i < g->task_count; i++)
        for (uint32_t k = 0; k < g->tasks[i].fanin; k++) {
            const uint32_t producer = e->producers[at++];
            if (producer >= i && producer < g->task_count) return "a task waits for itself or a later one";
            if (producer >= g->task_count && (producer >= nodes || g->tasks[i].fanin != 1))
                return "a task waits for a join and more, or for none that there is";
        }
    for (uint32_t j = g->task_count; j < nodes; j++)
        for (uint32_t k = 0; k < g->tasks[j].fanin; k++)
            if (e->producers[at++] >= g->task_count) return "a join waits for a join";
    if (g->state != GRAPH_DONE) return NULL;

    uint32_t begin = 0, ready = 0;
    for (uint32_t i = 0; i < nodes; i++) {
        if (g->tasks[i].fanout_begin != begin) return "consumers are not grouped in the order of producers";
        for (uint32_t k = 0; k < g->tasks[i].fanout_count; k++) {
            uint32_t consumer = e->consumers[begin + k];
            if (consumer >= nodes || (consumer <= i && i < g->task_count)) return "an edge leads backwards or nowhere";
            if (k > 0 && consumer <= e->consumers[begin + k - 1])
                return "consumers do not ascend: an edge may be double";
        }
        begin += g->tasks[i].fanout_count;
        if (g->tasks[i].fanin == 0 && (ready >= g->ready_count || g->ready[ready++] != i))
            return "the ready list misses a task without producers";
    }
    if (ready != g->ready_count) return "the ready list has a task with producers";
    for (uint32_t i = nodes; i-- > 0;) { /* every logged edge is found among its producer's consumers */
        for (uint32_t k = 0; k < g->tasks[i].fanin; k++) {
            const struct image_task *p = &g->tasks[e->producers[--at]];
            uint32_t low = p->fanout_begin, high = low + p->fanout_count;
            while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (e->consumers[middle] < i)
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low == p->fanout_begin + p->fanout_count || e->consumers[low] != i) return "a logged edge got lost";
        }
    }
    return NULL;
}

const char *graph_validate(const struct graph *g)
{
    const char *wrong = NULL;
    if (g->latched || g->state == GRAPH_IDLE) return NULL; /* nothing to rely on after a refusal */
    if ((wrong = validate_tasks(g)) || (wrong = validate_edges(g)) || (wrong = validate_map(g))) return wrong;
    return NULL;
}
