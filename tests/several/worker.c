/* A host program on a card, for test_several_kills: calls a callable with inputs of its own and checks every result,
 * takes and frees device memory, and opens the device anew now and then, until its input ends. Says "open" when it
 * works; any error is a line on standard output and status 1.
 *
 *     several_worker TARGET SEED
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/world.h"

enum { WORDS = 256, RUNS_PER_OPEN = 400 };

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % below;
}

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        npurt_status must_status = (call);                                                                             \
        if (must_status != NPURT_OK) {                                                                                 \
            printf("%s: %s: %s\n", #call, npurt_status_name(must_status), npurt_error_last()->message);                \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool wanted(void)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};

    return poll(&input, 1, 0) == 0;
}

static void call_once(npurt_callable *callable)
{
    uint32_t x[WORDS], y[WORDS], length = 1 + draw(20);

    for (uint32_t i = 0; i < WORDS; i++)
        x[i] = draw(UINT32_MAX);
    MUST(world_call(callable, x, y, WORDS, FIXTURE_CHAIN, length, NULL));
    for (uint32_t i = 0; i < WORDS; i++)
        if (y[i] != x[i] + length) {
            printf("word %u is %u, not %u + %u\n", i, y[i], x[i], length);
            exit(1);
        }
}

/* What is written to device memory is there, whoever else has memory on the card. */
static void use_memory(npurt_device *device)
{
    static uint8_t in[65536], out[sizeof in];
    const uint8_t mark = (uint8_t)draw(256);
    uint64_t address;

    memset(in, mark, sizeof in);
    MUST(npurt_memory_alloc(device, sizeof in << draw(6), "several", &address));
    MUST(npurt_memory_copy_in(device, address, in, sizeof in));
    MUST(npurt_memory_copy_out(device, out, address, sizeof out));
    if (memcmp(in, out, sizeof in) != 0) {
        printf("device memory does not hold what was written\n");
        exit(1);
    }
    MUST(npurt_memory_free(device, address));
}

int main(int argc, char **argv)
{
    npurt_callable *callable;
    npurt_device *device;
    bool said = false;

    if (argc != 3) return 64;
    random_state = strtoull(argv[2], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    do {
        MUST(npurt_device_open(argv[1], NULL, &device));
        MUST(world_load(device, &callable));
        for (int run = 0; run < RUNS_PER_OPEN && wanted(); run++) {
            call_once(callable);
            if (run % 8 == 0) use_memory(device);
            if (!said) printf("open\n");
            said = true;
        }
        MUST(npurt_callable_unload(callable));
        MUST(npurt_device_close(device));
    } while (wanted());
    return 0;
}
