#include "streamed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "bootstrap.h"
#include "code.h"
#include "contents.h"
#include "error.h"
#include "log.h"
#include "memory.h"
#include "reason.h"
#include "rings.h"
#include "stream_code.h"

/* ---- binding */

static struct stream_control *control_picture(const struct run_bank *bank)
{
    return (struct stream_control *)(bank->upload + RUN_SMALL_IMAGE - RUN_STREAM_CONTROL);
}

const struct stream_control *streamed_control(const npurt_run *run)
{
    return control_picture(run->bank);
}

/* Tensors and scalars, right before the stream_control. */
static uint64_t put_args(struct run_bank *bank, const npurt_call_args *args, struct stream_control *control)
{
    const uint64_t tensors = args->tensor_count * sizeof(npurt_tensor), scalars = args->scalar_count * sizeof(uint64_t);
    const uint64_t size = (tensors + scalars + PROTOCOL_LINE - 1) / PROTOCOL_LINE * PROTOCOL_LINE;
    char *to = bank->upload + RUN_SMALL_IMAGE - RUN_STREAM_CONTROL - size;
    memcpy(to, bank->tensor, tensors);
    if (scalars) memcpy(to + tensors, args->scalars, scalars);
    control->tensor_count = args->tensor_count;
    control->scalar_count = args->scalar_count;
    control->args = bank_control(bank) - RUN_STREAM_CONTROL - size;
    return size;
}

static npurt_status ship(npurt_run *run, const npurt_call_args *args, struct stream_control *control)
{
    struct run_bank *bank = run->bank;
    const uint64_t size = put_args(bank, args, control) + RUN_STREAM_CONTROL;
    struct run_control head = run_control_of(run);
    head.stream = bank_control(bank) - RUN_STREAM_CONTROL;
    control->run_number = run->number;
    bank->small_size = 0; /* its picture is written over */
    *control_picture(bank) = *control;
    memset(bank->upload + RUN_SMALL_IMAGE - RUN_STREAM_RESULT, 0, RUN_STREAM_RESULT);
    memcpy(bank->upload + RUN_SMALL_IMAGE, &head, sizeof head);
    return memory_write(run->device, bank_control(bank) - size, bank->upload + RUN_SMALL_IMAGE - size,
                        size + RUN_HEAD + RUN_WORKSPACE_ZERO, "the run's control block");
}

npurt_status streamed_bind(npurt_run *run, const npurt_call_args *args)
{
    npurt_callable *c = run->callable;
    npurt_device *device = run->device;
    char whose[96];
    snprintf(whose, sizeof whose, "call of \"%s\"", c->name);
    npurt_status status = rings_check(args->ring, whose);
    if (status != NPURT_OK) return status;
    status = bank_grow_block(device, run->bank, image_workspace_size(0, false, run->threads));
    if (status != NPURT_OK) return status;
    const uint64_t start = run_now_ns();
    struct stream_control control = {.version = STREAM_VERSION,
                                     .callable = c->number,
                                     .cluster_count = device->info.clusters,
                                     .orchestration = c->streamed->address,
                                     .orchestration_size = c->streamed->size,
                                     .result = bank_control(run->bank) - RUN_STREAM_RESULT};
    rings_choose(c, args, &control);
    /* While a run executes the arena is that run's: whoever needs another one makes it when he starts. */
    if (!arena_is_for(device, &control) && !device->flight.executing) status = arena_settle(device, &control);
    if (status == NPURT_OK) status = contents_copy_in(run);
    run->clusters = device->info.clusters;
    run->engine_key = control.engine_key;
    if (status == NPURT_OK) status = ship(run, args, &control);
    run->timing.copy_ns = run_now_ns() - start;
    if (status != NPURT_OK) return status;
    run->shipped = true;
    log_write(LOG_LEVEL_DEBUG, "run", "\"%s\" run %u: graph built on the device, %u clusters, %u AICPU threads",
              c->name, run->number, run->clusters, run->threads);
    return NPURT_OK;
}

