/* npurt_device_snapshot: the dump of a run that goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dump.h"
#include "dump_file.h"
#include "error.h"

enum { ANSWER_MS = 500, LOOK_NS = 500000 };

/* Schedulers of the run that have answered, and whether that is all of them. */
static bool all_answered(const npurt_run *run, uint32_t look)
{
    struct scheduler_record record[PROTOCOL_MAX_AICPU_THREADS];
    npurt_device *device = run->device;
    if (device->driver->rtMemcpy(record, sizeof record, device_pointer(device->lines.records), sizeof record,
                                 RT_MEMCPY_DEVICE_TO_HOST) != 0)
        return true; /* the dump will say why it can not be read */
    uint32_t answered = 0, expected = 0;
    for (uint32_t i = 0; i < PROTOCOL_MAX_AICPU_THREADS; i++) {
        if (record[i].run_number != run->number) continue;
        expected = record[i].schedulers;
        answered += record[i].told == run->number && record[i].look == look;
    }
    return expected != 0 && answered == expected;
}

/* Asks the schedulers of a run for what they know, and waits for a while. */
static void ask(npurt_run *run)
{
    npurt_device *device = run->device;
    const uint64_t at = bank_control(run->bank) + RUN_COMMAND + offsetof(struct run_command, look);
    const uint32_t look = ++run->looks;
    if (device->driver->rtMemcpy(device_pointer(at), sizeof look, &look, sizeof look, RT_MEMCPY_HOST_TO_DEVICE) != 0)
        return;
    const uint64_t until = run_now_ns() + ANSWER_MS * UINT64_C(1000000);
    while (!all_answered(run, look) && run_now_ns() < until && !run_is_over(run))
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
}

static npurt_status write_file(npurt_device *device, const char *text, const char *path, char name[DUMP_FILE_PATH])
{
    char problem[640] = "";
    const char *folder = device->options.dump_folder;
    snprintf(name, DUMP_FILE_PATH, "%s", path ? path : "");
    if (path ? dump_file_write_to(path, text, strlen(text), problem, sizeof problem)
             : dump_file_write(folder, device->options.dump_keep, text, strlen(text), name, problem, sizeof problem))
        return NPURT_OK;
    return error_raise(NPURT_ERROR_IO, "writing a snapshot: %s", problem);
}

static npurt_status take(npurt_device *device, const char *path, char name[DUMP_FILE_PATH])
{
    const npurt_device_state state = (npurt_device_state)atomic_load(&device->state);
    npurt_run *run = device->flight.executing;
    struct dump dump = {0};
    if (run) {
        struct error_state own; /* a device that can not be reached is told of as it is */
        error_save(&own);
        const bool reachable = state != NPURT_DEVICE_LOST && device_bind_thread(device) == NPURT_OK;
        error_restore(&own);
        if (reachable) ask(run);
        dump_gather(run, reachable, &dump);
    }
    char *text = dump_print(&dump, device, NULL, NULL, state);
    dump_fini(&dump);
    npurt_status status = text ? write_file(device, text, path, name)
                               : error_raise(NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for a snapshot");
    free(text);
    return status;
}

npurt_status npurt_device_snapshot(npurt_device *handle, const char *path, char *written, size_t size)
{
    char name[DUMP_FILE_PATH];
    npurt_device *device;
    npurt_status status = device_enter(handle, "npurt_device_snapshot", DEVICE_NEED_HANDLE, &device);
    if (status != NPURT_OK) return status;
    if (!path && !written)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "path and written are NULL: nobody would know the file");
    else if (!path && !dump_file_wanted(device->options.dump_folder))
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "path is NULL, and dumps are switched off");
    else
        status = take(device, path, name);
    if (status == NPURT_OK && written && snprintf(written, size, "%s", name) >= (int)size)
        status = error_raise(NPURT_ERROR_INVALID_ARGUMENT, "written has %zu bytes; the snapshot is in %s", size, name);
    return device_leave(device, status);
}
