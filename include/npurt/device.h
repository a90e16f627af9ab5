/* Devices and their memory.
 *
 * Life of a device: npurt_device_open (driver library loaded, device set, AICPU program installed and its entries looked
 * up, streams created) → memory, callables, calls → npurt_device_close, which releases everything in reverse order and
 * reports what was still owned. The AICore program is registered at the first call and kept until close.
 *
 * Handles (of devices, callables and runs): numbers in a pointer's type, not to be followed. Every function refuses one
 * that is none with INVALID_ARGUMENT, and touches nothing:
 *
 *     NULL                              "device is NULL"; close and unload answer OK, get_state LOST
 *     closed, unloaded or waited for    "callable handle of "NAME" was unloaded; it is gone". A handle's number is not
 *                                       given a second time. The name is forgotten after about a thousand later handles
 *     of another kind, or never one     "device is 0x…, which is the handle of a callable"
 *
 * A pointer for an answer, or a text, that is NULL is INVALID_ARGUMENT by its name, unless the function says that it may
 * be NULL. A function that gives a handle or an address sets it to NULL or 0 first.
 *
 * Thread-safety: every function may be called from any thread. Calls on one device are serialised inside, but for the time
 * in which they wait for a run to end. A call binds its thread to the device (rtSetDevice) and leaves it bound. An
 * orchestration that calls its own device gets BUSY. A handle is of no use in a child made by fork: every function then
 * answers NPURT_ERROR_FORKED and touches nothing.
 */
#ifndef NPURT_DEVICE_H
#define NPURT_DEVICE_H

#include <npurt/status.h>
#include <npurt/tensor.h>
#include <npurt/version.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct npurt_device npurt_device;

/* Sizes of one of the rings through which a graph streams that is built on the device (tensormap_and_ringbuffer). There
 * are four, by scope depth: what is submitted outside of any scope goes through ring 0, inside of one through ring 1, and
 * from the third scope on everything shares ring 3. A graph may be of any length; a ring bounds what is in flight.
 *
 * Each number is taken, ring by ring and field by field, from the call, or when that says 0 from the callable, then the
 * device, then the default. The memory is taken at the first call that needs it and kept; a call that asks for more makes
 * it grow, and one that asks for other sizes than the call before costs a set-up of the engine (milliseconds with the
 * defaults). Counts and bounds are the reference runtime's, which has 16,384 dependency entries for a ring's edges. */
enum { NPURT_RINGS = 4 };
typedef struct npurt_ring_options {
    uint32_t task_window;           /* tasks in flight: a power of two from 4 to 65,536; 0: 16,384 */
    uint32_t edges;                 /* dependencies of the tasks in flight: 4 to 16,777,216; 0: 65,536 */
    uint64_t heap_bytes;            /* outputs in use: a multiple of 1,024; 0: 256 MiB, or 1/64 of the device's memory
                                     * where that is less */
} npurt_ring_options;

/* Valid when zeroed: every 0 means the default named beside the field. */
typedef struct npurt_device_options {
    uint32_t aicpu_threads;         /* AICPU threads used per run; 0: all that the device has */
    uint32_t scheduler_timeout_ms;  /* no progress on the chip for so long ends the run; 0: 10,000 (the reference's) */
    uint32_t op_timeout_ms;         /* the driver's op-execute timeout; 0: 45,000 */
    uint32_t sync_timeout_ms;       /* the host's wait for a stream; 0: 50,000 */
    const char *binaries;           /* folder of the device programs; NULL: beside the library */
    bool leak_check;                /* every run as with NPURT_CALL_LEAK_CHECK; about 2 µs each */
    npurt_ring_options ring[NPURT_RINGS]; /* of callables and calls that do not say otherwise */
    const char *dump_folder;        /* where a failed run leaves its dump (npurt_error.dump), made when it is not there;
                                     * "off": nowhere. NULL: NPURT_DUMPS, and without that npurt-dumps-UID in TMPDIR,
                                     * /tmp or /dev/shm, whichever can be written to first */
    uint32_t dump_keep;             /* so many dumps of this process stay in the folder, the newest; 0: 16. Of all processes
                                     * of the user together at most 256 stay, and 512 MiB: beyond that a process that
                                     * writes one gives up its own older ones, then the oldest of others go */
    uint32_t orchestration_timeout_ms; /* an orchestration that has not returned after so long is ended (callable.h, "An
                                     * orchestration that takes long"); 0: op_timeout_ms */
    bool catch_faults;              /* a fault signal in an orchestration that runs on the host is caught and told, where
                                     * it would end the process; handlers of SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and
                                     * SIGABRT are installed while the device is open (callable.h, "An orchestration that
                                     * faults"). False: no handler is installed */
} npurt_device_options;
/* Required: scheduler_timeout < op_timeout < sync_timeout, and sync_timeout > scheduler_timeout + 1.5 s (the order in
 * which the three watchdogs tell most; docs/reference/timeouts.md); op_timeout >= 1 s, because the device's own monitor
 * counts whole seconds. Otherwise, and for ring sizes outside of their bounds, open answers INVALID_ARGUMENT. */

