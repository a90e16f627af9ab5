/* Launches: AICPU functions, AICore programs, streams, on both engines. */
#include <unistd.h>

#include "card.h"
#include "check.h"

static struct card card;

static void open_with(const char *machine)
{
    card_open(&card, machine);
    card_install(&card, "fixture_aicpu.so", "fx.so");
    card_program(&card, 1, FIXTURES "/fixture_core.so", "fixture_mix_aic", "fixture_mix_aiv");
}

TEST(runs_an_aicpu_function_from_the_pre_install_folder)
{
    open_with("a5");
    struct fixture_args args = {.address = card_alloc(&card, 8), .value = 0x1122334455667788};
    card_bind(&card, 3, "fx.so", "fixture_store");
    card_cpu(&card, 0, 3, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, args.address), 0x1122334455667788);
    CHECK_EQ(card_close(&card), 0);
}

TEST(takes_arguments_longer_than_a_command_from_hbm)
{
    open_with("a5");
    struct {
        struct fixture_args args;
        char rest[1000];
    } args = {.args = {.address = card_alloc(&card, 8), .value = 42}};
    card_bind(&card, 3, "fx.so", "fixture_store");
    card_cpu(&card, 0, 3, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, args.args.address), 42);
    CHECK_EQ(card_close(&card), 0);
}

TEST(reports_a_missing_library_or_symbol_or_a_bad_result_as_507018)
{
    open_with("a5");
    struct fixture_args args = {.code = 5};
    card_bind(&card, 1, "none.so", "fixture_return");
    card_bind(&card, 2, "fx.so", "no_such_entry");
    card_bind(&card, 3, "fx.so", "fixture_return");
    card_bind(&card, 4, "../fx.so", "fixture_return");
    card_cpu(&card, 0, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "none.so");
    card_cpu(&card, 0, 2, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "no_such_entry");
    card_cpu(&card, 0, 3, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "returned 5");
    card_cpu(&card, 0, 4, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507018);
    CHECK_HAS(card_problem(&card), "not a library name");
    args.code = 0;
    card_cpu(&card, 0, 3, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(atomic_load(&card.shared->faulted), 0);
    CHECK_EQ(card_close(&card), 0);
}

static void meet(const char *machine)
{
    open_with(machine);
    struct fixture_args args = {.address = card_alloc(&card, 8), .count = 6};
    card_bind(&card, 1, "fx.so", "fixture_meet");
    card_cpu(&card, 0, 1, 6, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, args.address) & 0xffffffff, 6);
    /* a seventh has no worker until another leaves, and none leaves */
    args.address = card_alloc(&card, 8);
    args.count = 7;
    card_cpu(&card, 0, 1, 7, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 300), -1);
    CHECK_EQ(card_read64(&card, args.address) & 0xffffffff, 6);
    card_abandon();
}

TEST(runs_one_block_per_aicpu_at_a_time_and_queues_the_rest)
{
    meet("a5");
}
TEST(runs_one_block_per_aicpu_at_a_time_and_queues_the_rest_on_threads)
{
    meet("a5?engine=thread");
}

TEST(runs_more_blocks_than_workers_when_they_do_not_wait)
{
    open_with("a5");
    struct fixture_args args = {.address = card_alloc(&card, 8), .count = 1};
    card_bind(&card, 1, "fx.so", "fixture_meet");
    card_cpu(&card, 0, 1, 50, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, args.address) & 0xffffffff, 50);
    CHECK_EQ(card_close(&card), 0);
}

static void run_cores(const char *machine, uint32_t clusters, uint32_t schedulers, uint32_t rounds, bool kernel,
                      uint32_t runs)
{
    struct fixture_control control = {.rounds = rounds, .schedulers = schedulers, .place = 1}, after;
    open_with(machine);
    if (kernel) control.image = card_kernel(&card, "kernel_count", 0);
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    for (uint32_t run = 0; run < runs; run++) {
        uint64_t address = card_control(&card, &control, clusters);
        struct fixture_args args = {.address = address};
        card_core(&card, 0, 1, clusters, true, &address, sizeof address);
        card_cpu(&card, 1, 1, schedulers, &args, sizeof args);
        CHECK_EQ(card_sync(&card, 1, 20000), 0);
        CHECK_EQ(card_sync(&card, 0, 20000), 0);
        card_read(&card, address, &after, sizeof after);
        CHECK_EQ(after.left, schedulers);
        bool seen[FIXTURE_CORES] = {false};
        for (uint32_t i = 0; i < 3 * clusters; i++) {
            CHECK_EQ(after.hello[i].block, i / 3);
            CHECK_EQ(after.hello[i].type, i % 3 ? 1 : 0);
            CHECK_EQ(after.hello[i].sub_block, i % 3 == 2);
            CHECK(after.hello[i].physical < FIXTURE_CORES && !seen[after.hello[i].physical]);
            seen[after.hello[i].physical] = true;
            if (kernel) CHECK_EQ(after.payload[i].value, rounds);
        }
    }
    CHECK_EQ(card_close(&card), 0);
}

