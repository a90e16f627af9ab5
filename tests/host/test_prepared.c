/* Callables are prepared once and called many times: the reference's five behaviours, ids, and what travels. */
#include <stdlib.h>

#include "check.h"
#include "host/card_process.h"
#include "host/world.h"

enum { N = 64 };
static const char *const targets[] = {"emu:a2", "emu:a3:0", "emu:a5"};
static uint32_t x[N], y[N];

static int openings(void)
{
    const char *count = getenv("FIXTURE_OPENINGS");
    return count ? atoi(count) : 0;
}

/* Where a test begins: how often orchestrations were opened in this process, and loaded on the device. */
static int opened_before;
static uint32_t loaded;

static bool streamed(void)
{
    return world_runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
}

#define BOTH_RUNTIMES()                                                                                                \
    for (int runtime = NPURT_HOST_BUILD_GRAPH;                                                                         \
         runtime <= NPURT_TENSORMAP_AND_RINGBUFFER && (world_runtime = (npurt_runtime)runtime, true); runtime++)

static npurt_device *open_device(const char *target)
{
    npurt_device *device;
    printf("  %s, %s\n", target, streamed() ? "tensormap_and_ringbuffer" : "host_build_graph");
    loaded = 0;
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    opened_before = openings();
    return device;
}

static npurt_callable *load(npurt_device *device)
{
    npurt_callable *callable = NULL;
    if (world_load(device, &callable) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    return callable;
}

static void call(npurt_callable *callable, uint32_t value, uint32_t length)
{
    npurt_timing timing;
    for (uint32_t i = 0; i < N; i++)
        x[i] = value + i;
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, length, &timing), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        CHECK_EQ(y[i], value + i + length);
    loaded += timing.orchestration_loads;
}

/* So many orchestrations were opened where they run. The AICPU program was installed, loaded and looked up once, the
 * AICore program registered once at most. */
static void check_loads(npurt_device *device, int orchestrations, uint32_t registrations)
{
    npurt_ledger_totals t;
    CHECK_EQ(npurt_device_ledger(device, &t), NPURT_OK);
    CHECK_EQ(openings() - opened_before, streamed() ? 0 : orchestrations);
    CHECK_EQ(loaded, streamed() ? (uint32_t)orchestrations : 0);
    CHECK_EQ(t.files, 1);
    CHECK_EQ(t.binaries, 1);
    CHECK_EQ(t.functions, 3);
    CHECK_EQ(t.streams, 2);
    CHECK_EQ(t.registrations, registrations);
}

