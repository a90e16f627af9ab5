/* Callables from the inside. */
#ifndef HOST_CALLABLE_H
#define HOST_CALLABLE_H

#include "device.h"
#include "orchestration.h"

struct npurt_callable {
    struct handle_entry *entry; /* its handle */
    npurt_device *device;
    npurt_callable *next; /* of the device */
    uint32_t in_flight;   /* runs that have not ended, and launches that wait for a bank */
    bool unloading;       /* a thread is in npurt_callable_unload for it */
    bool orphaned;        /* a reset took the device away from under it; only unload is left */
    bool broken;          /* its orchestration on the host was jumped out of (guard.h) */
    char name[64];
    npurt_runtime runtime;
    struct orchestration orchestration; /* host_build_graph */
    struct code_upload *streamed;       /* tensormap_and_ringbuffer: the orchestration on the device; else NULL */
    uint32_t number;                    /* never 0; of this callable alone in the process */
    bool known_on_device;               /* a run was launched that made the device load the orchestration */
    npurt_ring_options ring[NPURT_RINGS];
    npurt_param *params;
    uint32_t param_count, scalar_count;
    /* by kernel id, 0 … kernel_limit-1 */
    uint32_t kernel_limit;
    struct code_upload **kernel; /* NULL: no such id */
    uint32_t *kernel_core;         /* npurt_core or KERNEL_ABSENT */
    char (*kernel_name)[64];
    uint64_t kernel_table; /* device: struct kernel_entry[kernel_limit] */
};

/* npurt_callable_load with a description of this library's layout; handles in, handle out. */
npurt_status callable_load(npurt_device *handle, const npurt_callable_desc *desc, npurt_callable **out);

/* INVALID_ARGUMENT while a thread unloads it. */
npurt_status callable_check_loaded(const npurt_callable *callable);

/* Name of a kernel id for messages; "?" when there is none. */
const char *callable_kernel_name(const npurt_callable *callable, int32_t kernel);

/* Their handles are not good any more: the device is being closed. */
void callable_end_handles(npurt_device *device);
npurt_status callable_release_all(npurt_device *device);
/* After a reset: nothing on the device is theirs any more. */
void callable_orphan_all(npurt_device *device);
/* Host memory of what is left, at the end of the device handle. */
void callable_free_all(npurt_device *device);

#endif
