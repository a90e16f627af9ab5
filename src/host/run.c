/* The public calls that launch runs and hear of their end. */
#include "run.h"

#include "api.h"
#include "error.h"

/* Launches what a program's arguments say. *run stays NULL when it came to none. */
static npurt_status launch(npurt_callable *callable, const npurt_call_args *args, const char *call, npurt_run **run)
{
    struct api_copy copy;
    *run = NULL;
    npurt_status status = callable_check_loaded(callable);
    if (status != NPURT_OK) return status;
    const npurt_call_args *own = api_args(callable->device->api, args, callable->param_count, &copy);
    if (args && !own) return NPURT_ERROR_OUT_OF_HOST_MEMORY;
    status = flight_launch(callable, own, call, run);
    api_release(&copy);
    return status;
}

npurt_status npurt_launch(npurt_callable *handle, const npurt_call_args *args, npurt_run **out)
{
    npurt_callable *callable;
    if (out) *out = NULL;
    npurt_status status = device_enter_callable(handle, "npurt_launch", DEVICE_NEED_WORK, &callable);
    if (status != NPURT_OK) return status;
    npurt_device *device = callable->device;
    if (!out) return device_leave(device, error_raise(NPURT_ERROR_INVALID_ARGUMENT, "out is NULL"));
    npurt_run *run;
    status = launch(callable, args, "npurt_launch", &run);
    if (status == NPURT_OK)
        *out = handle_open(run->entry, run);
    else if (run)
        flight_release(run);
    if (status == NPURT_OK && device->closing) flight_end_handles(device); /* it has begun meanwhile */
    return device_leave(device, status);
}

/* The run has ended: how. Its failure may be older than the device's present state, which it leaves alone. */
static npurt_status collect(npurt_run *run, npurt_timing *timing)
{
    npurt_status status = run->status;
    if (status != NPURT_OK) error_adopt(&run->error);
    if (timing) api_answer(timing, run->device->api->timing, &run->timing, sizeof run->timing);
    flight_release(run);
    return status;
}

npurt_status npurt_wait(npurt_run *handle, npurt_timing *timing)
{
    npurt_run *run;
    npurt_status status = device_enter_run(handle, "npurt_wait", &run);
    if (status != NPURT_OK) return status;
    npurt_device *device = run->device;
    if (run->waited)
        return device_leave(device, error_raise(NPURT_ERROR_INVALID_ARGUMENT, "another thread waits for this run"));
    run->waited = true;
    status = flight_wait(run);
    run->waited = false;
    if (status == NPURT_OK) status = collect(run, timing);
    (void)device_leave(device, NPURT_OK);
    return status;
}

npurt_status npurt_poll(npurt_run *handle)
{
    npurt_run *run;
    npurt_status status = device_enter_run(handle, "npurt_poll", &run);
    if (status != NPURT_OK) return status;
    npurt_device *device = run->device;
    if (run->state != FLIGHT_ENDED) {
        status = device_bind_thread(device);
        if (status == NPURT_OK) flight_advance(device);
    }
    if (status == NPURT_OK && !handle_is_good(run->entry, handle)) /* npurt_wait in another thread, meanwhile */
        status = handle_refuse(handle, HANDLE_RUN);
    if (status == NPURT_OK && run->state != FLIGHT_ENDED) status = NPURT_ERROR_BUSY;
    (void)device_leave(device, NPURT_OK);
    return status;
}

npurt_status npurt_cancel(npurt_run *handle)
{
    npurt_run *run;
    npurt_status status = device_enter_run(handle, "npurt_cancel", &run);
    if (status != NPURT_OK) return status;
    npurt_device *device = run->device;
    status = flight_cancel(run, device->options.scheduler_timeout_ms);
    (void)device_leave(device, NPURT_OK);
    return status;
}

npurt_status npurt_call(npurt_callable *handle, const npurt_call_args *args, npurt_timing *timing)
{
    npurt_callable *callable;
    npurt_status status = device_enter_callable(handle, "npurt_call", DEVICE_NEED_WORK, &callable);
    if (status != NPURT_OK) return status;
    npurt_device *device = callable->device;
    npurt_run *run;
    status = launch(callable, args, "npurt_call", &run);
    if (status == NPURT_OK) {
        status = flight_wait(run);
        if (status == NPURT_OK) status = collect(run, timing);
        (void)device_leave(device, NPURT_OK);
        return status;
    }
    if (run) {
        if (timing) api_answer(timing, device->api->timing, &run->timing, sizeof run->timing);
        flight_release(run);
    }
    return device_leave(device, status);
}
