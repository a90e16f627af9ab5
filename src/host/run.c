/* The public calls that launch runs and hear of their end. */
#include "run.h"

#include "api.h"
#include "error.h"

/* Launches what a program's arguments say. *run stays NULL when it came to none. */
static npurt_status launch(npurt_callable *callable, const npurt_call_args *args, const char *call, npurt_run **run)
{
    struct api_copy copy;
    const npurt_call_args *own = api_args(callable->device->api, args, callable->param_count, &copy);
    *run = NULL;
    if (args && !own) return NPURT_ERROR_OUT_OF_HOST_MEMORY;
    npurt_status status = flight_launch(callable, own, call, run);
    api_release(&copy);
    return status;
}

npurt_status npurt_launch(npurt_callable *callable, const npurt_call_args *args, npurt_run **out)
{
    error_begin("npurt_launch");
    if (!callable || !out)
        return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "%s is NULL", callable ? "out" : "callable");
    *out = NULL;
    npurt_device *device = callable->device;
    npurt_status status = device_enter(device, "npurt_launch", DEVICE_NEED_WORK);
    if (status != NPURT_OK) return status;
    npurt_run *run;
    status = launch(callable, args, "npurt_launch", &run);
    if (status == NPURT_OK)
        *out = run;
    else if (run)
        flight_release(run);
    return device_leave(device, status);
}

/* Enters the device of a run that somebody holds. */
static npurt_status enter(npurt_run *run, const char *call)
{
    error_begin(call);
    if (!run) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "run is NULL");
    npurt_status status = device_enter(run->device, call, DEVICE_NEED_HANDLE);
    if (status != NPURT_OK || run->state != FLIGHT_FREE) return status;
    return device_leave(run->device,
                        error_raise(NPURT_ERROR_INVALID_ARGUMENT, "the run was waited for before; its handle is gone"));
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

npurt_status npurt_wait(npurt_run *run, npurt_timing *timing)
{
    npurt_status status = enter(run, "npurt_wait");
    if (status != NPURT_OK) return status;
    npurt_device *device = run->device;
    status = flight_wait(run);
    if (status == NPURT_OK) status = collect(run, timing);
    (void)device_leave(device, NPURT_OK);
    return status;
}

npurt_status npurt_poll(npurt_run *run)
{
    npurt_status status = enter(run, "npurt_poll");
    if (status != NPURT_OK) return status;
    npurt_device *device = run->device;
    if (run->state != FLIGHT_ENDED) {
        status = device_bind_thread(device);
        if (status == NPURT_OK) flight_advance(device);
    }
    if (status == NPURT_OK && run->state != FLIGHT_ENDED) status = NPURT_ERROR_BUSY;
    (void)device_leave(device, NPURT_OK);
    return status;
}

npurt_status npurt_cancel(npurt_run *run)
{
    npurt_status status = enter(run, "npurt_cancel");
    if (status != NPURT_OK) return status;
    npurt_device *device = run->device;
    status = flight_cancel(run, device->options.scheduler_timeout_ms);
    (void)device_leave(device, NPURT_OK);
    return status;
}

npurt_status npurt_call(npurt_callable *callable, const npurt_call_args *args, npurt_timing *timing)
{
    error_begin("npurt_call");
    if (!callable) return error_raise(NPURT_ERROR_INVALID_ARGUMENT, "callable is NULL");
    npurt_device *device = callable->device;
    npurt_status status = device_enter(device, "npurt_call", DEVICE_NEED_WORK);
    if (status != NPURT_OK) return status;
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
