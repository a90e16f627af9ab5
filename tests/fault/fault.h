/* What the tests of fault plans share. Every plan is met twice on every machine: by bare driver calls, for the symptom
 * with its codes, and through npurt, which must name the first cause, survive, and come back as if nothing had been.
 *
 * A card lives as long as the process and its plan counts occasions all that time, so each half has a card of its own:
 * they differ in the size of HBM. */
#ifndef NPURT_TESTS_FAULT_H
#define NPURT_TESTS_FAULT_H

#include "emu/launch.h"
#include "host/world.h"

static const char *const fault_machines[] = {"a2", "a3", "a5"};
#define FAULT_EACH_MACHINE(machine)                                                                                    \
    for (size_t fault_at = 0; fault_at < 3; fault_at++)                                                                \
        for (const char *machine = fault_machines[fault_at]; machine; machine = NULL)

enum { FAULT_SERIES = 8 };

/* ---- bare driver calls ------------------------------------------------------------------------------------------- */

static inline int32_t fault_card(const char *machine, const char *faults)
{
    char text[200];

    snprintf(text, sizeof text, "%s?hbm=96MiB&faults=%s", machine, faults);
    return card_open(text);
}

static inline void fault_card_works(void)
{
    char in[8] = "right", out[8] = "";
    void *p, *stream;

    OK(rtMalloc(&p, sizeof in, RT_MEMORY_HBM, 0));
    OK(rtStreamCreate(&stream, 0));
    OK(rtMemcpy(p, sizeof in, in, sizeof in, RT_MEMCPY_HOST_TO_DEVICE));
    OK(rtMemcpy(out, sizeof out, p, sizeof out, RT_MEMCPY_DEVICE_TO_HOST));
    OK(rtStreamSynchronizeWithTimeout(stream, 1000));
    OK(rtStreamDestroy(stream));
    OK(rtFree(p));
    CHECK_STR(out, "right");
}

/* Poisoned: nothing new is given. A soft reset changes nothing, a force reset everything. */
static inline void fault_card_is_poisoned_until_force_reset(int32_t device)
{
    void *p;

    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
    FAILS(rtStreamCreate(&p, 0), 507899, "poisoned");
    OK(aclrtResetDevice(device));
    OK(aclrtSetDevice(device));
    FAILS(rtMalloc(&p, 512, RT_MEMORY_HBM, 0), 507899, "poisoned");
    OK(aclrtResetDeviceForce(device));
    OK(aclrtSetDevice(device));
    fault_card_works();
}

/* A file with a plan of one event at many occasions: nth = first, first + step, … ; for targets, "@FILE". */
static inline void fault_series(char text[64], const char *name, uint32_t first, uint32_t step)
{
    char path[] = "/tmp/npurt-series-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0) CHECK_FAIL("%s can not be made", path);
    for (uint32_t i = 0; i < FAULT_SERIES; i++)
        dprintf(fd, "%s:nth=%u\n", name, first + i * step);
    close(fd);
    snprintf(text, 64, "@%s", path);
}

/* ---- through npurt ----------------------------------------------------------------------------------------------- */

enum { FAULT_ELEMENTS = 512, FAULT_TASKS = 5, FAULT_RUNS = 100 };

struct fault_world {
    char target[200];
    npurt_device *device;
    npurt_callable *callable;
    uint32_t x[FAULT_ELEMENTS], y[FAULT_ELEMENTS];
};

static const npurt_device_options fault_options = {
    .scheduler_timeout_ms = 300, .op_timeout_ms = 20000, .sync_timeout_ms = 30000};

static inline void fault_target(struct fault_world *world, const char *machine, const char *faults)
{
    *world = (struct fault_world){0};
    snprintf(world->target, sizeof world->target, "emu:%s?hbm=2GiB%s%s", machine, *faults ? "&faults=" : "", faults);
}

static inline npurt_status fault_open(struct fault_world *world)
{
    return npurt_device_open(world->target, &fault_options, &world->device);
}

/* A chain of `tasks`, each of which adds 1. */
static inline npurt_status fault_call(struct fault_world *world, uint32_t tasks)
{
    for (uint32_t i = 0; i < FAULT_ELEMENTS; i++) {
        world->x[i] = i * 2654435761u + tasks;
        world->y[i] = 0xdead;
    }
    return world_call(world->callable, world->x, world->y, FAULT_ELEMENTS, FIXTURE_CHAIN, tasks, NULL);
}

#define FAULT_OK(call)                                                                                                 \
    do {                                                                                                               \
        if ((call) != NPURT_OK)                                                                                        \
            CHECK_FAIL("%s: %s: %s; followed: %s", #call, npurt_status_name(npurt_error_last()->status),               \
                       npurt_error_last()->message, npurt_error_last()->fallout);                                      \
    } while (0)

/* The call fails with `status`; the record names the first cause and the driver's code (0: it had none). */
#define FAULT_FAILS(call, expected, code, part)                                                                        \
    do {                                                                                                               \
        npurt_status fault_status = (call);                                                                            \
        const npurt_error *fault_error = npurt_error_last();                                                           \
        if (fault_status != (expected))                                                                                \
            CHECK_FAIL("%s is %s, not %s: %s", #call, npurt_status_name(fault_status), #expected,                      \
                       fault_status ? fault_error->message : "");                                                      \
        CHECK_HAS(fault_error->message, part);                                                                         \
        if ((code) != 0) CHECK_EQ(fault_error->driver_code, code);                                                     \
        CHECK(strlen(fault_error->hint) > 0);                                                                          \
    } while (0)

