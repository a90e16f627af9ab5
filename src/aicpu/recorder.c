#include "scheduler.h"
#include "shelf.h"

void recorder_stage(struct scheduler *s, enum record_stage stage)
{
    s->record->run_number = s->control->run_number;
    s->record->stage = stage;
    if (stage == RECORD_ADOPTING) s->record->schedulers = s->count;
    if (stage == RECORD_SCHEDULING && !s->words) s->record->initialised = s->control->run_number;
}

struct core_record *recorder_adopt(const struct scheduler *s, uint32_t core_index)
{
    struct core_record *record =
        (struct core_record *)(uintptr_t)(s->control->records + record_core_offset(core_index));
    memset(record->last, 0, sizeof record->last);
    return record;
}

static enum record_phase phase_of(const struct core_state *core)
{
    switch ((enum core_phase)core->phase) {
    case CORE_IDLE:
        return RECORD_IDLE;
    case CORE_SENT:
        return core->shut ? RECORD_GATED : RECORD_SENT;
    case CORE_RUNNING:
        return RECORD_RUNNING;
    case CORE_STAGED:
        return RECORD_STAGED;
    case CORE_HELD:
        return RECORD_HELD;
    case CORE_ABSENT:
    case CORE_REFUSED:
        break;
    }
    return RECORD_ABSENT;
}

void recorder_clean(const struct scheduler *s)
{
    for (uint32_t i = 0; i < s->cluster_count * CORE_SLOTS; i++)
        if (s->core[i].record) port_cache_clean(s->core[i].record, sizeof *s->core[i].record);
}

void recorder_tell(struct scheduler *s)
{
    struct scheduler_record *r = s->record;
    for (uint32_t i = 0; i < s->cluster_count * CORE_SLOTS; i++) {
        struct core_record *core = s->core[i].record;
        if (!core) continue; /* it never reported */
        core->phase = phase_of(&s->core[i]);
        core->told = s->control->run_number;
    }
    recorder_clean(s);
    /* The orchestrator may be in the user's code: what it has said last is cleaned for it. */
    if (s->words) port_cache_clean(s->stream_result, offsetof(struct stream_result, text));
    r->now = record_stamp(port_clock());
    r->moved = s->moved_ticks ? record_stamp(s->moved_ticks) : 0;
    r->completed = s->completed;
    r->busy = s->busy_count;
    for (int shape = 0; shape < SHAPE_COUNT; shape++)
        r->ready[shape] = s->ready[shape].count;
    /* What is nobody's is told by the first. */
    for (int shape = 0; shape < SHAPE_DUMMY && s->index == 0; shape++)
        r->ready[shape] += shelf_count(port_observe64(&s->head->shelf[shape]));
    r->cluster_first = s->cluster_first;
    r->cluster_count = s->cluster_count;
    r->condition = condition_first(s);
    r->told = s->control->run_number;
    uint32_t begin = scheduler_share(s, s->index, s->task_count);
    uint32_t end = scheduler_share(s, s->index + 1, s->task_count);
    port_cache_clean(s->state + begin, (end - begin) * sizeof *s->state);
    port_publish32(&r->look, s->look); /* last: what the host waits for */
    port_cache_clean(r, sizeof *r);
}
