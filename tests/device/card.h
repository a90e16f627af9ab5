/* A card for tests of the device process: what libnpuemu does, in its smallest form. One card at a time. */
#ifndef NPURT_TESTS_DEVICE_CARD_H
#define NPURT_TESTS_DEVICE_CARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "emu/shared.h"
#include "fixture.h"

struct card {
    struct emu_shared *shared;
    int hbm;
    pid_t process;
    char root[256];
    uint64_t sequence[8];
    uint64_t next;           /* free HBM */
    uint64_t host_ns;
};

/* Starts a device process; ends the test with a text when it does not come up. */
void card_open(struct card *card, const char *machine);
/* Shuts it down and returns its exit status (wait status). */
int card_close(struct card *card);
/* Whatever is left of a card that a failed test did not close. */
void card_abandon(void);

uint64_t card_alloc(struct card *card, uint64_t size);
void card_write(struct card *card, uint64_t address, const void *from, uint64_t size);
void card_read(struct card *card, uint64_t address, void *to, uint64_t size);
uint64_t card_read64(struct card *card, uint64_t address);
/* A whole file into fresh HBM. */
uint64_t card_upload(struct card *card, const char *path, uint64_t *size);
/* A kernel image of `entry` of fixture_kernel.so. */
uint64_t card_kernel(struct card *card, const char *entry, uint32_t duration_ns);

/* Puts a fixture into the pre-install folder under another name. */
void card_install(struct card *card, const char *fixture, const char *name);

void card_push(struct card *card, struct emu_command *command);
void card_bind(struct card *card, uint32_t handle, const char *so, const char *symbol);
void card_program(struct card *card, uint32_t handle, const char *path, const char *aic, const char *aiv);
void card_cpu(struct card *card, uint32_t stream, uint32_t handle, uint32_t blocks, const void *args, uint32_t size);
void card_core(struct card *card, uint32_t stream, uint32_t handle, uint32_t blocks, bool batch, const void *args, uint32_t size);

/* Waits for everything pushed to the stream and takes its error; -1 when it did not end in time, -2 when the process died. */
int32_t card_sync(struct card *card, uint32_t stream, uint32_t timeout_ms);
const char *card_problem(struct card *card);

/* A control block for `clusters` clusters, written to HBM. */
uint64_t card_control(struct card *card, struct fixture_control *control, uint32_t clusters);

uint64_t card_now(void);

#endif
