/* The host library on the emulated card, through its public face. */
#include "check.h"
#include "host/world.h"

static uint32_t x[512], y[512];

static void check_results(uint32_t n, uint32_t added)
{
    for (uint32_t i = 0; i < n; i++)
        if (y[i] != x[i] + added) CHECK_FAIL("y[%u] is %u, not %u", i, y[i], x[i] + added);
}

static void fill(void)
{
    for (uint32_t i = 0; i < 512; i++) {
        x[i] = i * 2654435761u;
        y[i] = 0xdead;
    }
}

static void whole_life(const char *target)
{
    npurt_device *device;
    npurt_callable *callable;
    npurt_timing timing;
    printf("  %s\n", target);
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    uint64_t hbm_open, hbm;
    CHECK_EQ(npurt_device_hbm_in_use(device, &hbm_open), NPURT_OK);
    if (world_load(device, &callable) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    uint64_t first = 0;
    for (uint32_t run = 0; run < 5; run++) {
        fill();
        if (world_call(callable, x, y, 512, FIXTURE_CHAIN, 7, &timing) != NPURT_OK)
            CHECK_FAIL("%s (%s)", npurt_error_last()->message, npurt_error_last()->fallout);
        check_results(512, 7);
        CHECK_EQ(timing.tasks, 7);
        CHECK(timing.device_wall_ns > 0 && timing.host_wall_ns > 0 && timing.image_size > 0);
        CHECK_EQ(npurt_device_hbm_in_use(device, &hbm), NPURT_OK);
        if (run == 0) first = hbm;
        CHECK_EQ(hbm, first);
    }
    fill();
    if (world_call(callable, x, y, 480, FIXTURE_MIX, 0, &timing) != NPURT_OK)
        CHECK_FAIL("%s", npurt_error_last()->message);
    check_results(480, 1);
    CHECK_EQ(y[480], 0xdead);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(a_callable_runs_on_an_a5)
{
    whole_life("emu:a5");
}
TEST(a_callable_runs_on_an_a2)
{
    whole_life("emu:a2");
}
TEST(a_callable_runs_on_both_dies_of_an_a3)
{
    whole_life("emu:a3:0");
    whole_life("emu:a3:1");
}
TEST(a_callable_runs_on_one_cluster)
{
    whole_life("emu:a5?clusters=1");
}
TEST(a_callable_runs_with_a_thread_per_agent)
{
    whole_life("emu:a5?engine=thread&clusters=4");
}

TEST(close_brings_device_memory_back_to_the_byte)
{
    npurt_device *device;
    npurt_callable *callable;
    uint64_t before = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t now;
        CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
        CHECK_EQ(npurt_device_hbm_in_use(device, &now), NPURT_OK);
        if (i == 0) before = now;
        CHECK_EQ(now, before);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        fill();
        CHECK_EQ(world_call(callable, x, y, 512, FIXTURE_CHAIN, 100, NULL), NPURT_OK);
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        CHECK_EQ(npurt_device_close(device), NPURT_OK);
    }
}

TEST(device_tensors_pass_through_and_copies_arrive)
{
    npurt_device *device;
    npurt_callable *callable;
    uint64_t from, to;
    CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof x, "x", &from), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof y, "y", &to), NPURT_OK);
    CHECK_EQ(from % 512, 0);
    fill();
    CHECK_EQ(npurt_memory_copy_in(device, from, x, sizeof x), NPURT_OK);
    CHECK_EQ(npurt_memory_set(device, to, 0x5a, sizeof y), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_out(device, y, to, sizeof y), NPURT_OK);
    CHECK_EQ(y[511], 0x5a5a5a5a);
    const npurt_call_tensor tensors[] = {{.device = from, .dtype = NPURT_U32, .ndims = 1, .shape = {512}},
                                         {.device = to, .dtype = NPURT_U32, .ndims = 1, .shape = {512}}};
    const uint64_t scalars[] = {FIXTURE_CHAIN, 3};
    const npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_out(device, y, to, sizeof y), NPURT_OK);
    check_results(512, 3);
    CHECK_EQ(npurt_memory_free(device, from), NPURT_OK);
    CHECK_EQ(npurt_memory_free(device, to), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static uint64_t hash_of_a_run(const char *target)
{
    npurt_device *device;
    npurt_callable *callable;
    uint64_t hash = 0;
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    fill();
    if (world_call(callable, x, y, 512, FIXTURE_CHAIN, 50, NULL) != NPURT_OK)
        CHECK_FAIL("%s (%s)", npurt_error_last()->message, npurt_error_last()->fallout);
    check_results(512, 50);
    CHECK_EQ(npurt_device_trace_hash(device, &hash), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
    return hash;
}

TEST(the_same_seed_gives_the_same_trace_hash)
{
    /* The first open of a device installs the AICPU program, which later ones find in place: another history. */
    const uint64_t installing = hash_of_a_run("emu:a5?seed=7"), seven = hash_of_a_run("emu:a5?seed=7");
    CHECK(installing != seven);
    CHECK(hash_of_a_run("emu:a5?seed=7") == seven);
    CHECK(hash_of_a_run("emu:a5?seed=8") != installing);
    CHECK(hash_of_a_run("emu:a5?seed=8") != seven);
}

TEST(a_card_in_free_mode_keeps_no_trace_hash)
{
    npurt_device *device;
    uint64_t hash;
    CHECK_EQ(npurt_device_open("emu:a5", NULL, &device), NPURT_OK);
    CHECK_EQ(npurt_device_trace_hash(device, &hash), NPURT_ERROR_UNSUPPORTED);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(the_device_describes_itself)
{
    npurt_device *device;
    npurt_device_info info;
    CHECK_EQ(npurt_device_open("emu:a3:1", NULL, &device), NPURT_OK);
    CHECK_EQ(npurt_device_get_info(device, &info), NPURT_OK);
    CHECK_STR(info.target, "emu:a3:1");
    CHECK_STR(info.generation, "a3");
    CHECK_STR(info.soc, "Ascend910_9392");
    CHECK_EQ(info.clusters, 24);
    CHECK_EQ(info.aicpu_threads, 6); /* bits of OCCUPY 0xfc */
    CHECK(info.hbm_total > UINT64_C(60) << 30);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(targets_that_are_none_are_named)
{
    npurt_device *device;
    CHECK_EQ(npurt_device_open("emu:a7", NULL, &device), NPURT_ERROR_NO_TARGET);
    CHECK_HAS(npurt_error_last()->message, "a7");
    CHECK_EQ(npurt_device_open("emu:a5?colour=red", NULL, &device), NPURT_ERROR_NO_TARGET);
    CHECK_HAS(npurt_error_last()->message, "colour");
    CHECK_EQ(npurt_device_open("gpu:0", NULL, &device), NPURT_ERROR_NO_TARGET);
    CHECK(device == NULL);
}

TEST_MAIN
