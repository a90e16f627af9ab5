/* A device handle from the inside.
 *
 * Life: device_open_on binds the thread (rtSetDevice), takes streams, registers, the AICPU program and its entries →
 * memory, callables, runs → device_close releases everything in the reverse order. What a handle holds of the device is
 * in `ledger`; every taking goes through memory.c, or through the one function that owns the kind.
 *
 * Every public function enters with device_enter (fork, lock, state, thread binding) and leaves with device_leave.
 */
#ifndef HOST_DEVICE_H
#define HOST_DEVICE_H

#include <npurt/callable.h>
#include <pthread.h>
#include <stdatomic.h>
#include "../driver/driver.h"
#include "../graph/graph.h"
#include "../protocol/protocol.h"
#include "arena.h"
#include "bank.h"
#include "bundle.h"
#include "flight.h"
#include "growth.h"
#include "handle.h"
#include "ledger.h"
#include "slot.h"

/* Registers of a generation, and how many sub-cores its silicon has. */
struct registers {
    uint32_t generation; /* 2, 3, 5 */
    uint32_t dmb, cond, fast_path;
    uint32_t physical_cores;
    uint64_t base[PROTOCOL_MAX_CORES]; /* of the sub-core's window in the device process, 0 absent */
};

struct code_upload;

/* What a program has is the device's handle (handle.h), of the same type. */
struct npurt_device {
    struct handle_entry *entry; /* its handle and its lock */
    uint32_t inside;            /* threads between device_enter and device_leave, those that wait included */
    bool closing;               /* its handles are gone; close waits for the threads inside */
    struct device_slot *slot;
    uint64_t resets; /* slot_resets when this handle last came up */
    struct driver *driver;
    bool owns_driver;             /* driver_close at the end */
    int32_t id, hal_id;           /* rt and acl calls take id, hal calls hal_id */
    const struct api *api;        /* of the program that opened it */
    npurt_device_options options; /* every default filled in */
    char *binaries, *dump_folder; /* of the options, owned */
    npurt_device_info info;
    _Atomic int state; /* npurt_device_state; changed by device_set_state only */
    npurt_error cause; /* of POISONED and LOST */

    uint64_t binding;  /* number that bound threads remember; a new one after each reset */
    uint32_t retained; /* rtSetDevice calls to be undone */

    struct {
        npurt_device *next; /* of all that are open */
        npurt_run *run;     /* what the card says now is this run's; NULL: of none, or of another handle's */
    } log;                  /* log.c */

    struct ledger ledger;
    struct growth growth;
    uint64_t address_low, address_high; /* every device address that was ever given lies between */
    npurt_device *address_next;         /* of all that are open; address.c */
    struct bundle bundle;
    struct registers registers;
    uint64_t counter_hz;
    rtStream_t core_stream, cpu_stream;
    rtBinHandle binary;
    rtFuncHandle init, exec, unload;
    void *registration;  /* AICore program; NULL before the first launch */
    struct guard *guard; /* of orchestrations on the host */
    struct graph *graph; /* NULL before the first call */
    uint64_t graph_number; /* of the graph in the engine's memory: counts them */
    struct run_lines lines;
    struct run_bank bank[BANKS];
    struct arena arena;
    struct flight flight;
    struct code_upload *code; /* kernels and orchestrations */
    npurt_callable *callables; /* loaded ones, and those that a reset left without a device */
    uint32_t callable_count;   /* loaded ones */
};

/* A device address as the driver's calls take it. Never dereferenced here: the device's range is not mapped. */
static inline void *device_pointer(uint64_t address)
{
    return (void *)(uintptr_t)address; /* NOLINT(performance-no-int-to-ptr): the ABI's type */
}

/* How often this process has been made by fork since the library came up; counted by an atfork handler. */
uint64_t fork_count(void);

/* Opens device `id` of a driver; takes over the reference to the driver when `owns_driver`. options may be NULL. */
npurt_status device_open_on(struct driver *driver, bool owns_driver, int32_t id, const char *target,
                            const npurt_device_options *options, npurt_device **out);

enum device_need {
    DEVICE_NEED_HANDLE, /* any state */
    DEVICE_NEED_DRIVER, /* driver calls will be made: thread bound; any state but LOST */
    DEVICE_NEED_WORK,   /* HEALTHY */
};
/* Looks the handle up, locks the device, binds the thread. On success device_leave must follow. */
npurt_status device_enter(npurt_device *handle, const char *call, enum device_need need, npurt_device **device);
/* The same for the device of a callable or a run, whose handle stays good while the device is locked. */
npurt_status device_enter_callable(npurt_callable *handle, const char *call, enum device_need need,
                                   npurt_callable **callable);
npurt_status device_enter_run(npurt_run *handle, const char *call, npurt_run **run);
/* Ends the handles of the device, its callables and its runs, and waits until no other thread is inside. The lock is
 * given up meanwhile. */
void device_end_handles(npurt_device *device);
/* The device of a good handle, without entering. For tests, and the thread that has opened it. */
npurt_device *device_of(const npurt_device *handle);
/* Without entering: POISONED or LOST with the first cause, unless the device is HEALTHY. */
npurt_status device_check_work(npurt_device *device);
/* Unlocks; marks the device lost when `status` says so. Returns `status`. */
npurt_status device_leave(npurt_device *device, npurt_status status);

/*
 *             run failed                cores and streams came to rest
 *   HEALTHY ─────────────► DRAINING ─────────────────────────────────► HEALTHY
 *      │                      │ something still runs or faulted
 *      │                      ├──────────────► POISONED ── reset ──► HEALTHY, or LOST
 *      └── link gone ─────────┴──────────────► LOST ────── reset ──► HEALTHY, or LOST
 */
void device_set_state(npurt_device *device, npurt_device_state state);

/* Brings a bound or unbound device up, and takes it down again in reverse order (what is not up is skipped). The first
 * failure of taking down is raised; it goes on all the same. */
npurt_status device_bring_up(npurt_device *device);
npurt_status device_take_down(npurt_device *device);
/* After a failure: forgets all handles instead of giving them back one by one; a reset reclaims them. */
void device_abandon(npurt_device *device);
/* Binds the calling thread (rtSetDevice) unless it is bound to this device; and the reverse for all threads at
 * once: what they retained is gone. */
npurt_status device_bind_thread(npurt_device *device);
void device_unbind(npurt_device *device);

/* Streams, through the ledger. */
npurt_status device_stream_create(npurt_device *device, const char *purpose, rtStream_t *stream);

#endif
