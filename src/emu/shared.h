/* What libnpuemu (in the host process) and npuemu (the device process) share: one memfd, mapped by both.
 *
 * The host side owns handles, parameter checks, HBM allocation and the command ring's head; the device side owns streams'
 * progress, the AICPU OS and the cores. Copies to and from HBM do not pass here: HBM is a second memfd, which the host
 * side reads and writes through the file and the device side maps at its device address.
 *
 * Life of a device process: the host side makes both memfds, fills `machine` and the addresses, starts npuemu with
 * descriptors EMU_FD_SHARED and EMU_FD_HBM, waits for `state` = READY → commands → EMU_CMD_SHUTDOWN, or SIGKILL for a
 * force reset. The device process holds a pidfd of its host and ends with it.
 *
 * Ring: single producer (host side, under its lock), single consumer (device side, carrier 0). A command is one slot;
 * arguments up to EMU_INLINE bytes travel in it, longer ones in HBM at args_address (allocated, and freed after the
 * command's stream has passed it, by the host side). The producer publishes `head` with release order, then, when
 * `sleeping` is set, wakes the futex at `doorbell`.
 *
 * Streams: commands with a stream are executed in the order of the ring within it; streams run side by side. Each such
 * command carries its stream's sequence number; the device side publishes `completed` when a command has ended, after it
 * has stored an error, and wakes the futex at `completed` when `waiters` is set.
 *
 * Stop mode (`stop_on_failure`): the first error is kept in `failure`, and the stream that met it is `stopped`: launches that
 * it holds or gets end at once, without having run; its events are recorded all the same.
 *
 * Timed and explore mode: nothing runs on the device unless a host call waits for it. Every command carries the host's virtual time;
 * a waiting call posts EMU_CMD_ADVANCE and the device side runs the simulation until the stream has completed the
 * sequence number, or virtual time has passed the deadline; then it publishes `advance_reply` (the command's position in
 * the ring plus one) and `virtual_ns`. So a run is a function of the commands alone.
 */
#ifndef NPUEMU_SHARED_H
#define NPUEMU_SHARED_H

#include <stdatomic.h>
#include <stdint.h>
#include "driver/card_log.h"
#include "machine.h"

enum {
    EMU_FD_SHARED = 3, EMU_FD_HBM = 4, /* descriptors of a device process; EMU_FD_HOST is a pidfd of its host */
    EMU_FD_HOST = 5,
    EMU_FD_ROOT = 6,                   /* the card's file-system root, opened by its host: never by its name */
    EMU_RING_SLOTS = 1024,
    EMU_INLINE = 416,
    EMU_MAX_STREAMS = 1984,            /* usable per device (docs/reference/cann-abi.md) */
    EMU_MAX_EVENTS = 4096,
    EMU_LOG_LINES = 1024,
    EMU_SHARED_VERSION = 3,
};
#define EMU_SHARED_MAGIC 0x554d4555u

enum emu_process_state { EMU_STARTING = 0, EMU_READY = 1, EMU_FAILED = 2, EMU_STOPPED = 3 };

enum emu_command_kind {
    EMU_CMD_NONE = 0,
    EMU_CMD_KFC_LAUNCH = 1,      /* args: whole blob; so_offset, name_offset into it; blocks */
    EMU_CMD_BIND_FUNCTION = 2,   /* no stream; args: struct emu_function; handle: function number. Opens nothing */
    EMU_CMD_CPU_LAUNCH = 3,      /* handle: function number; args: the parameter block; blocks; timeout_us 0: default */
    EMU_CMD_PROGRAM_LOAD = 4,    /* no stream; handle: program number; args: struct emu_program (ELF lies in HBM) */
    EMU_CMD_CORE_LAUNCH = 5,     /* handle: program number; kernel: its index; blocks; args: parameters */
    EMU_CMD_EVENT_RECORD = 6,    /* handle: event number */
    EMU_CMD_EVENT_WAIT = 7,
    EMU_CMD_STREAM_CREATE = 8,
    EMU_CMD_STREAM_DESTROY = 9,
    EMU_CMD_PROGRAM_UNLOAD = 10,
    EMU_CMD_ADVANCE = 11,        /* timed, explore mode: see above; handle: sequence number, timeout_us: virtual, UINT64_MAX never */
    EMU_CMD_SHUTDOWN = 12,
    EMU_CMD_TIMEOUT = 13,        /* timeout_us: op-execute timeout from now on, UINT64_MAX never */
    EMU_CMD_PROGRAM_KERNEL = 14, /* no stream; handle: program number; kernel: its index; args: struct emu_kernel */
};

struct emu_function {
    char so[128];               /* as in the JSON descriptor: a name in the pre-install folder */
    char symbol[128];
};
struct emu_program {
    uint64_t address, size;     /* of the ELF image in HBM */
};
enum { EMU_MAX_KERNELS = 64 };  /* of a program */
struct emu_kernel {             /* told before its first launch on the device */
    char aic[96], aiv[96];      /* symbols, empty when the half is missing */
};

