/* Waiting for a run, and what happens when it fails.
 *
 * The AICore stream ends when every core has left its loop, the AICPU stream when the scheduler has answered. A core
 * that faults ends the AICore stream with an error while the other cores and the scheduler still wait for it; a
 * scheduler that faults leaves the cores in their loop. So the AICore stream is waited for in slices, with a look at
 * the other between.
 *
 * After a failure the scheduler is told to stop (run_command.abort) and names the tasks that did not come to an end;
 * that is the first cause. What the driver says is its fallout.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "blame.h"
#include "condition.h"
#include "dump.h"
#include "error.h"
#include "log.h"
#include "memory.h"
#include "reason.h"
#include "run.h"
#include "streamed.h"

enum {
    SLICE_MS = 50,       /* how late a scheduler that faulted is noticed */
    LAST_LOOK_MS = 1000, /* the scheduler has ended and saw its cores leave: their stream follows at once */
    GRACE_MS = 100,      /* for kernels that still run when the run is ended */
    ABORT_MS = 2000,     /* for the scheduler to answer after the grace */
    DRAIN_MS = 200,      /* for everything on the device to come to rest */
    RETURN_MS = 500,     /* for an orchestration to return when the schedulers have ended the run, or its time is up */
};

static const char sync_name[] = "rtStreamSynchronizeWithTimeout";

static rtError_t sync(npurt_device *device, struct outcome *o, rtStream_t stream, uint32_t timeout_ms)
{
    rtError_t code = device->driver->rtStreamSynchronizeWithTimeout(stream, (int32_t)timeout_ms);
    if (code != 0 && code != ACL_ERROR_RT_STREAM_SYNC_TIMEOUT && !o->said[0]) {
        const char *text = device->driver->aclGetRecentErrMsg();
        snprintf(o->said, sizeof o->said, "%s", text ? text : "");
    }
    return code;
}

/* What the device answers with lies together. */
struct answer {
    struct stream_result stream;
    char between[RUN_RESULT];
    struct run_result run;
};
_Static_assert(offsetof(struct answer, run) == RUN_STREAM_RESULT + RUN_RESULT, "answer");

/* Reads the scheduler's answer, and the orchestration's when there is one; an answer of another run is none. */
static void read_result(const npurt_run *run, struct outcome *o)
{
    const bool streamed = run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    const uint64_t first = streamed ? offsetof(struct answer, stream) : offsetof(struct answer, run);
    struct answer answer;
    const uint64_t at = bank_control(run->bank) - RUN_STREAM_RESULT + first, size = sizeof answer - first;
    rtError_t code = run->device->driver->rtMemcpy((char *)&answer + first, size, device_pointer(at), size,
                                                   RT_MEMCPY_DEVICE_TO_HOST);
    if (code == 0) o->result = answer.run;
    o->answered = code == 0 && answer.run.done == run->number;
    o->told = o->answered && streamed && answer.stream.done == run->number;
    if (o->told)
        o->stream = answer.stream;
    else if (code == 0 && streamed)
        o->stream = (struct stream_result){.stage = answer.stream.stage};
    if (!o->read) o->read = code;
}

static rtError_t write_abort(const npurt_run *run, uint32_t grace_ms)
{
    const struct run_command command = {.abort = 1, .grace_ms = grace_ms};
    return run->device->driver->rtMemcpy(device_pointer(bank_control(run->bank) + RUN_COMMAND), sizeof command,
                                         &command, sizeof command, RT_MEMCPY_HOST_TO_DEVICE);
}

/* True when an orchestration on the device has had its time and has not returned. While it waits for room or for an
 * element the schedulers' own limit has the better report, and a little more time for it. */
static bool is_out_of_time(npurt_run *run, struct outcome *o)
{
    const uint64_t limit = run->device->options.orchestration_timeout_ms, ms = (run_now_ns() - run->started_ns) / 1000000;
    if (limit == 0 || ms < limit || o->returned) return false;
    read_result(run, o);
    o->returned = o->told || o->stream.stage == STREAM_RETURNED_FROM;
    if (o->returned) return false;
    return ms >= limit + (o->stream.stage == STREAM_WAITING ? RETURN_MS : 0);
}