TEST(two_callables_run_with_inputs_of_their_own_and_are_unloaded)
{
    BOTH_RUNTIMES()
    for (int t = 0; t < 3; t++) {
        npurt_device *device = open_device(targets[t]);
        npurt_callable *primary = load(device), *secondary = load(device);
        call(primary, 2, 5);
        call(primary, 100, 5);
        call(secondary, 7, 5);
        CHECK_EQ(npurt_callable_unload(primary), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(secondary), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

TEST(five_runs_open_the_orchestration_once_and_load_nothing_else)
{
    BOTH_RUNTIMES()
    for (int t = 0; t < 3; t++) {
        npurt_device *device = open_device(targets[t]);
        npurt_callable *callable = load(device);
        check_loads(device, streamed() ? 0 : 1, 0); /* the device loads it when it is called */
        for (uint32_t i = 0; i < 5; i++) {
            call(callable, i, 5);
            check_loads(device, 1, 1);
        }
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

TEST(two_callables_in_turn_open_two_orchestrations)
{
    BOTH_RUNTIMES()
    for (int t = 0; t < 3; t++) {
        npurt_device *device = open_device(targets[t]);
        npurt_callable *a = load(device), *b = load(device);
        for (uint32_t i = 0; i < 5; i++) {
            call(a, i, 5);
            call(b, 50 + i, 4);
        }
        check_loads(device, 2, 1);
        CHECK_EQ(npurt_callable_unload(a), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(b), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

/* The reference refuses a second preparation under one id. Here a load gives a handle, never one that is in use. */
TEST(a_second_load_of_the_same_binaries_is_a_callable_of_its_own_that_shares_their_uploads)
{
    BOTH_RUNTIMES()
    for (int t = 0; t < 3; t++) {
        npurt_device *device = open_device(targets[t]);
        npurt_ledger_totals one, two;
        npurt_callable *a = load(device);
        CHECK_EQ(npurt_device_ledger(device, &one), NPURT_OK);
        npurt_callable *b = load(device);
        CHECK_EQ(npurt_device_ledger(device, &two), NPURT_OK);
        CHECK(a != b);
        CHECK_EQ(two.memory_blocks, one.memory_blocks + 1); /* its kernel table */
        CHECK_EQ(npurt_callable_unload(a), NPURT_OK);
        call(b, 3, 2); /* the other's going took nothing from it */
        CHECK_EQ(npurt_callable_unload(b), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

TEST(a_callable_can_be_loaded_again_after_it_was_unloaded)
{
    BOTH_RUNTIMES()
    for (int t = 0; t < 3; t++) {
        npurt_device *device = open_device(targets[t]);
        npurt_callable *callable = load(device);
        call(callable, 1, 5);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        check_loads(device, 1, 1);
        callable = load(device);
        call(callable, 2, 5);
        check_loads(device, 2, 1);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

/* Orchestrations that are mapped where they run, each from a memory file that has its name; counted by the segment that
 * begins the file. */
static int mapped(void)
{
    const char *name = streamed() ? "npurt_orchestration_" : "npurt orchestration";
    char path[64], line[4096];
    int n = 0;
    snprintf(path, sizeof path, "/proc/%ld/maps", streamed() ? card_process() : (long)getpid());
    FILE *maps = fopen(path, "r");
    if (!maps) CHECK_FAIL("%s can not be read", path);
    while (fgets(line, sizeof line, maps))
        n += strstr(line, " 00000000 ") && strstr(line, name);
    fclose(maps);
    return n;
}

static npurt_callable *load_from(npurt_device *device, const char *orchestration)
{
    npurt_callable *callable = NULL;
    if (world_load_from(device, orchestration, &callable) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    return callable;
}

static void call_for(npurt_callable *callable, uint32_t value, uint32_t length, uint32_t more)
{
    for (uint32_t i = 0; i < N; i++)
        x[i] = value + i;
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, length, NULL), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        CHECK_EQ(y[i], value + i + length + more);
}

/* One after the other in one place, then one while the other stays. Nothing of what was unloaded is left mapped, or open. */
TEST(orchestrations_of_two_contents_take_turns_and_leave_nothing_mapped)
{
    static const char *const content[] = {world_orchestration, world_other_orchestration};
    enum { ROUNDS = 20 };
    BOTH_RUNTIMES()
    for (int t = 0; t < 3; t++) {
        npurt_device *device = open_device(targets[t]);
        int descriptors = 0;
        CHECK_EQ(mapped(), 0);
        for (uint32_t i = 0; i < ROUNDS; i++) {
            npurt_callable *callable = load_from(device, content[i % 2]);
            call_for(callable, i, 5, i % 2 ? FIXTURE_OTHER_MORE : 0);
            CHECK_EQ(mapped(), 1);
            CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
            CHECK_EQ(mapped(), 0);
            if (i == 1) descriptors = open_descriptors(card_process()); /* with all that the first call brings */
        }
        CHECK(descriptors > 0);
        CHECK_EQ(open_descriptors(card_process()), descriptors);
        npurt_callable *kept = load_from(device, content[0]);
        for (uint32_t i = 0; i < ROUNDS; i++) {
            npurt_callable *callable = load_from(device, content[1]);
            call_for(callable, i, 5, FIXTURE_OTHER_MORE);
            call_for(kept, i, 5, 0);
            CHECK_EQ(mapped(), 2);
            CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
            CHECK_EQ(mapped(), 1);
        }
        CHECK_EQ(npurt_callable_unload(kept), NPURT_OK);
        CHECK_EQ(mapped(), 0);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

static void call_sixty_four(void)
{
    npurt_device *device = open_device("emu:a5");
    npurt_callable *c[NPURT_MAX_CALLABLES], *more = NULL;
    for (int i = 0; i < NPURT_MAX_CALLABLES; i++)
        c[i] = load(device);
    CHECK_EQ(world_load(device, &more), NPURT_ERROR_LIMIT);
    CHECK_HAS(npurt_error_last()->message, "65");
    for (uint32_t i = 0; i < NPURT_MAX_CALLABLES; i++)
        call(c[i], i, i % 7 + 1);
    for (int i = 0; i < NPURT_MAX_CALLABLES; i += 9) {
        CHECK_EQ(npurt_callable_unload(c[i]), NPURT_OK);
        c[i] = load(device);
        call(c[i], 5, 5);
    }
    CHECK_EQ(world_load(device, &more), NPURT_ERROR_LIMIT);
    for (int i = 0; i < NPURT_MAX_CALLABLES; i++)
        CHECK_EQ(npurt_callable_unload(c[i]), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(sixty_four_callables_are_called_the_65th_is_refused_and_places_are_used_again)
{
    BOTH_RUNTIMES()
    {
        call_sixty_four();
        CHECK_EQ(loaded, streamed() ? 64 + 8 : 0);
    }
}

/* The device has closed what was unloaded, and what was not is still there. */
TEST(unloading_waits_for_the_callables_own_run_and_spares_the_others)
{
    world_runtime = NPURT_TENSORMAP_AND_RINGBUFFER;
    npurt_device *device = open_device("emu:a5");
    npurt_callable *a = load(device), *b = load(device);
    npurt_run *run[2];
    uint64_t at[2];
    for (int i = 0; i < 2; i++)
        CHECK_EQ(npurt_memory_alloc(device, sizeof x, "of the test", &at[i]), NPURT_OK);
    call(a, 1, 5);
    call(b, 1, 5);
    CHECK_EQ(npurt_memory_set(device, at[0], 0, sizeof x), NPURT_OK);
    CHECK_EQ(world_launch(b, at[0], at[1], N, FIXTURE_CHAIN, 3000, 0, &run[0]), NPURT_OK);
    CHECK_EQ(world_launch(a, at[1], at[0], N, FIXTURE_CHAIN, 10, 0, &run[1]), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(a), NPURT_OK); /* its run was behind b's */
    CHECK_EQ(npurt_wait(run[1], NULL), NPURT_OK);
    CHECK_EQ(npurt_wait(run[0], NULL), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_out(device, y, at[0], sizeof y), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        CHECK_EQ(y[i], 3010);
    CHECK_EQ(world_launch(b, at[0], at[1], N, FIXTURE_CHAIN, 3000, 0, &run[0]), NPURT_OK);
    a = load(device);
    CHECK_EQ(npurt_callable_unload(a), NPURT_OK); /* never ran: nothing to be closed */
    CHECK_EQ(npurt_wait(run[0], NULL), NPURT_OK);
    call(b, 7, 3);
    CHECK_EQ(loaded, 2);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(npurt_memory_free(device, at[i]), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(b), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(after_a_reset_orchestrations_are_loaded_again)
{
    BOTH_RUNTIMES()
    {
        npurt_device *device = open_device("emu:a5");
        npurt_callable *callable = load(device);
        call(callable, 1, 5);
        CHECK_EQ(npurt_device_reset(device), NPURT_OK);
        CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, 5, NULL), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        callable = load(device);
        call(callable, 2, 5);
        check_loads(device, 2, 1);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

/* Runs a chain twice over one pair of device tensors, then over another pair of the same shape. */
static void run_patched(uint32_t length, uint64_t *whole, uint64_t *none, uint64_t *patched)
{
    npurt_device *device = open_device("emu:a5");
    npurt_callable *callable = load(device);
    uint64_t at[4];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(npurt_memory_alloc(device, sizeof x, "of the test", &at[i]), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        x[i] = i;
    CHECK_EQ(npurt_memory_copy_in(device, at[0], x, sizeof x), NPURT_OK);
    for (uint32_t i = 0; i < N; i++)
        x[i] = 1000 + i;
    CHECK_EQ(npurt_memory_copy_in(device, at[2], x, sizeof x), NPURT_OK);
    /* A large graph is compared from its third run on. */
    const struct {
        int from;
        uint32_t expected;
    } round[] = {{0, 0}, {0, 0}, {0, 0}, {2, 1000}, {0, 0}};
    uint64_t sent[5], size = 0;
    for (int i = 0; i < 5; i++) {
        npurt_run *run;
        npurt_timing timing;
        CHECK_EQ(npurt_memory_set(device, at[round[i].from + 1], 0, sizeof y), NPURT_OK);
        CHECK_EQ(world_launch(callable, at[round[i].from], at[round[i].from + 1], N, FIXTURE_CHAIN, length, 0, &run),
                 NPURT_OK);
        CHECK_EQ(npurt_wait(run, &timing), NPURT_OK);
        CHECK_EQ(npurt_memory_copy_out(device, y, at[round[i].from + 1], sizeof y), NPURT_OK);
        for (uint32_t k = 0; k < N; k++)
            CHECK_EQ(y[k], round[i].expected + k + length);
        sent[i] = timing.image_bytes;
        size = timing.image_size;
    }
    printf("  %u tasks: image of %lu bytes, sent %lu, %lu, %lu, with other tensors %lu, with the first again %lu\n",
           length, (unsigned long)size, (unsigned long)sent[0], (unsigned long)sent[1], (unsigned long)sent[2],
           (unsigned long)sent[3], (unsigned long)sent[4]);
    CHECK(sent[0] + 5 * 64 > size &&
          sent[0] < size + 64); /* parts are aligned to lines; what is between them may stay */
    CHECK_EQ(sent[3], sent[4]);
    *whole = size;
    *none = sent[2];
    *patched = sent[3];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(npurt_memory_free(device, at[i]), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(of_a_graph_that_runs_again_only_what_changed_travels)
{
    world_runtime = NPURT_HOST_BUILD_GRAPH;
    uint64_t whole, none, patched;
    run_patched(1, &whole, &none, &patched);
    CHECK_EQ(none, 0);
    CHECK(patched > 0 && patched < whole);
    run_patched(3000, &whole, &none, &patched); /* above 64 KiB */
    CHECK_EQ(none, 0);
    CHECK(patched > 0 && patched <= 2 * 4096);
}

static void check_leaks_and_reports(void)
{
    const npurt_device_options options = {.leak_check = true};
    npurt_device *device;
    char text[8192], json[16384];
    size_t needed;
    CHECK_EQ(npurt_device_open("emu:a5", &options, &device), NPURT_OK);
    npurt_callable *callable = load(device);
    for (uint32_t i = 0; i < 10; i++)
        call(callable, i, 5 + 200 * i); /* buffers grow on the way */
    uint64_t address;
    CHECK_EQ(npurt_memory_alloc(device, 512, "quo\"te", &address), NPURT_OK);
    CHECK_EQ(npurt_device_report(device, text, sizeof text, &needed), NPURT_OK);
    CHECK_EQ(strlen(text), needed);
    CHECK_HAS(text, streamed() ? "tasks, edges and tensor map" : "graph image");
    CHECK_EQ(npurt_device_report_json(device, json, sizeof json, &needed), NPURT_OK);
    CHECK_EQ(strlen(json), needed);
    CHECK_HAS(json, "{\"target\": \"emu:a5\", \"runs\": 10, ");
    CHECK_HAS(json, "\"owner\": \"user\", \"purpose\": \"quo\\\"te\"}");
    CHECK_EQ(npurt_device_report_json(device, json, 10, &needed), NPURT_OK);
    CHECK_EQ(strlen(json), 9);
    CHECK(needed > 500);
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(a_run_that_is_asked_to_proves_that_it_left_nothing_and_reports_are_whole)
{
    BOTH_RUNTIMES()
    check_leaks_and_reports();
}

TEST_MAIN
