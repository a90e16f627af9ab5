/* Callables: an orchestration with its kernels, loaded on a device once and called many times. */
#ifndef NPURT_CALLABLE_H
#define NPURT_CALLABLE_H

#include <npurt/device.h>
#include <npurt/orchestration.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NPURT_MAX_CALLABLES = 64, NPURT_CALL_MAX_TENSORS = 128, NPURT_CALL_MAX_SCALARS = 128 };

typedef struct npurt_callable npurt_callable;

typedef enum npurt_core { NPURT_CORE_AIC = 0, NPURT_CORE_AIV = 1 } npurt_core;

/* Where the orchestration runs, and so how the graph comes to the cores. The same sources do for both.
 *
 *     HOST_BUILD_GRAPH          on the host, before anything runs on the device. The finished graph is shipped whole; one
 *                               that is called again costs its changes. At most NPURT_GRAPH_MAX_TASKS tasks, and outputs of
 *                               all of them at once.
 *     TENSORMAP_AND_RINGBUFFER  on an AICPU of the device, while the tasks submitted so far run on the cores. Tasks and
 *                               outputs are given back as they end (npurt_ring_options), so that a graph may be longer
 *                               than any memory; an orchestration may read what its tasks have computed (npurt_orch_get)
 *                               and decide by it. Its shared object is built for the AICPU: an aarch64 Linux on silicon,
 *                               the machine of this process on emulated cards. */
typedef enum npurt_runtime {
    NPURT_HOST_BUILD_GRAPH = 0,
    NPURT_TENSORMAP_AND_RINGBUFFER = 1,
} npurt_runtime;

/* A binary: a file (path) or bytes in memory (data, size); exactly one of the two. Borrowed during the load. */
typedef struct npurt_binary {
    const char *path;
    const void *data;
    size_t size;
} npurt_binary;

typedef struct npurt_kernel_desc {
    uint32_t id;            /* 0 … NPURT_MAX_KERNELS-1, unique in the callable; what npurt_task.kernel names */
    const char *name;       /* shown in errors; NULL: the file's name */
    npurt_core core;
    npurt_binary binary;
    const char *entry;      /* NULL: "kernel_entry" */
    uint32_t duration_ns;   /* what one block takes on one core, for timed mode of the emulated card, which nothing else
                             * tells; 0: the machine's default. Looked at nowhere else */
} npurt_kernel_desc;

/* One declared argument. shape entries of 0 accept any extent in that dimension; ndims 0 any shape. */
typedef struct npurt_param {
    npurt_access access;    /* INPUT: copied in; OUTPUT_EXISTING: copied out; INOUT: both; for host tensors */
    npurt_dtype dtype;
    uint32_t ndims;
    uint32_t shape[NPURT_MAX_DIMS];
} npurt_param;

typedef struct npurt_callable_desc {
    const char *name;               /* shown in errors; NULL: "callable" */
    npurt_runtime runtime;
    npurt_binary orchestration;
    const char *entry;              /* NULL: "orchestration_entry" */
    const npurt_kernel_desc *kernels;
    uint32_t kernel_count;
    const npurt_param *params;      /* declared tensor arguments: a call must match count, dtype and shape */
    uint32_t param_count;
    uint32_t scalar_count;          /* declared scalars: a call must give as many */
    npurt_ring_options ring[NPURT_RINGS]; /* of calls that do not say otherwise; unused in host_build_graph, which has
                                     * no rings */
} npurt_callable_desc;

/* A tensor argument of a call: host memory (copied by the declared direction) or device memory (passed through).
 *
 * Arguments may share bytes. Tasks are ordered by the bytes that they touch, whichever arguments these belong to: device
 * tensors that lie in one allocation, and host tensors that overlap, which are one piece on the device as they are on the
 * host. So a byte of several host tensors is there once. Before the run it is the host's when one of them is copied in (INPUT,
 * INOUT), else undefined; after it the host gets what the tasks have left there when one of them is copied out (INOUT,
 * OUTPUT_EXISTING), also where another one is an INPUT. A host tensor reaches from its first element to its last. One that
 * meets no other begins at a multiple of 512 bytes on the device; of those that meet the lowest does, and the others are as
 * far from it as on the host. Where that left elements unaligned they lie as on the host, modulo 512.
 *
 * Strides are in elements: element (i0, …) lies at the address plus the sum of i_d * strides[d]. All 0: contiguous,
 * row-major. A dimension of one element needs none. Kernels and the orchestration get the tensor with its strides
 * (npurt_tensor_element), in device memory as on the host. Device memory: all that it reaches, to its last element, is
 * inside of the allocation. Host memory: all that it reaches travels, but what lies between the elements is not written.
 *
 * INVALID_ARGUMENT, naming tensor and dimension: a stride of 0 among others that are not; elements that share bytes (each
 * stride must be larger than all that the dimensions of smaller strides reach); more than 64 bits can count. */
