#include "evidence.h"
#include "callable.h"

#include <stdlib.h>
#include <string.h>

static bool read_device(const npurt_device *device, struct evidence *e, void *to, uint64_t from, uint64_t size)
{
    if (e->code) return false;
    e->code = device->driver->rtMemcpy(to, size, device_pointer(from), size, RT_MEMCPY_DEVICE_TO_HOST);
    if (e->code) e->call = "rtMemcpy";
    return e->code == 0;
}

static void sort_by_number(struct evidence_core *core)
{
    for (uint32_t i = 1; i < core->count; i++)
        for (uint32_t k = i; k > 0; k--) {
            struct evidence_dispatch *a = &core->last[k - 1], *b = &core->last[k];
            if ((int16_t)(uint16_t)(b->record.number - a->record.number) > 0) break; /* numbers wrap */
            const struct evidence_dispatch swap = *a;
            *a = *b;
            *b = swap;
        }
}

static void read_core(struct evidence_core *core, const struct core_record *record, bool told)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < RECORD_LAST; i++) {
        if (record->last[i].sent == 0) continue;
        core->last[core->count++] = (struct evidence_dispatch){
            .record = record->last[i], .phase = record->last[i].ended ? RECORD_IDLE : RECORD_UNTOLD};
        open += record->last[i].ended == 0;
    }
    sort_by_number(core);
    if (told) core->phase = (enum record_phase)record->phase;
    if (!told || open == 0) { /* what has ended since says more than what was told */
        if (open == 0 && core->phase != RECORD_ABSENT) core->phase = told ? RECORD_IDLE : RECORD_UNTOLD;
        return;
    }
    struct evidence_dispatch *newest = &core->last[core->count - 1];
    if (core->phase == RECORD_STAGED && open == 1 && newest->record.ended == 0) core->phase = RECORD_RUNNING;
    if (core->phase == RECORD_SENT || core->phase == RECORD_RUNNING || core->phase == RECORD_HELD ||
        core->phase == RECORD_GATED)
        newest->phase = core->phase;
    if (core->phase != RECORD_STAGED || core->count < 2) return;
    newest[0].phase = RECORD_STAGED;
    newest[-1].phase = RECORD_RUNNING;
}

static bool read_cores(const npurt_run *run, struct evidence *e, const char *records)
{
    const npurt_device *device = run->device;
    const uint32_t n = e->core_count;
    struct core_hello *hello = calloc(n, sizeof *hello);
    struct core_welcome *welcome = calloc(n, sizeof *welcome);
    bool read = hello && welcome && read_device(device, e, hello, device->lines.hello, n * sizeof *hello) &&
                read_device(device, e, welcome, device->lines.welcome, n * sizeof *welcome);
    for (uint32_t i = 0; i < n; i++) {
        struct evidence_core *core = &e->core[i];
        const uint32_t aiv = i - run->clusters;
        core->type = i < run->clusters ? NPURT_CORE_AIC : NPURT_CORE_AIV;
        core->cluster = i < run->clusters ? i : aiv / 2;
        core->slot = i < run->clusters ? 0 : 1 + aiv % 2;
        core->physical = -1;
        if (!read) continue;
        core->reported = hello[i].run_number == run->number;
        core->adopted = welcome[i].run_number == run->number;
        if (core->reported) core->physical = (int32_t)hello[i].physical_core;
        if (!core->adopted) continue;
        struct core_record record;
        memcpy(&record, records + record_core_offset(i), sizeof record);
        read_core(core, &record, record.told == run->number);
    }
    free(hello);
    free(welcome);
    return read;
}

static void read_schedulers(const npurt_run *run, struct evidence *e, const char *records)
{
    bool initialised = true;
    uint32_t expected = 0;
    for (uint32_t i = 0; i < run->threads && i < PROTOCOL_MAX_AICPU_THREADS; i++) {
        struct scheduler_record r;
        memcpy(&r, records + i * sizeof r, sizeof r);
        if (r.run_number != run->number) continue;
        const bool ever = r.told == run->number;
        e->told[e->scheduler_count] = ever && (r.stage == RECORD_DRAINING || r.look == run->looks);
        e->scheduler[e->scheduler_count++] = r;
        expected = r.schedulers;
        initialised = initialised && r.initialised == run->number;
        if (ever && (e->now == 0 || (int32_t)(r.now - e->now) > 0)) e->now = r.now;
    }
    const uint64_t nodes = run->timing.tasks + run->bank->graph.join_count;
    if (!initialised || e->scheduler_count == 0 || e->scheduler_count != expected) return;
    e->state = malloc(nodes * sizeof *e->state);
    if (e->state && read_device(run->device, e, e->state,
                                bank_control(run->bank) + RUN_HEAD + record_states_offset(run->threads),
                                nodes * sizeof *e->state))
        return;
    free(e->state);
    e->state = NULL;
}

static void read_stage(const npurt_run *run, struct evidence *e)
{
    if (run->callable->runtime != NPURT_TENSORMAP_AND_RINGBUFFER) return;
    struct stream_result result;
    const uint64_t at = bank_control(run->bank) - RUN_STREAM_RESULT;
    if (!read_device(run->device, e, &result, at, offsetof(struct stream_result, text))) return;
    e->stage = result.stage;
    if (e->stage == STREAM_WAITING || e->stage == STREAM_RETURNED_FROM) e->need = result.need;
}

bool evidence_gather(const npurt_run *run, bool ask, struct evidence *e)
{
    *e = (struct evidence){.core_count = 3 * run->clusters};
    const uint64_t size = record_core_offset(e->core_count);
    e->core = calloc(e->core_count + 1, sizeof *e->core);
    char *records = malloc(size);
    if (!e->core || !records) {
        free(records);
        return false;
    }
    e->readable = ask && read_device(run->device, e, records, run->device->lines.records, size) &&
                  read_cores(run, e, records);
    if (e->readable) {
        read_schedulers(run, e, records);
        read_stage(run, e);
    }
    free(records);
    return true;
}

void evidence_fini(struct evidence *e)
{
    free(e->core);
    free(e->state);
    *e = (struct evidence){0};
}

double evidence_age_ms(const struct evidence *e, const npurt_device *device, uint32_t stamp)
{
    if (!e->now || !stamp || !device->counter_hz) return -1;
    uint32_t ticks = e->now - stamp;
    if (stamp - e->now < 1u << 28) ticks = 0; /* written down after the telling */
    return (double)((uint64_t)ticks << RECORD_STAMP_SHIFT) * 1e3 / (double)device->counter_hz;
}
