#include "flight.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "error.h"
#include "log.h"
#include "run.h"
#include "streamed.h"

void flight_init(npurt_device *device)
{
    pthread_cond_init(&device->flight.changed, NULL);
}

void flight_fini(npurt_device *device)
{
    while (device->flight.handles) {
        npurt_run *next = device->flight.handles->next;
        handle_give(device->flight.handles->entry);
        free(device->flight.handles);
        device->flight.handles = next;
    }
    pthread_cond_destroy(&device->flight.changed);
}

/* ---- one run's way */

static npurt_run *take_handle(npurt_device *device)
{
    npurt_run *run = device->flight.handles;
    while (run && run->state != FLIGHT_FREE)
        run = run->next;
    if (run) return run;
    struct handle_entry *entry = handle_take(HANDLE_RUN, device->entry, device->info.target);
    if (!entry || !(run = calloc(1, sizeof *run))) {
        handle_give(entry);
        return NULL;
    }
    run->entry = entry;
    run->device = device;
    run->next = device->flight.handles;
    device->flight.handles = run;
    return run;
}

void flight_release(npurt_run *run)
{
    handle_close(run->entry, NULL);
    run->state = FLIGHT_FREE;
}

static bool is_checked(const npurt_run *run)
{
    return run->flags & NPURT_CALL_LEAK_CHECK || run->device->options.leak_check;
}

/* Out of flight, whatever state it was in; wakes whoever waits. */
static void end(npurt_run *run, npurt_status status)
{
    npurt_device *device = run->device;
    run->status = status;
    if (status != NPURT_OK) run->error = *npurt_error_last();
    run->timing.host_wall_ns = run_now_ns() - run->began_ns;
    run->bank->run = NULL;
    run->bank = NULL;
    run->callable->in_flight--;
    run->callable = NULL;
    run->state = FLIGHT_ENDED;
    pthread_cond_broadcast(&device->flight.changed);
}

/* What becomes of a run that the calling thread need not have launched is no part of the thread's own record. */
static void end_refused(npurt_run *run, npurt_status status, const char *why)
{
    struct error_state own;
    error_save(&own);
    error_begin(run->call);
    error_raise(status, "a run of \"%s\" %s", run->callable->name, why);
    end(run, status);
    error_restore(&own);
}

static void end_poisoned(npurt_run *run)
{
    struct error_state own;
    npurt_device *device = run->device;
    const bool lost = atomic_load(&device->state) == NPURT_DEVICE_LOST;
    error_save(&own);
    error_begin(run->call);
    end(run, error_refuse(lost ? NPURT_ERROR_LOST : NPURT_ERROR_POISONED, &device->cause,
                          "the run before it failed and this one was not started"));
    error_restore(&own);
}

static bool drained(void *context, const struct slot_streams *holder)
{
    const npurt_device *device = context;
    return device->driver->rtStreamQuery(holder->core) != ACL_ERROR_RT_STREAM_NOT_COMPLETE &&
           device->driver->rtStreamQuery(holder->cpu) != ACL_ERROR_RT_STREAM_NOT_COMPLETE;
}

bool flight_is_cancelled(const npurt_run *run)
{
    return atomic_load_explicit(&run->device->entry->cancels, memory_order_acquire) != run->cancels;
}

static npurt_status start(npurt_run *run)
{
    npurt_device *device = run->device;
    const struct slot_streams own = {device->core_stream, device->cpu_stream};
    run->ticket = slot_run_begin(device->slot, drained, device);
    run->started_ns = run_now_ns();
    log_run_begin(run);
    npurt_status status = run_start(run);
    if (status != NPURT_OK) {
        log_run_end(run);
        slot_run_end(device->slot, run->ticket);
        return status;
    }
    slot_run_started(device->slot, run->ticket, &own);
    run->state = FLIGHT_EXECUTING;
    device->flight.executing = run;
    return NPURT_OK;
}

static void start_queued(npurt_device *device)
{
    npurt_run *run = device->flight.queued;
    if (!run) return;
    device->flight.queued = NULL;
    if (atomic_load(&device->state) != NPURT_DEVICE_HEALTHY) {
        end_poisoned(run);
        return;
    }
    if (flight_is_cancelled(run)) {
        end_refused(run, NPURT_ERROR_CANCELLED, "was cancelled before it started");
        return;
    }
    struct error_state own;
    error_save(&own);
    error_begin(run->call);
    npurt_status status = start(run);
    if (status != NPURT_OK) end(run, status);
    error_restore(&own);
}