TEST(runs_a_core_program_on_every_core_of_an_a5)
{
    run_cores("a5", 36, 1, 3, true, 3);
}
TEST(runs_a_core_program_on_every_core_of_an_a2)
{
    run_cores("a2", 24, 1, 3, true, 3);
}
TEST(runs_a_core_program_on_every_core_of_an_a3)
{
    run_cores("a3:1", 24, 2, 3, true, 3);
}
TEST(runs_a_core_program_on_one_cluster)
{
    run_cores("a5?clusters=1", 1, 1, 100, true, 20);
}
TEST(shares_cores_between_schedulers_on_two_carriers)
{
    run_cores("a5?carriers=2", 36, 6, 200, true, 20);
}
TEST(shares_cores_between_schedulers_on_four_carriers)
{
    run_cores("a5?carriers=4", 36, 4, 200, true, 20);
}
TEST(runs_every_core_on_a_thread_of_its_own)
{
    run_cores("a5?engine=thread", 36, 3, 10, true, 3);
}

TEST(gives_blocks_beyond_the_clusters_their_turn)
{
    open_with("a5?clusters=2");
    uint64_t word = card_alloc(&card, 8), args[2] = {word, 3};
    card_program(&card, 2, FIXTURES "/fixture_core.so", "fixture_two_aic", "");
    card_core(&card, 0, 2, 7, false, args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_read64(&card, word), 21);
    CHECK_EQ(card_close(&card), 0);
}

TEST(says_which_symbol_an_aicore_program_lacks)
{
    open_with("a5");
    uint64_t args[1] = {0};
    card_program(&card, 2, FIXTURES "/fixture_core.so", "no_such_core_entry", "");
    card_core(&card, 0, 2, 1, true, args, sizeof args);
    CHECK_EQ(card_sync(&card, 0, 5000), 507000);
    CHECK_HAS(card_problem(&card), "no_such_core_entry");
    CHECK_EQ(card_close(&card), 0);
}

TEST(runs_kernels_that_use_the_math_library)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1}, after;
    open_with("a5");
    control.image = card_kernel(&card, "kernel_math", 0);
    uint64_t address = card_control(&card, &control, 1);
    struct fixture_args args = {.address = address};
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    card_core(&card, 0, 1, 1, true, &address, sizeof address);
    card_cpu(&card, 1, 1, 1, &args, sizeof args);
    CHECK_EQ(card_sync(&card, 1, 5000), 0);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    card_read(&card, address, &after, sizeof after);
    CHECK_EQ(after.payload[0].value, 2718);
    CHECK_EQ(card_close(&card), 0);
}

/* kB of its own, not of the card's memory, that the device process has. */
static uint64_t own_memory(void)
{
    char path[64], line[256];
    uint64_t kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", card.process);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "RssAnon:", 8) == 0) kilobytes = strtoull(line + 8, NULL, 10);
    fclose(file);
    CHECK(kilobytes > 0);
    return kilobytes;
}

