/* A driver made of counters: every entry point succeeds, keeps account of what it gave, and can be told to fail at its
 * n-th call or to answer a stream's synchronize with a code. Device memory is an arena of this process that no pointer
 * of the library under test should reach except through the copies. */
#ifndef TESTS_HOST_FAKE_DRIVER_H
#define TESTS_HOST_FAKE_DRIVER_H

#include "driver/driver.h"
#include "protocol/protocol.h"
#include "protocol/stream.h"

struct fake {
    uint32_t calls;     /* driver calls so far */
    uint32_t fail_at;   /* this call fails; 0: none */
    const char *failed; /* its name; NULL: it has not happened */
    /* what is out */
    uint32_t blocks, streams, registrations, binaries, retained;
    uint64_t bytes;
    /* totals */
    uint32_t installs, registers, set_devices, force_resets;
    uint64_t memory; /* size of the device's memory; default 1 GiB */
    const char *soc;
    int32_t core_sync, cpu_sync;        /* what synchronize answers for the stream created first, second */
    uint32_t run_code;                  /* enum run_code that exec answers */
    uint32_t suspects;                  /* number i is task 3 + i on core 7 + 2 i, of kernel i modulo 3 */
    const char *said;                   /* the driver's words; NULL: none */
    uint32_t keep_blocks;               /* rtFree fails and frees nothing */
    uint32_t ignore_exec;               /* exec is taken and never done */
    uint32_t protocol;                  /* that init answers; 0: ours */
    uint32_t last_blocks, last_threads; /* of the last launches */
    uint32_t aborts;                    /* run_command.abort seen */
    /* Graphs that are built on the device. */
    struct stream_result stream;        /* what exec answers, but for `done` */
    uint32_t silent;                    /* exec leaves no stream_result */
    struct stream_control last_stream;  /* of the last exec */
    uint32_t streams_seen, unloads, last_unload; /* runs with a stream_control; unload launches, their callable */
};
extern struct fake fake;

/* All counters to zero, all options to their defaults. */
void fake_reset(void);
struct driver *fake_driver(void);

#endif