/* The cores have left. The AICPU stream follows at once, unless an orchestration keeps its thread: then the schedulers have
 * ended the run, since nothing moved, and nobody else will end it. */
static void wait_cpu(npurt_run *run, struct outcome *o, uint32_t left)
{
    npurt_device *device = run->device;
    const bool streamed = run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    if (left < LAST_LOOK_MS) left = LAST_LOOK_MS;
    if (streamed) {
        o->cpu = sync(device, o, device->cpu_stream, RETURN_MS);
        if (o->cpu != ACL_ERROR_RT_STREAM_SYNC_TIMEOUT) return;
        read_result(run, o);
        if (streamed_overran(o)) return;
    }
    o->cpu = sync(device, o, device->cpu_stream, left);
}

/* Waits until both streams have ended, one has failed, the time is up, or somebody wants the wait to end. */
static void wait_streams(npurt_run *run, struct outcome *o)
{
    npurt_device *device = run->device;
    const bool streamed = run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    uint32_t left = device->options.sync_timeout_ms;
    o->cpu = ACL_ERROR_RT_STREAM_SYNC_TIMEOUT;
    do {
        const uint32_t slice = left < SLICE_MS ? left : SLICE_MS;
        o->core = sync(device, o, device->core_stream, slice);
        left -= slice;
        if (o->core != ACL_ERROR_RT_STREAM_SYNC_TIMEOUT) break;
        if (atomic_load(&device->flight.leave)) {
            o->left = true;
            return;
        }
        /* The query does not report failures, the synchronize that follows does. */
        if (device->driver->rtStreamQuery(device->cpu_stream) == 0) {
            o->cpu = sync(device, o, device->cpu_stream, LAST_LOOK_MS);
            if (o->cpu == 0) read_result(run, o);
            if (o->cpu == 0 && o->answered && (o->result.code == RUN_OK || o->result.code == RUN_ORCHESTRATION))
                o->core = sync(device, o, device->core_stream, LAST_LOOK_MS);
            return;
        }
        if (!o->cancelled && flight_is_cancelled(run)) {
            o->cancelled = write_abort(run, GRACE_MS) == 0;
            if (left > GRACE_MS + ABORT_MS) left = GRACE_MS + ABORT_MS; /* for its answer */
        }
        if (streamed && is_out_of_time(run, o)) {
            o->overran = true;
            return;
        }
    } while (left);
    if (o->core == 0) wait_cpu(run, o, left);
}

npurt_status run_abort(npurt_run *run, uint32_t grace_ms)
{
    const rtError_t code = write_abort(run, grace_ms);
    if (code == 0) return NPURT_OK;
    return error_driver(code, "rtMemcpy", "telling the scheduler to end a run of \"%s\"", run->callable->name);
}

/* The cores are at rest and the orchestration keeps its thread: nothing is to be waited for but its return. */
static bool overran_idle(const npurt_run *run, const struct outcome *o)
{
    return run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER && o->core == 0 && streamed_overran(o);
}

/* Tells the scheduler to stop and waits for what it has to say. */
static void end_run(npurt_run *run, struct outcome *o)
{
    npurt_device *device = run->device;
    if (o->cpu == ACL_ERROR_RT_STREAM_SYNC_TIMEOUT && !error_is_lost(o->core)) {
        const rtError_t code = write_abort(run, GRACE_MS);
        const uint32_t answer_ms = o->overran || overran_idle(run, o) ? RETURN_MS : ABORT_MS;
        o->cpu = code == 0 ? sync(device, o, device->cpu_stream, GRACE_MS + answer_ms) : code;
    }
    if (o->core == ACL_ERROR_RT_STREAM_SYNC_TIMEOUT && !error_is_lost(o->cpu))
        o->core = sync(device, o, device->core_stream, DRAIN_MS);
    if (!o->answered && !error_is_lost(o->core) && !error_is_lost(o->cpu)) read_result(run, o);
}

