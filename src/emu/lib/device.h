/* One device id: its context, its streams, events, functions and memory, and its device process while it is open.
 *
 * Every entry point that works on a device goes device_enter → … → device_leave and holds the device's lock between
 * them; what waits gives the lock up while it does. Objects are known to callers by handles (handle.h).
 *
 *     closed ──set──▶ open ──device process ends──▶ down
 *       ▲               │ references 0, or force       │ the same
 *       └───────────────┴──────────────────────────────┘
 *
 * A fault on the device poisons it (emu_shared.faulted): memory and streams are refused until a force reset.
 */
#ifndef NPUEMU_DEVICE_H
#define NPUEMU_DEVICE_H

#include "card.h"
#include "handle.h"
#include "heap.h"
#include "process.h"

#include <pthread.h>

struct stream {
    bool live;
    bool stop; /* on failure */
    uint32_t serial;
    uint64_t memory; /* what its queues take of HBM */
};
struct event {
    bool live, recorded;
    uint32_t serial, flags;
    uint32_t stream; /* slot and sequence number of the last record */
    uint64_t sequence;
};
struct function { /* its slot is the number by which the device process knows it */
    bool live;
    uint32_t serial;
    void *binary;   /* handle of the binary it was found in */
    uint32_t entry; /* its index there */
    uint64_t names; /* its two names in HBM */
};
struct loaded {    /* a program's copy on this device */
    void *program; /* handle; NULL: free */
    uint64_t address;
    uint64_t kernels; /* by index: the device process knows it */
};
struct pending { /* launch arguments in HBM, to be given back when their stream has passed them */
    uint64_t address;
    uint32_t stream;
    uint32_t sequence;
};

enum { DEVICE_FUNCTIONS = 4096, DEVICE_PROGRAMS = 1024, DEVICE_DEFAULT_STREAM = 0 };

struct device {
    pthread_mutex_t lock;
    struct card *card;
    struct emu_machine machine;
    int32_t id; /* logical; -1: ASCEND_RT_VISIBLE_DEVICES leaves it out */
    int32_t driver_id;
    uint32_t references;    /* calls of SetDevice that were not reset */
    _Atomic uint32_t epoch; /* of the context; odd while there is one */
    bool down;
    int32_t status; /* with down: what every call answers; 0: 507901, its process has ended */
    bool poisoned;  /* outlives a soft reset */
    struct process *process;
    _Atomic uint64_t window, window_size; /* process->hbm_base and hbm_size, read without the lock */
    uint64_t last_trace_hash;             /* of the process before, once there is none */
    uint64_t host_ns;                     /* timed and explore mode: the host's virtual time */
    struct heap heap;
    uint32_t stream_high, event_high, function_high, program_high;
    struct stream stream[EMU_MAX_STREAMS];
    struct event event[EMU_MAX_EVENTS];
    struct function function[DEVICE_FUNCTIONS];
    struct loaded loaded[DEVICE_PROGRAMS];
    struct pending *pending;
    uint32_t pending_count, pending_room;
};

/* What a call costs the host in timed and explore mode, ns (docs/reference/machine.md). */
enum device_cost {
    COST_QUERY = 300,
    COST_LAUNCH = 2000,
    COST_SYNC = 1000,
    COST_ALLOC = 9000,
    COST_FREE = 3000,
    COST_COPY = 8000,
    COST_STREAM = 50000,
    COST_COPY_BYTES_PER_US = 30000,
};

/* The current device of this thread, locked. 107002 when it has none, or its context was reset; 507901 when its process
 * has ended. */
int32_t device_enter(struct device **out);
/* The same, whatever the state of the process: for what must work on a device that is down. */
int32_t device_enter_any(struct device **out);
/* This device, which must be open in this process. */
int32_t device_enter_this(struct device *device);
void device_leave(struct device *device);

struct device *device_current(void); /* of this thread; NULL. Not locked */

/* 507899 when a fault has poisoned the device. */
int32_t device_refuses(struct device *device);

/* Marks it down and returns its status, 507901 by default. */
int32_t device_down(struct device *device);

/* An occasion for an event of the device's fault plan: the event when it happens now, else NULL. */
static inline const struct fault_event *device_fault(struct device *device, enum fault_kind kind)
{
    return fault_due(&device->machine.faults, kind);
}
static inline bool device_simulated(const struct device *device)
{
    return device->machine.mode != EMU_MODE_FREE;
}
static inline void device_charge(struct device *device, uint64_t ns)
{
    device->host_ns += ns;
}

/* A ring slot for a command. May give the lock up while the ring is full, so: claim first, then look at the state the
 * command depends on. 507901, or 107002 when the device was reset meanwhile. */
int32_t device_claim(struct device *device, uint32_t kind, uint32_t stream, struct emu_command **out);
void device_publish(struct device *device);

/* Gives a claimed command of a stream its sequence number. */
void device_sequence(struct device *device, struct emu_command *command);

/* Until the stream has completed `sequence`; gives the lock up meanwhile. timeout_ms -1: for ever. 0, 507046, 507901,
 * or 107002 when the device was reset meanwhile. */
int32_t device_wait(struct device *device, uint32_t stream, uint32_t sequence, int32_t timeout_ms);

/* Lets the device's virtual time catch up with the host's, and looks whether the stream has drained. */
int32_t device_poll(struct device *device, uint32_t stream, bool *drained);

/* Launch arguments longer than a command holds: a copy in HBM, given back once the stream has passed the command. */
int32_t device_arguments(struct device *device, const void *args, uint32_t size, uint64_t *address);
int32_t device_arguments_pending(struct device *device, uint64_t address, uint32_t stream, uint64_t sequence);
void device_arguments_reap(struct device *device);

/* HBM: reads and writes through the file; 0 or a status with its message. Any thread, no lock. */
int32_t device_write(struct process *process, uint64_t address, const void *from, uint64_t size);
int32_t device_read(struct process *process, uint64_t address, void *to, uint64_t size);
/* Takes a block, as heap_take does, if the card has the bytes left. 0: it has not. */
uint64_t device_take(struct device *device, uint64_t size, uint64_t alignment, enum heap_owner owner);
/* Frees a block and what host memory it used. false: no block of this owner starts there. */
bool device_give(struct device *device, uint64_t address, enum heap_owner owner);

/* The registry's part: makes a device object for a new id. NULL: out of host memory. */
struct device *device_create(struct card *card, const struct emu_machine *machine, int32_t driver_id);
/* At exit of the host: ends its process. At fork, in the child: forgets it. */
void device_shutdown(struct device *device);
void device_forget(struct device *device);

#endif