/* What a host does that opens a card, calls and closes it again, while another handle keeps the card open. */
TEST(does_not_grow_with_streams_that_are_created_and_kernels_loaded_again)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("a sanitizer's run-time grows by itself");
#endif
    enum { WARM = 200, RUNS = 4000, GROWTH_KB = 64 }; /* a struct of 128 bytes per run would make 500 */
    struct fixture_control control = {.rounds = 2, .schedulers = 1, .place = 1};
    struct emu_command create = {.kind = EMU_CMD_STREAM_CREATE, .stream = 2};
    uint64_t before = 0, image[2];
    open_with("a5?clusters=1");
    image[0] = card_kernel(&card, "kernel_count", 0);
    image[1] = card_kernel(&card, "kernel_math", 0);
    uint64_t address = card_control(&card, &control, 1);
    struct fixture_args args = {.address = address};
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    for (uint32_t run = 0; run < WARM + RUNS; run++) {
        control.image = image[run % 2];
        card_write(&card, address, &control, sizeof control);
        card_push(&card, &create);
        card_core(&card, 0, 1, 1, true, &address, sizeof address);
        card_cpu(&card, 1, 1, 1, &args, sizeof args);
        CHECK_EQ(card_sync(&card, 1, 5000), 0);
        CHECK_EQ(card_sync(&card, 0, 5000), 0);
        if (run + 1 == WARM) before = own_memory();
    }
    uint64_t after = own_memory();
    if (after > before + GROWTH_KB)
        CHECK_FAIL("%d runs: from %llu to %llu kB", RUNS, (unsigned long long)before, (unsigned long long)after);
    CHECK_EQ(card_close(&card), 0);
}

/* One address, one library, two kernels: the second is not taken for the first. */
TEST(finds_the_kernel_that_lies_at_an_address_now)
{
    struct fixture_control control = {.rounds = 1, .schedulers = 1}, after;
    char head[128];
    open_with("a5?clusters=1");
    uint64_t math = card_kernel(&card, "kernel_math", 0);
    control.image = card_kernel(&card, "kernel_count", 0);
    uint64_t address = card_control(&card, &control, 1);
    struct fixture_args args = {.address = address};
    card_bind(&card, 1, "fx.so", "fixture_schedule");
    for (uint32_t run = 0; run < 3; run++) {
        static const uint64_t wanted[] = {1, 2718, 2718};
        if (run == 1) {
            card_read(&card, math, head, sizeof head);
            card_write(&card, control.image, head, sizeof head);
        }
        card_write(&card, address, &control, sizeof control);
        card_core(&card, 0, 1, 1, true, &address, sizeof address);
        card_cpu(&card, 1, 1, 1, &args, sizeof args);
        CHECK_EQ(card_sync(&card, 1, 5000), 0);
        CHECK_EQ(card_sync(&card, 0, 5000), 0);
        card_read(&card, address, &after, sizeof after);
        CHECK_EQ(after.payload[0].value, wanted[run]);
    }
    CHECK_EQ(card_close(&card), 0);
}

TEST(keeps_the_order_of_a_stream_and_of_events_between_streams)
{
    open_with("a5");
    struct fixture_args store = {.address = card_alloc(&card, 8), .value = 1};
    struct fixture_args await = {.address = store.address, .value = 77};
    struct emu_command record = {.kind = EMU_CMD_EVENT_RECORD, .stream = 1, .handle = 9};
    struct emu_command wait = {.kind = EMU_CMD_EVENT_WAIT, .stream = 0, .handle = 9};
    uint64_t value = 77;
    card_bind(&card, 1, "fx.so", "fixture_store");
    card_bind(&card, 2, "fx.so", "fixture_await");
    card_cpu(&card, 1, 2, 1, &await, sizeof await); /* stream 1 is busy until the host writes 77 */
    card_push(&card, &record);
    card_push(&card, &wait);
    card_cpu(&card, 0, 1, 1, &store, sizeof store);
    CHECK_EQ(card_sync(&card, 0, 100), -1);
    card_write(&card, store.address, &value, 8);
    CHECK_EQ(card_sync(&card, 0, 5000), 0);
    CHECK_EQ(card_sync(&card, 1, 5000), 0);
    CHECK_EQ(atomic_load(&card.shared->event[9].recorded), 1);
    CHECK_EQ(card_read64(&card, store.address), 1);
    CHECK_EQ(card_close(&card), 0);
}

TEST(takes_commands_faster_than_the_ring_is_long)
{
    open_with("a5");
    struct fixture_args args = {.address = card_alloc(&card, 8), .count = 1};
    card_bind(&card, 1, "fx.so", "fixture_meet");
    for (uint32_t i = 0; i < 5000; i++)
        card_cpu(&card, i % 4, 1, 1, &args, sizeof args);
    for (uint32_t i = 0; i < 4; i++)
        CHECK_EQ(card_sync(&card, i, 10000), 0);
    CHECK_EQ(card_read64(&card, args.address) & 0xffffffff, 5000);
    CHECK_EQ(card_close(&card), 0);
}

TEST_MAIN
