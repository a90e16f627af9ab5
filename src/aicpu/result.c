/* The result of a run, written once, by the last thread out. */
#include "scheduler.h"

/* A refused one before one that waits, the first submission's before others. */
static void add_condition(struct run_result *r, const struct run_condition *c)
{
    const uint32_t waiting = r->condition.waiting + c->waiting;
    const bool none = r->condition.code == 0 && r->condition.waiting == 0;
    if (c->code == 0 && c->waiting == 0) return;
    if (none || (c->code != 0) > (r->condition.code != 0) ||
        ((c->code != 0) == (r->condition.code != 0) && c->task < r->condition.task))
        r->condition = *c;
    r->condition.waiting = waiting;
}

static void add_scheduler(struct run_result *r, const struct scheduler *s)
{
    r->tasks_completed += s->completed;
    r->register_loads += s->loads;
    r->register_stores += s->stores;
    r->dispatches += s->dispatches;
    r->staged += s->staged;
    if (s->dispatches) r->scheduled |= 1u << s->index;
    if (s->ready_ticks > r->ready_ticks) r->ready_ticks = s->ready_ticks;
    if (s->exit_late && r->code == RUN_OK) {
        r->code = RUN_EXIT_TIMEOUT;
        r->detail = s->exit_late_core;
    }
    if (r->code == RUN_BAD_PREDICATE && s->predicate_task == r->detail)
        r->address = s->predicate_address;
    add_condition(r, &s->condition);
    uint32_t listed = s->suspect_count < RUN_MAX_SUSPECTS ? s->suspect_count : RUN_MAX_SUSPECTS;
    for (uint32_t i = 0; i < listed && r->suspect_count + i < RUN_MAX_SUSPECTS; i++)
        r->suspect[r->suspect_count + i] = s->suspect[i];
    r->suspect_count += s->suspect_count;
}

void result_write(const struct run_control *control, uint32_t schedulers)
{
    struct workspace_head *head = workspace_head(control);
    struct run_result *r = (struct run_result *)(uintptr_t)control->result;
    memset(r, 0, sizeof *r);
    r->code = head->end - 1;
    r->detail = head->end_detail;
    r->start_ticks = head->start_ticks;
    r->schedulers = schedulers;
    for (uint32_t i = 0; i < schedulers; i++)
        add_scheduler(r, workspace_scheduler(control, i));
    const uint32_t stray = port_observe32(&head->stray);
    if (stray != 0 && r->condition.code == 0 && (r->code == RUN_OK || r->code == RUN_BAD_CONDITION)) {
        const struct run_condition condition = condition_stray(control, stray);
        r->code = RUN_BAD_CONDITION;
        add_condition(r, &condition);
    }
    /* Nothing moved for the limit: with a kernel running it is the kernel. */
    if (r->code == RUN_STALLED && r->suspect_count > 0) r->code = RUN_KERNEL_STUCK;
    r->end_ticks = port_clock();
    port_cache_clean(r, sizeof *r);
    port_publish32(&r->done, control->run_number);
    port_cache_clean(r, PROTOCOL_LINE);
    port_cache_clean(head, WORKSPACE_HEAD_SIZE);
}