typedef struct npurt_call_tensor {
    void *host;             /* not NULL: host memory, borrowed during the call */
    uint64_t device;        /* used when host is NULL: a device address from npurt_memory_alloc */
    npurt_dtype dtype;
    uint32_t ndims;
    uint32_t shape[NPURT_MAX_DIMS];
    uint32_t reserved;      /* not looked at */
    uint32_t strides[NPURT_MAX_DIMS]; /* since API version 2 */
} npurt_call_tensor;

typedef struct npurt_call_args {
    const npurt_call_tensor *tensors;
    uint32_t tensor_count;
    const uint64_t *scalars;
    uint32_t scalar_count;
    uint32_t flags;         /* NPURT_CALL_*; 0 is the usual, unknown ones are INVALID_ARGUMENT */
    npurt_ring_options ring[NPURT_RINGS]; /* of this call, where not 0 */
} npurt_call_args;

enum {
    NPURT_CALL_LEAK_CHECK = 2, /* LEAK, naming it, when the run left something behind on the device; its outputs are
                                * written. What other threads load meanwhile counts as left behind */
    NPURT_CALL_NO_WAIT = 1,    /* npurt_launch: BUSY instead of waiting when two runs are in flight */
};

/* Where the time of one call went, nanoseconds; device figures are 0 when the run failed before the device answered. */
typedef struct npurt_timing {
    uint64_t host_wall_ns;
    uint64_t device_wall_ns;        /* first AICPU thread in to last one out, by the device's counter */
    uint64_t orchestration_ns;      /* building the graph; by the device's counter when it is built there */
    uint64_t copy_ns;               /* arguments and image, both ways */
    uint32_t tasks;
    uint64_t image_bytes;           /* of the graph image, those that travelled: not what the device held already */
    uint64_t register_loads;        /* loads of COND on the chip */
    uint64_t image_size;            /* the graph image, bytes; 0 for a graph that is built on the device */
    uint32_t orchestration_loads;   /* 1: this run made the device load the orchestration, as the first one of a callable
                                     * does in tensormap_and_ringbuffer */
    uint32_t schedulers;            /* AICPU threads that scheduled, side by side; small graphs need no more than one */
    uint32_t scheduled;             /* bit n: the n-th of them sent work to a core */
    uint64_t staged_blocks;         /* sent to cores before all producers of their tasks had completed
                                     * (npurt_task_stage_consumers) */
    /* Since version 2: */
    uint32_t template_records;      /* templates that the orchestration recorded (npurt_orch_template_begin), */
    uint32_t template_replays;      /* and uses of them that were replayed; the other uses were submitted */
} npurt_timing;

/* Loads a callable: checks and uploads every kernel, opens the orchestration or uploads it for the device. What is on the
 * device already, byte for byte, is shared.
 *
 * A binary that is cut short, for another machine, or whose headers, segments or dynamic section reach out of the file is
 * BAD_BINARY. What is inside of the segments is not checked and can not be: an orchestration is code of this process, and
 * damaged relocations, symbols or instructions of it may end the process while it is opened, called or unloaded (in
 * tensormap_and_ringbuffer: the process on the device, which is LOST). Who does not trust a file compares its checksum, or
 * loads it in a process of its own.
 *
 * Errors: INVALID_ARGUMENT, MISSING_BINARY, IO (a path that is no regular file), BAD_BINARY (no sound ELF, entry not
 * found), LIMIT (65th callable of a device, kernel id, an entry's name), OUT_OF_DEVICE_MEMORY. */
NPURT_API npurt_status npurt_callable_load(npurt_device *device, const npurt_callable_desc *desc, npurt_callable **out);

/* Unloads. Waits for runs of the callable in flight to end, whoever launched them; their handles stay good for npurt_wait.
 * An orchestration that the device has loaded is closed there, behind the run that executes.
 * NULL is legal, and so is a callable that a reset left without its device. Closing a device ends its callables: unloading
 * them afterwards is INVALID_ARGUMENT, as it is a second time. While a thread unloads it, other threads' launches, calls
 * and unloads of the callable are refused. */
NPURT_API npurt_status npurt_callable_unload(npurt_callable *callable);