static void copy_out(npurt_run *run)
{
    struct error_state own;
    const bool outputs = run->timing.tasks && args_has_outputs(run->callable, run->bank);
    if (!is_checked(run) && !outputs) {
        end(run, NPURT_OK);
        return;
    }
    const uint64_t ended = run_now_ns();
    error_save(&own);
    error_begin(run->call);
    npurt_status status = outputs ? args_copy_out(run->callable, run->bank) : NPURT_OK;
    run->timing.copy_ns += run_now_ns() - ended;
    if (status == NPURT_OK && is_checked(run)) status = growth_check(run->device, &run->mark, run->callable->name);
    end(run, status);
    error_restore(&own);
}

/* The executing run has ended. The next one starts before outputs are copied back: its bank is another. */
static void retire(npurt_run *run, struct outcome *o)
{
    npurt_device *device = run->device;
    npurt_status status = NPURT_OK;
    struct error_state own;
    if (!run_is_good(run, o)) {
        error_save(&own);
        error_begin(run->call);
        status = run_settle(run, o);
        if (status != NPURT_OK) run->error = *npurt_error_last();
        error_restore(&own);
    }
    device->flight.executing = NULL;
    log_run_end(run);
    slot_run_end(device->slot, run->ticket);
    growth_look(device);
    start_queued(device);
    if (status == NPURT_OK) {
        const struct run_result *r = &o->result;
        run->timing.device_wall_ns =
            (uint64_t)((double)(r->end_ticks - r->start_ticks) * 1e9 / (double)device->counter_hz);
        run->timing.register_loads = r->register_loads;
        run->timing.schedulers = r->schedulers;
        run->timing.scheduled = r->scheduled;
        run->timing.staged_blocks = r->staged;
        if (o->told) streamed_time(run, &o->stream);
        if (run->timing.template_records)
            log_write(LOG_LEVEL_INFO, "run", "\"%s\" run %u: %u templates recorded, %u uses replayed",
                      run->callable->name, run->number, run->timing.template_records, run->timing.template_replays);
        log_write(LOG_LEVEL_DEBUG, "run",
                  "\"%s\" run %u: cores adopted after %" PRIu64 " ticks, done after %" PRIu64 "; %" PRIu64
                  " dispatches, %" PRIu64 " loads and %" PRIu64 " stores of registers",
                  run->callable->name, r->done, r->ready_ticks - r->start_ticks, r->end_ticks - r->start_ticks,
                  r->dispatches, r->register_loads, r->register_stores);
    }
    if (status != NPURT_OK) {
        error_save(&own);
        error_adopt(&run->error);
        end(run, status);
        error_restore(&own);
    } else {
        copy_out(run);
    }
}

/* ---- waiting */

/* One step towards the end of the executing run: watches it, or waits for the thread that does. */
static npurt_status help(npurt_device *device)
{
    struct flight *f = &device->flight;
    if (!f->executing || f->watched || atomic_load(&f->leave)) {
        pthread_cond_wait(&f->changed, &device->entry->lock);
        return NPURT_OK;
    }
    npurt_status status = device_bind_thread(device);
    if (status != NPURT_OK) return status;
    npurt_run *run = f->executing;
    struct outcome o;
    f->watched = true;
    pthread_mutex_unlock(&device->entry->lock);
    run_watch(run, &o);
    pthread_mutex_lock(&device->entry->lock);
    f->watched = false;
    if (o.left)
        pthread_cond_broadcast(&f->changed);
    else
        retire(run, &o);
    return NPURT_OK;
}

void flight_advance(npurt_device *device)
{
    struct flight *f = &device->flight;
    while (f->executing && !f->watched && !atomic_load(&f->leave) && run_is_over(f->executing))
        if (help(device) != NPURT_OK) return;
}

npurt_status flight_wait(npurt_run *run)
{
    npurt_status status = NPURT_OK;
    while (run->state != FLIGHT_ENDED && status == NPURT_OK)
        status = help(run->device);
    return status;
}

npurt_status flight_settle(npurt_device *device, const npurt_callable *callable)
{
    npurt_status status = NPURT_OK;
    while (status == NPURT_OK && (callable ? callable->in_flight != 0 : device->flight.executing != NULL))
        status = help(device);
    return status;
}

void flight_end_all(npurt_device *device)
{
    struct flight *f = &device->flight;
    atomic_store(&f->leave, true);
    while (f->watched)
        pthread_cond_wait(&f->changed, &device->entry->lock);
    atomic_store(&f->leave, false);
    npurt_run *run[] = {f->executing, f->queued};
    f->executing = f->queued = NULL;
    if (run[0]) {
        log_run_end(run[0]);
        slot_run_end(device->slot, run[0]->ticket);
    }
    for (int i = 0; i < 2; i++)
        if (run[i]) end_refused(run[i], NPURT_ERROR_CANCELLED, "was in flight when the device was reset");
}