struct emu_command {
    uint32_t kind;              /* enum emu_command_kind */
    uint32_t stream;            /* slot of the stream table, UINT32_MAX none */
    uint64_t sequence;          /* of that stream */
    uint64_t host_ns;           /* timed, explore mode: virtual time of the call */
    uint64_t timeout_us;
    uint32_t handle, kernel;
    uint32_t blocks, batch;     /* batch: schemMode 1, all blocks start together */
    uint32_t args_size;
    uint32_t so_offset, name_offset; /* KFC; UINT32_MAX: none */
    uint32_t reserved0;
    uint64_t args_address;      /* 0: inline */
    uint64_t reserved1[3];
    uint8_t args[EMU_INLINE];
};
_Static_assert(sizeof(struct emu_command) == 512, "emu_command");
_Static_assert(sizeof(struct emu_program) <= EMU_INLINE, "emu_program");
_Static_assert(sizeof(struct emu_kernel) <= EMU_INLINE, "emu_kernel");

/* Writer of `submitted`: host side; of the rest: device side, but `waiters` by the host side. */
struct emu_stream {
    _Alignas(64) _Atomic uint64_t submitted;
    _Atomic uint32_t waiters;
    _Alignas(64) _Atomic uint32_t completed; /* low 32 bits of the last completed sequence number: a futex */
    _Atomic int32_t error;                   /* first task error since the last sync took it, as an ACL code; 0 none */
    _Atomic uint32_t stopped;                /* by an error in stop mode: what is launched is passed over; writer: device
                                              * side, and host side for a new stream or mode */
};

struct emu_event {
    _Atomic uint32_t recorded;  /* low bits of a counter: a futex */
    uint32_t reserved;
    _Atomic uint64_t time_us;   /* device uptime */
};

/* The text of the last task error, as aclGetRecentErrMsg gives it. Writer: device side; `serial` odd while writing. */
struct emu_problem {
    _Atomic uint32_t serial;
    int32_t code;
    int32_t core;               /* physical sub-core, -1 none */
    uint32_t reserved;
    char text[496];
};

/* The device's lines on their way to the host, when they are routed there (driver/card_log.h). A line that finds the ring
 * full wakes a host that waits and gives it EMU_LOG_READER_MS to make room, or EMU_LOG_PATIENCE_MS to begin to wait; then
 * it is lost, and counted, and so are the next ones until there is room. Pages of lines that were never written take no
 * memory. */
enum { EMU_LOG_PATIENCE_MS = 20, EMU_LOG_READER_MS = 1000 };
struct emu_log {
    _Alignas(64) _Atomic uint32_t route;   /* 0: standard error; else 1 + enum card_log_level; writer: host side */
    _Atomic uint32_t readers;              /* host threads that wait, and empty it while they do; writer: host side */
    _Alignas(64) _Atomic uint32_t head;    /* lines written; writer: device side, like `lost` */
    _Atomic uint64_t lost;
    _Alignas(64) _Atomic uint32_t tail;    /* lines read: a futex; writer: host side */
    _Alignas(64) struct card_log_line line[EMU_LOG_LINES];
};

struct emu_shared {
    uint32_t magic, version;
    struct emu_machine machine;
    int32_t device;             /* as the host process numbers it */
    int32_t file_device;        /* 0 or 1: die of the card */
    uint64_t hbm_base, hbm_size;/* window in the device process and, reserved only, in the host's */
    char root[256];             /* path of the card's file-system root, for messages and its removal */

    _Alignas(64) _Atomic uint64_t head;      /* commands published; writer: host side */
    _Alignas(64) _Atomic uint64_t tail;      /* commands taken; writer: device side. A futex on its low word when full */
    _Alignas(64) _Atomic uint32_t doorbell;  /* futex of the sleeping device process; writer: host side */
    _Alignas(64) _Atomic uint32_t sleeping;  /* writer: device side */
    _Alignas(64) _Atomic uint32_t state;     /* enum emu_process_state: a futex; writer: device side */
    _Atomic uint32_t faulted;                /* a fiber was abandoned: poisoned until force reset */
    _Atomic uint32_t stop_on_failure;        /* one of the streams is in stop mode; writer: host side */
    _Atomic int32_t failure;                 /* the first error since then, as an ACL code; 0 none */
    _Alignas(64) _Atomic uint64_t virtual_ns;/* timed and explore mode */
    _Atomic uint32_t advance_reply;          /* a futex */
    _Atomic uint64_t trace_hash;
    _Atomic uint64_t trace_events;
    struct emu_problem problem;
    _Alignas(64) struct emu_command ring[EMU_RING_SLOTS];
    struct emu_stream stream[EMU_MAX_STREAMS];
    struct emu_event event[EMU_MAX_EVENTS];
    struct emu_log log;
};

#endif