/* No kernel is to blame. */
__attribute__((format(printf, 1, 2))) static npurt_status stalled(const char *format, ...)
{
    char text[400];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    error_raise(NPURT_ERROR_STALLED, "%s", text);
    error_hint("no kernel of yours is known to be at fault: the cores, the scheduler or the driver are");
    return NPURT_ERROR_STALLED;
}

static npurt_status silent(const npurt_run *run, uint32_t index)
{
    const int32_t core = blame_silent(run, index);
    if (core == NPURT_NO_CORE)
        return stalled("core %u of the launch never reported to the scheduler (\"%s\")", index, run->callable->name);
    npurt_status status =
        stalled("core %u of the launch never reported to the scheduler (\"%s\"): physical core %d, an %s", index,
                run->callable->name, core, index < run->clusters ? "AIC" : "AIV");
    error_place(NPURT_NO_TASK, NPURT_NO_KERNEL, "", core);
    return status;
}

/* Unless it is a condition. */
static npurt_status held_up(const npurt_run *run, const struct outcome *o, npurt_status status)
{
    if (condition_is_waited_for(o)) condition_tell(run, o);
    return status;
}

static npurt_status cancelled(const npurt_callable *c, const struct outcome *o)
{
    const struct run_suspect *s = blame_first(o);
    if (!s)
        return error_raise(NPURT_ERROR_CANCELLED, "a run of \"%s\" was cancelled after %u tasks", c->name,
                           o->result.tasks_completed);
    error_raise(NPURT_ERROR_CANCELLED,
                "a run of \"%s\" was cancelled after %u tasks; kernel \"%s\" (id %d) did not end on core %d", c->name,
                o->result.tasks_completed, callable_kernel_name(c, s->kernel), s->kernel, s->physical_core);
    error_place(s->task, s->kernel, callable_kernel_name(c, s->kernel), s->physical_core);
    return NPURT_ERROR_CANCELLED;
}

static npurt_status bad_predicate(const npurt_callable *c, const struct run_result *r)
{
    error_raise(NPURT_ERROR_GRAPH,
                "task %" PRId64 " of \"%s\": its predicate is about an element at 0x%" PRIx64
                ", which is no memory of the device",
                r->detail, c->name, r->address);
    error_place(r->detail, NPURT_NO_KERNEL, "", NPURT_NO_CORE);
    error_hint("the `addr` of the predicate's tensor is neither an argument's, nor a submitted output's, nor allocated");
    return NPURT_ERROR_GRAPH;
}