typedef enum npurt_device_state {
    NPURT_DEVICE_HEALTHY = 0,
    NPURT_DEVICE_DRAINING = 1,  /* a run failed; what still runs is being waited for */
    NPURT_DEVICE_POISONED = 2,  /* refuses work until npurt_device_reset */
    NPURT_DEVICE_LOST = 3,      /* the device-side process is gone; npurt_device_reset may bring it back */
} npurt_device_state;

typedef struct npurt_device_info {
    char target[128];       /* as opened */
    char soc[64];           /* the driver's SoC name */
    char generation[8];     /* "a2", "a3", "a5" */
    uint32_t clusters;      /* 1 AIC + 2 AIV each */
    uint32_t aicpu_threads; /* AICPU cores the device offers */
    uint64_t hbm_total;     /* bytes, as the driver says */
} npurt_device_info;

/* Opens a target:
 *     "emu:a5", "emu:a3:1", "emu:a2?hbm=2GiB&clusters=4&seed=7"   the emulated card (docs/guide/targets.md)
 *     "cann:0"                                                    device 0 of the vendor's driver
 * options may be NULL. On success *out is owned by the caller until npurt_device_close.
 * Errors: NO_TARGET (unknown name, bad option, no such device id), MISSING_LIBRARY, MISSING_BINARY (names the file and
 * the folders searched), BAD_BINARY (protocol version differs, or the API version: npurt/version.h), OUT_OF_DEVICE_MEMORY,
 * DRIVER.
 *
 * The library's function takes the API version of the caller's headers besides: it holds for all that is done with the
 * device and with what is loaded on it. Handles do not travel between parts of a program with headers of different
 * versions. Who has no C headers calls it with the version that its own structs follow. */
NPURT_API npurt_status npurt_device_open_api(uint32_t api_version, const char *target,
                                             const npurt_device_options *options, npurt_device **out);
static inline npurt_status npurt_device_open(const char *target, const npurt_device_options *options, npurt_device **out)
{ return npurt_device_open_api(NPURT_API_VERSION, target, options, out); }

/* Releases everything and closes. NULL is legal. Runs in flight are waited for. LEAK: memory or callables of the caller
 * were still there, or runs were never waited for (npurt_wait); they are released all the same. The record's message names
 * them, as many of each kind as fit: memory with its size and address, callables, runs by their callable.
 *
 * The handles of the device, its callables and its runs are gone as soon as close has begun, whatever it returns, except
 * for INVALID_ARGUMENT (the handle was none: closed before), FORKED and BUSY (called from an orchestration of the device,
 * or a log callback). Threads that are inside of a call on the device are waited for: a launch that waits for a place is
 * refused, a wait for a run ends with the run. */
NPURT_API npurt_status npurt_device_close(npurt_device *device);

/* Force-resets the device after a failure and opens it anew. Runs in flight end with CANCELLED. Every allocation and
 * callable of the device is gone: addresses and callables from before answer INVALID_ARGUMENT. OK: the device works again (probed). LOST: it does not. */
NPURT_API npurt_status npurt_device_reset(npurt_device *device);

/* Ends what the device does: an orchestration that runs on the host is refused whatever it calls from now on, and interrupted
 * when it calls nothing (callable.h, "An orchestration that takes long"); a run that executes is told to end as by npurt_cancel,
 * with a grace of 100 ms for its kernels; one that is bound never starts. What was launched before this call answers
 * CANCELLED, or OK when it was faster; what is launched afterwards is not concerned. Does not wait, and takes no lock that a
 * call holds: it is for a thread that sees to the keyboard. Not for a signal handler. Errors: INVALID_ARGUMENT, FORKED. */
NPURT_API npurt_status npurt_device_cancel(npurt_device *device);