/* ---- launching */

/* Waits for a bank. The device may have failed, and the callable gone out of date, meanwhile. */
static npurt_status wait_for_bank(npurt_callable *c, uint32_t flags)
{
    npurt_device *device = c->device;
    struct flight *f = &device->flight;
    if (f->queued) flight_advance(device);
    while (f->queued || atomic_load(&f->leave)) {
        if (flags & NPURT_CALL_NO_WAIT)
            return error_raise(NPURT_ERROR_BUSY, "two runs are in flight on %s", device->info.target);
        npurt_status status = help(device);
        if (status != NPURT_OK) return status;
    }
    return device->closing ? handle_refuse_closed(device->entry) : device_check_work(device);
}

static struct run_bank *free_bank(npurt_device *device)
{
    for (int b = 0; b < BANKS; b++)
        if (!device->bank[b].run) return &device->bank[b];
    abort(); /* one executing run at most, and none queued */
}

/* A driver that refuses while another run executes refuses because of that run, more likely than not: its end says. */
static npurt_status blame_executing(npurt_device *device, npurt_status status, const char *call)
{
    const bool refused = status == NPURT_ERROR_DRIVER || status == NPURT_ERROR_LOST;
    if (!refused || !device->flight.executing || flight_settle(device, NULL) != NPURT_OK) return status;
    if (atomic_load(&device->state) == NPURT_DEVICE_HEALTHY) return status;
    error_begin(call);
    return device_check_work(device);
}

npurt_status flight_launch(npurt_callable *c, const npurt_call_args *args, const char *call, npurt_run **out)
{
    static const npurt_call_args none;
    npurt_device *device = c->device;
    const uint64_t began = run_now_ns();
    const uint32_t cancels = atomic_load(&device->entry->cancels);
    if (!args) args = &none;
    c->in_flight++;
    npurt_status status = wait_for_bank(c, args->flags);
    if (status == NPURT_OK && c->orphaned)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable \"%s\" was loaded before a reset of the device",
                             c->name);
    npurt_run *run = status == NPURT_OK ? take_handle(device) : NULL;
    if (status == NPURT_OK && !run) status = error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a run");
    if (status != NPURT_OK) {
        c->in_flight--;
        return status;
    }
    run->callable = c;
    memcpy(run->name, c->name, sizeof run->name);
    run->call = call;
    run->flags = args->flags;
    run->waited = run->cancelled = run->shipped = run->copied_in = false;
    run->looks = 0;
    run->began_ns = began;
    run->cancels = cancels;
    run->timing = (npurt_timing){0};
    run->status = NPURT_OK;
    run->bank = free_bank(device);
    run->bank->run = run;
    run->state = FLIGHT_BOUND;
    if (is_checked(run)) growth_mark(device, &run->mark);
    status = run_bind(run, args);
    *out = run;
    if (status != NPURT_OK) status = blame_executing(device, status, call);
    if (status == NPURT_OK && run->shipped && device->flight.executing) {
        device->flight.queued = run; /* what becomes of it from here on, npurt_wait tells */
        flight_advance(device);
        return NPURT_OK;
    }
    if (status == NPURT_OK && run->shipped) status = start(run);
    if (run->state != FLIGHT_EXECUTING) end(run, status);
    return status;
}

npurt_status flight_cancel(npurt_run *run, uint32_t grace_ms)
{
    struct flight *f = &run->device->flight;
    if (run->state == FLIGHT_BOUND) {
        f->queued = NULL;
        end_refused(run, NPURT_ERROR_CANCELLED, "was cancelled before it started");
        return NPURT_OK;
    }
    if (run->state != FLIGHT_EXECUTING) return NPURT_OK;
    npurt_status status = device_bind_thread(run->device);
    if (status == NPURT_OK) status = run_abort(run, grace_ms);
    if (status == NPURT_OK) run->cancelled = true;
    return status;
}

/* ---- for the device */

void flight_end_handles(npurt_device *device)
{
    for (npurt_run *run = device->flight.handles; run; run = run->next)
        handle_close(run->entry, "ended when its device was closed");
}

npurt_status flight_check_unused(npurt_device *device, uint64_t address, uint64_t size)
{
    for (int b = 0; b < BANKS; b++) {
        const struct run_bank *bank = &device->bank[b];
        for (uint32_t i = 0; bank->run && i < bank->tensor_count; i++)
            if (!bank->host[i] && bank->tensor[i].addr - address < size)
                return error_raise(NPURT_ERROR_BUSY,
                                   "0x%" PRIx64 " holds tensor argument %u of a run of \"%s\" in flight; wait for it",
                                   address, i, bank->run->callable->name);
    }
    return NPURT_OK;
}
