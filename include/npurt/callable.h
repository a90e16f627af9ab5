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

typedef enum npurt_runtime {
    NPURT_HOST_BUILD_GRAPH = 0, /* the orchestration runs on the host; the graph is shipped */
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
} npurt_callable_desc;

/* A tensor argument of a call: host memory (copied by the declared direction) or device memory (passed through). */
typedef struct npurt_call_tensor {
    void *host;             /* not NULL: contiguous host memory of the shape's size, borrowed during the call */
    uint64_t device;        /* used when host is NULL: a device address from npurt_memory_alloc */
    npurt_dtype dtype;
    uint32_t ndims;
    uint32_t shape[NPURT_MAX_DIMS];
} npurt_call_tensor;

typedef struct npurt_call_args {
    const npurt_call_tensor *tensors;
    uint32_t tensor_count;
    const uint64_t *scalars;
    uint32_t scalar_count;
} npurt_call_args;

/* Where the time of one call went, nanoseconds; device figures are 0 when the run failed before the device answered. */
typedef struct npurt_timing {
    uint64_t host_wall_ns;
    uint64_t device_wall_ns;        /* first AICPU thread in to last one out, by the device's counter */
    uint64_t orchestration_ns;      /* building the graph */
    uint64_t copy_ns;               /* arguments and image, both ways */
    uint32_t tasks;
    uint64_t image_bytes;           /* graph image shipped */
    uint64_t register_loads;        /* loads of COND on the chip */
} npurt_timing;

/* Loads a callable: checks and uploads every kernel, opens the orchestration. Errors: INVALID_ARGUMENT, MISSING_BINARY,
 * BAD_BINARY (no ELF, entry not found), LIMIT (65th callable of a device, kernel id), OUT_OF_DEVICE_MEMORY. */
NPURT_API npurt_status npurt_callable_load(npurt_device *device, const npurt_callable_desc *desc, npurt_callable **out);

/* Unloads; waits for a call in another thread to end. NULL is legal, and so is a callable that a reset left without its
 * device. Closing a device ends its callables; they are not to be unloaded afterwards. */
NPURT_API npurt_status npurt_callable_unload(npurt_callable *callable);

/* One synchronous run. timing may be NULL. Errors: INVALID_ARGUMENT (names the argument), GRAPH, ORCHESTRATION, LIMIT,
 * OUT_OF_DEVICE_MEMORY, KERNEL_FAULT, KERNEL_TIMEOUT, AICPU_FAULT, STALLED, POISONED, LOST. On an error no host tensor
 * is written, unless it is the copying back that failed. An OUTPUT_EXISTING host tensor is written whole: bytes that no
 * task wrote are undefined. A graph without tasks writes none. */
NPURT_API npurt_status npurt_call(npurt_callable *callable, const npurt_call_args *args, npurt_timing *timing);

#ifdef __cplusplus
}
#endif
#endif