npurt_status streamed_settle(npurt_run *run)
{
    npurt_device *device = run->device;
    struct stream_control *control = control_picture(run->bank);
    npurt_status status = arena_settle(device, control);
    if (status != NPURT_OK || control->engine_key == run->engine_key) return status;
    run->engine_key = control->engine_key;
    return memory_write(device, bank_control(run->bank) - RUN_STREAM_CONTROL, control, sizeof *control,
                        "the run's rings");
}

/* ---- its end */

void streamed_time(npurt_run *run, const struct stream_result *result)
{
    run->timing.tasks = result->tasks < UINT32_MAX ? (uint32_t)result->tasks : UINT32_MAX;
    run->timing.orchestration_ns =
        (uint64_t)((double)result->orchestration_ticks * 1e9 / (double)run->device->counter_hz);
    run->timing.orchestration_loads = result->loaded != 0;
    run->timing.template_records = result->template_records;
    run->timing.template_replays = result->template_replays;
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        log_write(LOG_LEVEL_DEBUG, "rings",
                  "\"%s\" run %u, ring %u: at most %u tasks, %u edges, %" PRIu64 " bytes in use", run->callable->name,
                  run->number, r, result->tasks_high[r], result->edges_high[r], result->heap_high[r]);
}

/* The status of a refusal, when it is one that the engine refuses with. Those that say something of the device or of a
 * kernel are none: an answer that was damaged does not make a healthy device LOST. */
static npurt_status refused_with(uint32_t status, npurt_status otherwise)
{
    switch (status) {
    case NPURT_ERROR_INVALID_ARGUMENT:
        return NPURT_ERROR_GRAPH;
    case NPURT_ERROR_OUT_OF_DEVICE_MEMORY:
    case NPURT_ERROR_LIMIT:
    case NPURT_ERROR_ORCHESTRATION:
    case NPURT_ERROR_UNSUPPORTED:
        return (npurt_status)status;
    default:
        return otherwise;
    }
}

npurt_status streamed_explain(const npurt_run *run, const struct outcome *o)
{
    const struct stream_result *r = &o->stream;
    const char *name = run->callable->name;
    char text[STREAM_TEXT];
    if (!o->told || r->code == STREAM_OK)
        return error_raise(NPURT_ERROR_AICPU_FAULT,
                           "the orchestration of \"%s\" ended on the device and left no word about it", name);
    snprintf(text, sizeof text, "%.*s", (int)sizeof r->text - 1, r->text);
    const struct stream_code_entry *entry = stream_code_of(r->code);
    npurt_status status = entry->status;
    if (r->code == STREAM_LIMIT) status = refused_with(r->status, status);
    if (r->code == STREAM_RETURNED)
        error_raise(status, "orchestration of \"%s\" returned %d", name, r->returned);
    else if (r->code == STREAM_EXPLICIT_ORCH_FATAL)
        error_raise(status, "orchestration of \"%s\" failed with code %d: %s (%s, code %u)", name, r->user_code, text,
                    entry->name, r->code);
    else
        error_raise(status, "orchestration of \"%s\": %s (%s, code %u)", name, text, entry->name, r->code);
    if (r->capacity)
        error_hint("heap_bytes of ring %u: %" PRIu64 " gets past this point; %s", r->ring, r->capacity, entry->hint);
    else
        error_hint("%s", entry->hint);
    return status;
}

void streamed_tell_codes(const struct outcome *o)
{
    if (!o->answered || (o->result.code != RUN_STALLED && o->result.code != RUN_KERNEL_STUCK)) return;
    error_append(" (%s, code %d)", stream_code_of(STREAM_SCHEDULER_TIMEOUT)->name, STREAM_SCHEDULER_TIMEOUT);
    if (o->told && o->stream.code == STREAM_TENSOR_WAIT_TIMEOUT)
        error_append("; the orchestration waited for an element (%s, code %u)", stream_code_of(o->stream.code)->name,
                     o->stream.code);
}