/* Does not wait, not for calls either. Of a handle that is none, and in a child made by fork, LOST; no error record. */
NPURT_API npurt_device_state npurt_device_get_state(npurt_device *device);
NPURT_API npurt_status npurt_device_get_info(npurt_device *device, npurt_device_info *info);

/* HBM in use on the device in bytes, total minus free as the driver says. On silicon rounded and shared with others. */
NPURT_API npurt_status npurt_device_hbm_in_use(npurt_device *device, uint64_t *bytes);

/* The ledger: all that npurt holds of the device, by kind. */
typedef struct npurt_ledger_totals {
    uint64_t memory_bytes;      /* device memory from the driver's allocator */
    uint32_t memory_blocks;
    uint32_t registrations;     /* AICore programs */
    uint32_t binaries;          /* loaded CPU-kernel binaries */
    uint32_t functions;         /* looked-up entries */
    uint32_t streams;
    uint32_t events;
    uint32_t files;             /* files that npurt installed on the device's file system */
} npurt_ledger_totals;
NPURT_API npurt_status npurt_device_ledger(npurt_device *device, npurt_ledger_totals *totals);

/* Writes the ledger as text, one line per holding with owner and purpose, into buffer (cut at size, always ended by
 * NUL). *needed, which may be NULL, receives the full length without the NUL. */
NPURT_API npurt_status npurt_device_report(npurt_device *device, char *buffer, size_t size, size_t *needed);
/* The same as one JSON object: target, runs, memory_bytes, holdings (kind, handle, bytes, owner, purpose each) and grown
 * (kind, owner, runs, first_run, count, bytes each): what there was more of after a run than after any before. A buffer
 * that fits its runs settles; what keeps growing is a leak, and is logged as a warning the 16th time. */
NPURT_API npurt_status npurt_device_report_json(npurt_device *device, char *buffer, size_t size, size_t *needed);

/* Writes what is known of the run in flight, and of the device, to a file: which task each core runs and since when, its
 * arguments, the tasks before it, who waits for whom. The run goes on: its schedulers are asked, not stopped, and have
 * 500 ms to answer; one that does not, because a kernel keeps its thread, is read as it is. Without a run in flight the
 * file is about the device alone. `npurt explain FILE` shows it (docs/reference/dump.md).
 *
 * `path` is the file, replaced whole when it is there; NULL: a new file where failed runs leave theirs (dump_folder).
 * `written`, of `size` bytes, gets its name, and may be NULL when path is not. From any thread, also while others are in
 * npurt_wait or npurt_call; a launch that is being bound is waited for. Of a run that moves, what the file says of
 * different tasks is not of one instant. Works in every state; of a device that is lost it says what the host knows.
 * Errors: INVALID_ARGUMENT (path is NULL and dumps are off, or written too small), IO (names the file), BUSY, FORKED. */
NPURT_API npurt_status npurt_device_snapshot(npurt_device *device, const char *path, char *written, size_t size);

/* Hash of everything that happened on the device so far: agent, event and operands, in timed mode the time too, never
 * the seed. Only a card in timed or explore mode keeps one; elsewhere UNSUPPORTED. The first open of a device in a process installs the AICPU program and
 * later ones do not, so their histories differ: compare like with like. */
NPURT_API npurt_status npurt_device_trace_hash(npurt_device *device, uint64_t *hash);

/* Device memory. Addresses are device addresses: dereferencing one on the host faults. `name` is shown in the ledger and
 * copied. Alignment is 512 bytes. size 0 is INVALID_ARGUMENT. free takes what alloc gave; BUSY: a run in flight has an
 * argument that begins anywhere inside. */
NPURT_API npurt_status npurt_memory_alloc(npurt_device *device, size_t size, const char *name, uint64_t *address);
NPURT_API npurt_status npurt_memory_free(npurt_device *device, uint64_t address);
/* Copies between host memory and allocations of this device, both ways inside one allocation; blocking. A host pointer
 * where a device address is due, and the reverse, is INVALID_ARGUMENT; so is an address of another device that the
 * process has open, on either side, which the message names. The same holds for free, set and the tensors of a call. */
NPURT_API npurt_status npurt_memory_copy_in(npurt_device *device, uint64_t to, const void *from, size_t size);
NPURT_API npurt_status npurt_memory_copy_out(npurt_device *device, void *to, uint64_t from, size_t size);
NPURT_API npurt_status npurt_memory_set(npurt_device *device, uint64_t to, uint8_t value, size_t size);

#ifdef __cplusplus
}
#endif
#endif
