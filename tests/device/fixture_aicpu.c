#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "port/port.h"

#define ENTRY __attribute__((visibility("default"))) uint32_t
ENTRY fixture_return(void *args);
ENTRY fixture_store(void *args);
ENTRY fixture_meet(void *args);
ENTRY fixture_crash(void *args);
ENTRY fixture_overflow(void *args);
ENTRY fixture_divide(void *args);
ENTRY fixture_spin(void *args);
ENTRY fixture_schedule(void *args);
ENTRY fixture_threads(void *args);
ENTRY fixture_install(void *args);
ENTRY fixture_bad_window(void *args);
ENTRY fixture_await(void *args);
ENTRY fixture_fork(void *args);
ENTRY fixture_meet_slowly(void *args);

ENTRY fixture_return(void *args)
{
    return ((struct fixture_args *)args)->code;
}

ENTRY fixture_store(void *args)
{
    struct fixture_args *a = args;

    port_publish64((uint64_t *)(uintptr_t)a->address, a->value);
    return 0;
}

/* Blocks wait until `count` of them are here. */
ENTRY fixture_meet(void *args)
{
    struct fixture_args *a = args;
    uint32_t *word = (uint32_t *)(uintptr_t)a->address;

    port_fetch_add32(word, 1);
    port_kick(PORT_AGENT_ALL_AICPU);
    for (;;) {
        port_token token = port_wait_begin();
        if (port_observe32(word) >= a->count) return 0;
        port_wait(token);
    }
}

/* The same, each after 20 ms of the host's time. */
ENTRY fixture_meet_slowly(void *args)
{
    usleep(20000);
    return fixture_meet(args);
}

/* Leaves a child behind that would never end by itself. */
ENTRY fixture_fork(void *args)
{
    pid_t child = fork();

    while (child == 0)
        pause();
    *(uint64_t *)(uintptr_t)((struct fixture_args *)args)->address = (uint64_t)child;
    return child < 0;
}

ENTRY fixture_crash(void *args)
{
    *(volatile uint32_t *)(uintptr_t)((struct fixture_args *)args)->address = 1;
    return 0;
}

static uint32_t deeper(volatile uint32_t *at, uint32_t depth)
{
    volatile uint32_t here[1024];

    here[depth % 1024] = *at;
    return depth == UINT32_MAX ? 0 : deeper(here, depth + 1) + here[0];
}

ENTRY fixture_overflow(void *args)
{
    uint32_t start = ((struct fixture_args *)args)->code;
    return deeper(&start, 0);
}

ENTRY fixture_divide(void *args)
{
    volatile uint32_t *count = &((struct fixture_args *)args)->count;
    return 7 / *count;
}

ENTRY fixture_spin(void *args)
{
    for (volatile uint64_t i = 0;; i++) {
        if (i == UINT64_MAX) return ((struct fixture_args *)args)->code;
    }
}

/* Waits for the host to write the word; it comes without a kick. */
ENTRY fixture_await(void *args)
{
    struct fixture_args *a = args;

    for (;;) {
        port_token token = port_wait_begin();
        if (port_observe64((uint64_t *)(uintptr_t)a->address) == a->value) return 0;
        port_wait(token);
    }
}

ENTRY fixture_threads(void *args)
{
    port_publish64((uint64_t *)(uintptr_t)((struct fixture_args *)args)->address, port_aicpu_threads());
    return 0;
}

ENTRY fixture_bad_window(void *args)
{
    return port_reg_load(((struct fixture_args *)args)->address, 0);
}

/* Writes a file where the vendor's loader looks for libraries, by temporary name and rename. */
ENTRY fixture_install(void *args)
{
    static const char folder[] = "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device";
    char from[128], to[128];
    struct stat file;
    FILE *f;

    (void)args;
    snprintf(from, sizeof from, "%s/.new", folder);
    snprintf(to, sizeof to, "%s/../aicpu_kernels_device/installed.txt", folder);
    f = fopen(from, "w");
    if (!f) return 2;
    fputs("installed", f);
    if (fclose(f)) return 3;
    if (chmod(from, 0755)) return 4;
    if (rename(from, to)) return 5;
    if (stat(to, &file) || file.st_size != 9) return 6;
    if (access(from, F_OK) == 0) return 7;
    return 0;
}

static uint32_t begin_of(uint32_t share, uint32_t cores, uint32_t count)
{
    return (uint32_t)((uint64_t)share * cores / count);
}

/* True when the time of the run is over. */
static bool late(struct fixture_control *control)
{
    if (!control->until || port_clock() < control->until) return false;
    port_publish32(&control->gave_up, 1);
    return true;
}

ENTRY fixture_schedule(void *args)
{
    struct fixture_control *control = (struct fixture_control *)(uintptr_t)((struct fixture_args *)args)->address;
    uint32_t self = port_fetch_add32(&control->arrived, 1), busy = 0;
    uint32_t begin = begin_of(self, control->cores, control->schedulers);
    uint32_t end = begin_of(self + 1, control->cores, control->schedulers);
    uint32_t given[FIXTURE_CORES] = {0};
    uint64_t regs[FIXTURE_CORES] = {0};

    if (control->place) port_place(self, control->schedulers);
    for (uint32_t i = begin; i < end; i++) {
        for (;;) {
            port_token token = port_wait_begin();
            if (port_observe32(&control->hello[i].here)) break;
            if (late(control)) return 0;
            port_wait(token);
        }
        regs[i] = control->regs[control->hello[i].physical];
        port_adopt_core(control->hello[i].physical);
        busy++;
        if (control->image) {
            control->payload[i].args[0] = (int64_t)(uintptr_t)&control->payload[i].value;
            control->payload[i].value = 0;
        }
        given[i] = 1;
        port_reg_store(regs[i], control->reg_dmb, control->rounds ? 1 : FIXTURE_EXIT);
    }
    while (busy) {
        port_token token = port_wait_begin();
        uint32_t moved = 0;
        for (uint32_t i = begin; i < end; i++) {
            uint32_t cond;
            if (!given[i]) continue;
            cond = port_reg_load(regs[i], control->reg_cond);
            if (cond == FIXTURE_EXIT) {
                given[i] = 0;
                busy--;
                moved++;
            } else if (cond == (FIXTURE_DONE | given[i])) {
                given[i]++;
                if (given[i] > control->rounds) given[i] = FIXTURE_EXIT;
                port_reg_store(regs[i], control->reg_dmb, given[i]);
                moved++;
            }
        }
        if (!moved && late(control)) return 0;
        if (!moved) port_wait(token);
    }
    port_fetch_add32(&control->left, 1);
    return 0;
}
