/* A shelf: ready tasks of one shape that nobody's cores had room for, for every scheduler to take.
 *
 * The word says which tasks are the first and the last, and how many there are; the list runs through the tasks' states. A
 * shelf is only ever emptied whole and filled whole, by compare-and-swap against 0: who takes has it to itself, cuts off
 * what it wants and puts the rest back. So nothing in the list is read that could be another's, there is no capacity, and
 * nobody waits for anybody: who finds it empty meanwhile is called when the rest is back (balance.c).
 */
#ifndef NPURT_AICPU_SHELF_H
#define NPURT_AICPU_SHELF_H

#include "port/port.h"
#include "ready.h"

enum { SHELF_BITS = 21, SHELF_TASKS = 1 << SHELF_BITS }; /* of a task's number in the word; one above the last */

/* Never 0: the list is not empty. */
static inline uint64_t shelf_word(const struct ready_list *list)
{
    return (uint64_t)list->count << 2 * SHELF_BITS | (uint64_t)list->last << SHELF_BITS | list->first;
}

static inline uint32_t shelf_count(uint64_t word)
{
    return (uint32_t)(word >> 2 * SHELF_BITS);
}

/* Takes all of it; false when there is nothing. `word`: what was seen of it. */
static inline bool shelf_take(uint64_t *shelf, uint64_t word, struct ready_list *list)
{
    while (word != 0)
        if (port_cas64(shelf, &word, 0)) {
            *list = (struct ready_list){(uint32_t)word & (SHELF_TASKS - 1),
                                        (uint32_t)(word >> SHELF_BITS) & (SHELF_TASKS - 1), shelf_count(word)};
            return true;
        }
    return false;
}

/* Appends a list to another. Pre: neither is empty. */
static inline void shelf_join(struct ready_list *list, struct task_state *state, const struct ready_list *more)
{
    state[list->last].link = more->first;
    list->last = more->last;
    list->count += more->count;
}

/* Puts a list on it that is not empty: in front of what lies there, or behind it. Returns how many lie there then. */
static inline uint32_t shelf_put(uint64_t *shelf, struct task_state *state, struct ready_list list, bool front)
{
    uint64_t word = 0;
    struct ready_list there;
    for (;;) {
        if (port_cas64(shelf, &word, shelf_word(&list))) return list.count;
        if (shelf_take(shelf, word, &there)) {
            if (front) {
                shelf_join(&list, state, &there);
            } else {
                shelf_join(&there, state, &list);
                list = there;
            }
        }
        word = 0; /* whatever was seen, only an empty shelf may be filled */
    }
}

#endif