/* ---- An orchestration that takes long ----
 *
 * One that has not returned after orchestration_timeout_ms (npurt_device_options) is ended, on the host as on the device: the
 * call answers STALLED, and the message has how many tasks were submitted and the last of them. On the host the limit counts from its call on,
 * without the time in which the process was stopped; on the device from the start of the run. After 5 s, and then each time
 * that is twice as long, the log has a warning. npurt_device_cancel ends one at any time.
 *
 * Ended means: whatever it calls of npurt answers the status. One that then returns has done no harm. One that calls nothing,
 * or does not heed the answer, is interrupted a quarter of a second later: on the device that poisons it. On the host its thread gets
 * SIGURG, for which the library has a handler only at that moment, and comes back from npurt_call or npurt_launch without returning
 * from the orchestration; locks and memory that this held stay as they are, and later calls of the callable are
 * INVALID_ARGUMENT. It happens in the orchestration's own code, or after half a second anywhere. A thread that blocks SIGURG is not interrupted.
 *
 * ---- An orchestration that faults ----
 *
 * On the device it ends the run: ORCHESTRATION, with the cause, the address, and function and source line from its debug
 * information (-g; read by addr2line of binutils, where that is installed). The device is poisoned.
 *
 * On the host it ends the process, as every fault does, unless the device was opened with catch_faults: then the call answers the
 * same, and the callable is of no more use. Faults of other code of the process go to the handlers that were there before. */

/* One synchronous run: npurt_launch and npurt_wait in one. timing may be NULL. Errors: those of both. On an error no host
 * tensor is written, unless it is the copying back that failed. An OUTPUT_EXISTING host tensor is written whole: bytes
 * that no task wrote are undefined. A graph without tasks writes none. */
NPURT_API npurt_status npurt_call(npurt_callable *callable, const npurt_call_args *args, npurt_timing *timing);

/* ---- Runs in flight ----
 *
 * A device has two places for runs. One run executes; the next is bound meanwhile: its orchestration runs, its graph and
 * its arguments are copied to buffers of their own. Runs execute in the order in which they were launched, one at a time.
 *
 *     npurt_launch(c, &first, &a);
 *     npurt_launch(c, &second, &b);        bound while the first executes
 *     npurt_wait(a, NULL);                 starts the second before it copies the first's outputs back
 *     npurt_launch(c, &third, &a);
 *     npurt_wait(b, NULL); …
 *
 * No thread of the library sees to runs. A bound run starts when a call on its device (wait, poll, launch or call) sees
 * that the one before has ended: who wants the device busy keeps a thread in npurt_wait.
 *
 * Host tensors that are read are copied during npurt_launch; those that are written must stay valid until the run has
 * ended, and are written by whichever thread sees the end. So a host tensor that one run writes and the next reads orders
 * nothing: wait in between, or use device memory, which runs see in their order. Device memory that is an argument of a
 * run in flight can not be freed (BUSY). Everything else that args points to is borrowed during npurt_launch only.
 *
 * Thread-safety: runs may be launched and waited for from any threads; a launch holds up other calls on the device while
 * it binds, a wait does not. One thread at a time waits for a given run; another one is refused (INVALID_ARGUMENT). */
typedef struct npurt_run npurt_run;

/* Launches a run. *out belongs to the caller until npurt_wait. With two runs in flight it waits for the first of them to
 * end, or answers BUSY (NPURT_CALL_NO_WAIT). Errors, with *out NULL: INVALID_ARGUMENT (names the argument), GRAPH,
 * ORCHESTRATION, LIMIT, OUT_OF_DEVICE_MEMORY, BUSY, POISONED, LOST. */
NPURT_API npurt_status npurt_launch(npurt_callable *callable, const npurt_call_args *args, npurt_run **out);

/* OK: the run has ended and npurt_wait answers at once, with its failure if it failed. BUSY: not yet, and no error record
 * is left. Does not wait, but copies outputs back and starts the next run; a failure that it is the first to see is
 * looked into, which can take seconds. */
NPURT_API npurt_status npurt_poll(npurt_run *run);

/* Waits for the end of a run and gives its handle up. timing may be NULL. Errors are the run's: KERNEL_FAULT,
 * KERNEL_TIMEOUT, AICPU_FAULT, STALLED, CANCELLED, LOST; POISONED with the first cause when the run before it poisoned the
 * device and this one never started. A graph that is built on the device is refused here, as npurt_launch refuses others:
 * GRAPH, ORCHESTRATION, LIMIT, OUT_OF_DEVICE_MEMORY, and BAD_BINARY when the device can not load the orchestration. The
 * record has what the device said and, for a heap that is too small, the size that gets past this point; the device is
 * healthy. The handle stays the caller's only after INVALID_ARGUMENT, BUSY (called from an orchestration of the device),
 * FORKED, and DRIVER from rtSetDevice. */
NPURT_API npurt_status npurt_wait(npurt_run *run, npurt_timing *timing);

/* Asks a run to end early; npurt_wait is due all the same. A run that has not started never does, and has ended when this
 * returns. One that executes stops dispatching and waits for the kernels that run, for as long as scheduler_timeout_ms;
 * when they have ended the device is healthy, otherwise it is poisoned and the record names a kernel. npurt_wait answers
 * CANCELLED, or OK when the run was faster. Outputs of a cancelled run in device memory are undefined. */
NPURT_API npurt_status npurt_cancel(npurt_run *run);

#ifdef __cplusplus
}
#endif
#endif
