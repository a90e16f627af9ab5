#include "join.h"

#include <string.h>

/* A task of many producers. */
struct wide {
    uint32_t task;
    uint32_t at;    /* of its producers in the log */
    uint32_t first; /* the first record with the same set: its own place, or an earlier one's */
    union {
        uint32_t members; /* of the first: how many there are, */
        uint32_t join;    /* then which place in the table they wait for; 0: none, a task's never is a join's */
    };
};

static uint32_t hash_of(const uint32_t *producer, uint32_t count)
{
    uint32_t hash = count;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ producer[i]) * UINT32_C(0x9e3779b1);
    return hash ^ hash >> 15;
}

/* Lists the wide tasks with the first of each set. */
static void find_sets(const struct edges *e, uint32_t task_count, struct wide *wide, uint32_t *table)
{
    uint32_t size = 1, n = 0, at = 0;
    while (size < 2 * e->wide)
        size *= 2;
    memset(table, 0, size * sizeof *table); /* 1 + a record */
    for (uint32_t i = 0; i < task_count; at += e->tasks[i++].fanin) {
        const uint32_t count = e->tasks[i].fanin, *set = e->producers + at;
        if (count < JOIN_PRODUCERS) continue;
        wide[n] = (struct wide){.task = i, .at = at, .first = n, .members = 1};
        uint32_t cell = hash_of(set, count) & (size - 1);
        for (; table[cell] != 0; cell = (cell + 1) & (size - 1)) {
            struct wide *first = &wide[table[cell] - 1];
            if (e->tasks[first->task].fanin != count ||
                memcmp(e->producers + first->at, set, count * sizeof *set) != 0)
                continue;
            wide[n].first = table[cell] - 1;
            first->members++;
            break;
        }
        if (table[cell] == 0) table[cell] = 1 + n;
        n++;
    }
}

/* Gives every set that is worth it a place in the table of tasks; returns how many. */
static uint32_t choose(const struct edges *e, uint32_t task_count, struct wide *wide)
{
    uint32_t joins = 0;
    for (uint32_t i = 0; i < e->wide; i++) {
        if (wide[i].first != i) continue;
        if (wide[i].members < JOIN_CONSUMERS) {
            wide[i].join = 0;
            continue;
        }
        wide[i].join = task_count + joins++;
        e->tasks[wide[i].join] = (struct image_task){
            .fanin = e->tasks[wide[i].task].fanin, .kernel = {-1, -1, -1}, .block_num = 1, .shape = SHAPE_DUMMY};
    }
    return joins;
}

uint32_t joins_make(struct edges *e, uint32_t task_count)
{
    if (e->wide < JOIN_CONSUMERS) return 0;
    struct wide *wide = (struct wide *)e->scratch;
    find_sets(e, task_count, wide, (uint32_t *)(wide + e->wide));
    const uint32_t joins = choose(e, task_count, wide);
    if (joins == 0) return 0;

    /* The log anew, in the other table, which edges_flatten would fill: tasks', then joins'. */
    uint32_t *log = e->consumers, *old = e->producers, count = 0, at = 0, next = 0;
    for (uint32_t i = 0; i < task_count; i++) {
        const uint32_t fanin = e->tasks[i].fanin;
        const struct wide *own = next < e->wide && wide[next].task == i ? &wide[next++] : NULL;
        if (own && wide[own->first].join != 0) {
            for (uint32_t k = 0; k < fanin; k++)
                e->tasks[old[at + k]].fanout_count--;
            const uint32_t join = wide[own->first].join;
            e->tasks[join].fanout_count++;
            e->tasks[i].fanin = 1;
            log[count++] = join;
        } else {
            memcpy(log + count, old + at, fanin * sizeof *log);
            count += fanin;
        }
        at += fanin;
    }
    for (uint32_t i = 0; i < e->wide; i++) {
        if (wide[i].first != i || wide[i].join == 0) continue;
        const uint32_t fanin = e->tasks[wide[i].join].fanin;
        for (uint32_t k = 0; k < fanin; k++)
            e->tasks[old[wide[i].at + k]].fanout_count++;
        memcpy(log + count, old + wide[i].at, fanin * sizeof *log);
        count += fanin;
    }
    e->producers = log;
    e->consumers = old;
    e->count = count;
    return joins;
}