static inline void fault_right(struct fault_world *world, uint32_t runs)
{
    for (uint32_t run = 0; run < runs; run++) {
        FAULT_OK(fault_call(world, FAULT_TASKS));
        for (uint32_t i = 0; i < FAULT_ELEMENTS; i++)
            if (world->y[i] != world->x[i] + FAULT_TASKS)
                CHECK_FAIL("%s, run %u: y[%u] is %u, not %u", world->target, run, i, world->y[i],
                           world->x[i] + FAULT_TASKS);
    }
}

static inline uint64_t fault_hbm(npurt_device *device)
{
    uint64_t bytes = 0;

    FAULT_OK(npurt_device_hbm_in_use(device, &bytes));
    return bytes;
}

/* What a card of this machine has in use when it has just been opened and nothing ever went wrong. */
static inline uint64_t fault_hbm_of_a_new_card(const char *machine)
{
    struct fault_world world;
    uint64_t bytes;

    fault_target(&world, machine, "");
    FAULT_OK(fault_open(&world));
    bytes = fault_hbm(world.device);
    FAULT_OK(npurt_device_close(world.device));
    return bytes;
}

/* An open and healthy device: 100 runs, device memory as after the first, nothing left at close. */
static inline void fault_runs_on(struct fault_world *world, const char *machine)
{
    npurt_ledger_totals totals;
    uint64_t first;

    CHECK_EQ(npurt_device_get_state(world->device), NPURT_DEVICE_HEALTHY);
    if (!world->callable) FAULT_OK(world_load(world->device, &world->callable));
    fault_right(world, 1);
    first = fault_hbm(world->device);
    fault_right(world, FAULT_RUNS - 1);
    CHECK_EQ(fault_hbm(world->device), first);
    FAULT_OK(npurt_device_ledger(world->device, &totals));
    CHECK_EQ(totals.registrations, 1);
    CHECK_EQ(totals.streams, 2);
    FAULT_OK(npurt_callable_unload(world->callable));
    FAULT_OK(npurt_device_close(world->device)); /* LEAK, were the ledger not empty */
    FAULT_OK(fault_open(world));
    CHECK_EQ(fault_hbm(world->device), fault_hbm_of_a_new_card(machine));
    FAULT_OK(npurt_device_close(world->device));
}

/* After a failure that took the device along: it refuses work, with the first cause, until it is reset. */
static inline void fault_reset_helps(struct fault_world *world, const char *machine, npurt_device_state state)
{
    char cause[sizeof npurt_error_last()->message];

    snprintf(cause, sizeof cause, "%.100s", npurt_error_last()->message);
    CHECK_EQ(npurt_device_get_state(world->device), state);
    if (world->callable) {
        CHECK_EQ(fault_call(world, 1), state == NPURT_DEVICE_LOST ? NPURT_ERROR_LOST : NPURT_ERROR_POISONED);
        CHECK_HAS(npurt_error_last()->message, cause);
    }
    FAULT_OK(npurt_device_reset(world->device));
    if (world->callable) FAULT_OK(npurt_callable_unload(world->callable));
    world->callable = NULL;
    fault_runs_on(world, machine);
}

/* Opens and loads. */
static inline void fault_begin(struct fault_world *world, const char *machine, const char *faults)
{
    fault_target(world, machine, faults);
    FAULT_OK(fault_open(world));
    FAULT_OK(world_load(world->device, &world->callable));
}

/* An open that failed leaves nothing that the next one would mind. */
static inline void fault_next_open_works(struct fault_world *world, const char *machine)
{
    world->callable = NULL;
    FAULT_OK(fault_open(world));
    fault_runs_on(world, machine);
}

/* `count` lives of a device, with three runs each and a reset where one is needed. Returns how many met a failure; each
 * must be `expected`, with the driver's code and the word `part`, and leave the device healthy or in `state`. */
static inline uint32_t fault_lives(struct fault_world *world, uint32_t count, npurt_status expected, int32_t code,
                                   const char *part, npurt_device_state state)
{
    uint32_t failed = 0;

    for (uint32_t life = 0; life < count; life++) {
        npurt_status status;
        world->device = NULL;
        world->callable = NULL;
        status = fault_open(world);
        if (status == NPURT_OK) status = world_load(world->device, &world->callable);
        for (int run = 0; run < 3 && status == NPURT_OK; run++) {
            status = fault_call(world, FAULT_TASKS);
            for (uint32_t i = 0; i < FAULT_ELEMENTS && status == NPURT_OK; i++)
                CHECK_EQ(world->y[i], world->x[i] + FAULT_TASKS);
        }
        if (status != NPURT_OK) {
            const npurt_error *e = npurt_error_last();
            failed++;
            if (status != expected || (code != e->driver_code && !strstr(e->fallout, "507901")))
                CHECK_FAIL("%s, life %u: %s: %s", world->target, life, npurt_status_name(status), e->message);
            CHECK_HAS(e->message, part);
        }
        if (!world->device) continue;
        if (npurt_device_get_state(world->device) != NPURT_DEVICE_HEALTHY) {
            CHECK_EQ(npurt_device_get_state(world->device), state);
            if (npurt_device_reset(world->device) != NPURT_OK) FAULT_OK(npurt_device_reset(world->device));
        }
        if (world->callable) (void)npurt_callable_unload(world->callable);
        status = npurt_device_close(world->device);
        if (status != NPURT_OK) {
            if (status != expected || code != npurt_error_last()->driver_code)
                CHECK_FAIL("%s, close: %s: %s", world->target, npurt_status_name(status), npurt_error_last()->message);
            failed++;
        }
    }
    return failed;
}

#endif