/* Raises the first cause. */
static npurt_status explain(const struct dump *dump, const struct outcome *o)
{
    const npurt_run *run = dump->run;
    const npurt_callable *c = run->callable;
    const npurt_device *device = run->device;
    const struct run_result *r = &o->result;
    const bool streamed = c->runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    char waited[64];
    const rtError_t lost = error_is_lost(o->core) ? o->core : error_is_lost(o->cpu) ? o->cpu : 0;
    if (run->cancelled && !o->answered && !lost)
        return error_raise(NPURT_ERROR_CANCELLED, "a run of \"%s\" was cancelled and its scheduler does not answer", c->name);
    if (lost && lost != ACL_ERROR_RT_SOCKET_CLOSE)
        return error_driver(lost, sync_name, "the device failed during a run of \"%s\"", c->name);
    if (lost) {
        npurt_status status =
            error_raise(NPURT_ERROR_LOST, "the device-side process went away during a run of \"%s\"", c->name);
        error_hint("it was killed or crashed");
        return status;
    }
    const npurt_status core = error_status_of(o->core);
    if (core == NPURT_ERROR_KERNEL_FAULT || o->core == 507016 || o->core == 507035 || o->core == 507036)
        return blame_kernel(dump, o, NPURT_ERROR_KERNEL_FAULT, "faulted");
    if (o->overran && o->answered && blame_first(o)) {
        snprintf(waited, sizeof waited, "did not end within %u ms", device->options.orchestration_timeout_ms);
        return blame_kernel(dump, o, NPURT_ERROR_KERNEL_TIMEOUT, waited);
    }
    if (streamed && (o->overran || streamed_overran(o)) && !run->cancelled) return streamed_explain_overrun(dump, o);
    if (core == NPURT_ERROR_KERNEL_TIMEOUT || o->core == 507034)
        return blame_kernel(dump, o, NPURT_ERROR_KERNEL_TIMEOUT, "outran the op-execute timeout");
    if (o->answered) {
        switch ((enum run_code)r->code) {
        case RUN_OK:
            if (!streamed || o->core != 0 || o->cpu != 0) break;
            return streamed_explain(run, o);
        case RUN_KERNEL_STUCK:
            snprintf(waited, sizeof waited, "made no progress for %u ms", device->options.scheduler_timeout_ms);
            return blame_kernel(dump, o, NPURT_ERROR_KERNEL_TIMEOUT, waited);
        case RUN_ABORTED:
            if (run->cancelled) return cancelled(c, o);
            snprintf(waited, sizeof waited, "did not end within %u ms", device->options.sync_timeout_ms);
            if (blame_first(o)) return blame_kernel(dump, o, NPURT_ERROR_KERNEL_TIMEOUT, waited);
            return held_up(run, o,
                           stalled("the run of \"%s\" did not end within %u ms: %u tasks were completed", c->name,
                                   device->options.sync_timeout_ms, r->tasks_completed));
        case RUN_STALLED:
            if (condition_is_waited_for(o))
                return held_up(run, o,
                               stalled("\"%s\" stalled: nothing moved for %u ms, %u tasks completed, no kernel "
                                       "running",
                                       c->name, device->options.scheduler_timeout_ms, r->tasks_completed));
            return stalled("\"%s\" stalled: %u tasks completed, %" PRId64 " left, no kernel running", c->name,
                           r->tasks_completed, streamed ? (int64_t)dump->waits.unfinished : r->detail);
        case RUN_HANDSHAKE_TIMEOUT:
            return silent(run, (uint32_t)r->detail);
        case RUN_EXIT_TIMEOUT:
            return stalled("core %" PRId64 " did not leave its loop after \"%s\"", r->detail, c->name);
        case RUN_BAD_PROTOCOL:
            return error_raise(NPURT_ERROR_BAD_BINARY, "the device programs speak another protocol version than %u",
                               PROTOCOL_VERSION);
        case RUN_BAD_IMAGE:
            return error_raise(NPURT_ERROR_AICPU_FAULT,
                               "the AICPU program refuses the graph image of \"%s\" (detail %" PRId64 ")", c->name,
                               r->detail);
        case RUN_BAD_CORE:
            return error_raise(NPURT_ERROR_AICPU_FAULT, "a core calls itself number %" PRId64 ", which is none of ours",
                               r->detail);
        case RUN_BAD_KERNEL:
            return error_raise(NPURT_ERROR_GRAPH,
                               "task %" PRId64
                               " of \"%s\" names a kernel that the callable does not have, or of the other core type",
                               r->detail, c->name);
        case RUN_ORCHESTRATION:
            return streamed_explain(run, o);
        case RUN_BAD_CONDITION:
            return condition_refused(run, o);
        case RUN_BAD_PREDICATE:
            return bad_predicate(c, r);
        }
    }
    if (o->cpu != 0 && o->cpu != ACL_ERROR_RT_STREAM_SYNC_TIMEOUT) {
        if (streamed && reason_names_orchestration(o->said)) return streamed_explain_fault(dump, o);
        char reason[240];
        reason_text(o->said, reason, sizeof reason);
        npurt_status status = error_raise(NPURT_ERROR_AICPU_FAULT, "the AICPU program failed during a run of \"%s\"%s%s",
                                          c->name, *reason ? ": " : "", reason);
        error_driver_code(o->cpu, sync_name);
        error_hint("%s", o->said[0] ? o->said : "the AICPU log names the fault");
        return status;
    }
    if (o->core != 0 && o->core != ACL_ERROR_RT_STREAM_SYNC_TIMEOUT)
        return error_driver(o->core, sync_name, "the cores failed during a run of \"%s\"", c->name);
    if (o->read != 0) return error_driver(o->read, "rtMemcpy", "reading the result of a run of \"%s\"", c->name);
    return stalled("the run of \"%s\" did not end within %u ms and its scheduler does not answer", c->name,
                   device->options.sync_timeout_ms);
}

