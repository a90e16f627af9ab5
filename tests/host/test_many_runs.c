/* The vector example, called many times over: nothing grows. RUNS is 3,000 in make test, 100,000 in make test-full. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "example.h"
#include "host/card_process.h"

enum { WARM_UP = 500, CHECK_EVERY = 50 };

static uint64_t resident(long pid)
{
    char path[64];
    unsigned long size = 0, pages = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%lu %lu", &size, &pages) != 2) pages = 0;
    fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct level {
    uint64_t hbm, host, card;
    npurt_ledger_totals ledger;
};

static struct level measure(npurt_device *device, long card)
{
    struct level l = {.host = resident(getpid()), .card = resident(card)};
    CHECK_EQ(npurt_device_hbm_in_use(device, &l.hbm), NPURT_OK);
    CHECK_EQ(npurt_device_ledger(device, &l.ledger), NPURT_OK);
    return l;
}

static void many_runs(const char *target, uint32_t runs)
{
    struct example_problem problem;
    char folder[512];
    npurt_device *device;
    npurt_callable *callable;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    CHECK(example_folder(folder, sizeof folder));
    CHECK_EQ(example_prepare(&vector_example, &vector_example.cases[0], 1, &problem), 0);
    const char *runtime = getenv("FIXTURE_RUNTIME");
    if (runtime && strcmp(runtime, "tensormap_and_ringbuffer") == 0) problem.runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    npurt_call_tensor *out = &problem.tensor[2];
    const size_t bytes = example_tensor_bytes(out);
    void *right = malloc(bytes);
    CHECK(right != NULL);
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(example_load(device, &problem, folder, &callable), NPURT_OK);
    const long card = card_process();
    CHECK(card != 0);
    struct level first = {0}, warm = {0}, last;
    for (uint32_t i = 0; i < runs; i++) {
        double worst = 0;
        memset(out->host, 0xa5, bytes);
        if (example_call(callable, &problem, NULL) != NPURT_OK)
            CHECK_FAIL("run %u: %s", i, npurt_error_last()->message);
        if (i % CHECK_EVERY == 0) CHECK_EQ(example_check(&problem, &worst), 0);
        if (i == 0) memcpy(right, out->host, bytes);
        if (memcmp(right, out->host, bytes) != 0) CHECK_FAIL("run %u: another result than run 0", i);
        if (i == 0) first = measure(device, card);
        if (i == WARM_UP) warm = measure(device, card);
    }
    last = measure(device, card);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("  %s: %u runs in %ld s; host %lu KiB, then %lu; card %lu KiB, then %lu\n", target, runs,
           (long)(to.tv_sec - from.tv_sec), (unsigned long)warm.host >> 10, (unsigned long)last.host >> 10,
           (unsigned long)warm.card >> 10, (unsigned long)last.card >> 10);
    CHECK_EQ(last.hbm, first.hbm);
    CHECK_EQ(last.ledger.memory_bytes, first.ledger.memory_bytes);
    CHECK_EQ(last.ledger.memory_blocks, first.ledger.memory_blocks);
    CHECK_EQ(last.ledger.streams, first.ledger.streams);
    CHECK_EQ(last.ledger.registrations, 1);
    CHECK_EQ(last.ledger.functions, first.ledger.functions);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which keep what is freed for a while */
    CHECK(last.host <= warm.host + warm.host / 100);
    CHECK(last.card <= warm.card + warm.card / 100);
#endif
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    free(right);
    example_release(&problem);
}

TEST(nothing_grows_from_run_to_run)
{
    const char *runs = getenv("RUNS");
    const uint32_t n = runs ? (uint32_t)atoi(runs) : 3000;
    many_runs("emu:a2", n);
    many_runs("emu:a3", n);
    many_runs("emu:a5", n);
}

TEST_MAIN