static bool is_timeout(rtError_t code)
{
    return code == 0 || code == ACL_ERROR_RT_STREAM_SYNC_TIMEOUT || code == ACL_ERROR_RT_AICORE_TIMEOUT ||
           code == ACL_ERROR_RT_AICPU_TIMEOUT;
}

bool streamed_overran(const struct outcome *o)
{
    if (o->answered || !is_timeout(o->core) || !is_timeout(o->cpu)) return false;
    return o->stream.stage == STREAM_BUILDING || o->stream.stage == STREAM_LOADING;
}

/* "it has submitted 3 tasks, the last of them task 2 "add"". */
static void tell_submitted(const struct dump *dump, char *text, size_t size)
{
    char last[DUMP_TASK_NAME];
    if (dump->tasks.count == 0)
        snprintf(text, size, "it has submitted no task that is known of");
    else
        snprintf(text, size, "it has submitted %u tasks, the last of them %s", dump->tasks.total,
                 dump_task_name(dump, dump->tasks.count - 1, last));
}

npurt_status streamed_explain_overrun(const struct dump *dump, const struct outcome *o)
{
    const npurt_run *run = dump->run;
    const char *name = run->callable->name;
    const uint64_t ms = o->overran ? run->device->options.orchestration_timeout_ms
                                   : (run_now_ns() - run->started_ns) / 1000000;
    char submitted[160];
    tell_submitted(dump, submitted, sizeof submitted);
    if (o->stream.stage == STREAM_LOADING)
        error_raise(NPURT_ERROR_STALLED, "orchestration of \"%s\": the device was still loading it after %" PRIu64 " ms",
                    name, ms);
    else
        error_raise(NPURT_ERROR_STALLED, "orchestration of \"%s\" did not return within %" PRIu64 " ms; %s", name, ms,
                    submitted);
    error_hint("the orchestration loops, or waits for something that does not come; one that needs longer has "
               "orchestration_timeout_ms (npurt run --timeout)");
    return NPURT_ERROR_STALLED;
}

npurt_status streamed_explain_fault(const struct dump *dump, const struct outcome *o)
{
    char reason[240], hint[200], submitted[160];
    tell_submitted(dump, submitted, sizeof submitted);
    error_raise(NPURT_ERROR_ORCHESTRATION, "orchestration of \"%s\" faulted on the device: %s; %s",
                dump->run->callable->name, reason_text(o->said, reason, sizeof reason), submitted);
    error_driver_code(o->cpu, "rtStreamSynchronizeWithTimeout");
    error_hint("%s", reason_hint(o->said, "orchestration", hint, sizeof hint));
    return NPURT_ERROR_ORCHESTRATION;
}

/* ---- unloading */

npurt_status streamed_finish_unloads(npurt_device *device)
{
    if (!device->arena.unloading) return NPURT_OK;
    device->arena.unloading = false;
    const rtError_t code =
        device->driver->rtStreamSynchronizeWithTimeout(device->cpu_stream, (int32_t)device->options.sync_timeout_ms);
    if (code == 0) return NPURT_OK;
    return error_driver(code, "rtStreamSynchronizeWithTimeout", "closing orchestrations on the device");
}

npurt_status streamed_unload(npurt_callable *c)
{
    npurt_device *device = c->device;
    if (!c->known_on_device) return NPURT_OK;
    const struct stream_unload unload = {.version = STREAM_VERSION, .callable = c->number};
    const uint64_t at = arena_unload_place(device);
    c->known_on_device = false;
    npurt_status status = memory_write(device, at, &unload, sizeof unload, "the unload of an orchestration");
    if (status == NPURT_OK) status = bootstrap_launch(device, device->unload, 1, at);
    if (status != NPURT_OK) return status;
    device->arena.unloading = true;
    return device->flight.executing ? NPURT_OK : streamed_finish_unloads(device);
}