void run_watch(npurt_run *run, struct outcome *o)
{
    *o = (struct outcome){0};
    wait_streams(run, o);
    if (!o->left && o->core == 0 && o->cpu == 0 && !o->answered) read_result(run, o);
}

bool run_is_good(const npurt_run *run, const struct outcome *o)
{
    const bool streamed = run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    return o->core == 0 && o->cpu == 0 && o->answered && o->result.code == RUN_OK && o->told == streamed;
}

bool run_is_over(npurt_run *run)
{
    const npurt_device *device = run->device;
    return device->driver->rtStreamQuery(device->core_stream) != ACL_ERROR_RT_STREAM_NOT_COMPLETE ||
           device->driver->rtStreamQuery(device->cpu_stream) != ACL_ERROR_RT_STREAM_NOT_COMPLETE;
}

/* Adds what followed to the record. Returns the state in which the device is left. */
static npurt_device_state fall_out(const npurt_run *run, const struct outcome *o, npurt_status status)
{
    const npurt_device *device = run->device;
    if (o->core == 0 && o->cpu == 0) return NPURT_DEVICE_HEALTHY; /* both streams ended by themselves: it is at rest */
    error_fallout(o->core, sync_name);
    error_fallout(o->cpu, sync_name);
    error_fallout(o->read, "rtMemcpy");
    if (status == NPURT_ERROR_KERNEL_FAULT || status == NPURT_ERROR_KERNEL_TIMEOUT) {
        if (o->said[0]) log_write(LOG_LEVEL_WARN, "run", "the driver says: %s", o->said);
        if (o->core != ACL_ERROR_RT_STREAM_SYNC_TIMEOUT) error_driver_code(o->core, sync_name);
    }
    if (status == NPURT_ERROR_LOST) return NPURT_DEVICE_LOST;
    error_fallout(device->driver->aclrtSynchronizeDeviceWithTimeout(DRAIN_MS), "aclrtSynchronizeDeviceWithTimeout");
    return NPURT_DEVICE_POISONED;
}

npurt_status run_settle(npurt_run *run, struct outcome *o)
{
    npurt_device *device = run->device;
    struct dump dump;
    if (run_is_good(run, o)) return NPURT_OK;
    device_set_state(device, NPURT_DEVICE_DRAINING);
    run->cancelled |= o->cancelled;
    end_run(run, o);
    dump_gather(run, !error_is_lost(o->core) && !error_is_lost(o->cpu), &dump); /* before the device is let go */
    npurt_status status = explain(&dump, o);
    if (run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER) streamed_tell_codes(o);
    if ((status == NPURT_ERROR_STALLED || status == NPURT_ERROR_KERNEL_TIMEOUT) && !streamed_overran(o))
        dump_tell_waits(&dump);
    const npurt_device_state state = fall_out(run, o, status);
    if (state != NPURT_DEVICE_HEALTHY) error_hint_add("reset the device"); /* whatever the cause */
    /* A run that was cancelled and left nothing behind has not failed. */
    if (status != NPURT_ERROR_CANCELLED || state != NPURT_DEVICE_HEALTHY) dump_failure(&dump, o, state);
    dump_fini(&dump);
    bank_distrust(run->bank);
    device_set_state(device, state);
    return status;
}
