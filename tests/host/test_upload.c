/* What of the last graph image the host believes to be on the device is there: after every call the image in device
 * memory is the graph that was built, byte by byte, whichever driver call failed before. */
#include "check.h"
#include "driver/driver.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

static npurt_device *device;
static npurt_callable *callable;

static void set_up(void)
{
    const npurt_device_options options = {.binaries = world_binaries, .dump_folder = "off"};
    fake_reset();
    slot_forget();
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
}

/* The image as the engine has it, and where the scheduler is told that it lies. */
static void check_image(const char *what)
{
    const struct run_bank *bank = &device_of(device)->bank[0];
    const struct run_control *control = (const struct run_control *)(uintptr_t)bank_control(bank);
    CHECK_EQ(control->image_size, bank->graph.size);
    for (uint32_t s = 0; s < bank->graph.segment_count; s++) {
        const struct graph_segment *g = &bank->graph.segment[s];
        const char *there = (const char *)(uintptr_t)control->image + g->offset, *built = g->data;
        for (uint64_t i = 0; i < g->size; i++)
            if (there[i] != built[i])
                CHECK_FAIL("%s, call %u (%s) fails: byte %" PRIu64 " of segment %u of %" PRIu64 " bytes is 0x%x, not 0x%x",
                           what, fake.fail_at, fake.failed ? fake.failed : "none", i, s, bank->graph.size,
                           there[i] & 0xff, built[i] & 0xff);
    }
}

/* Graphs of so many tasks over tensors of so many elements, which every payload tells. 300 tasks make an image above
 * RUN_SMALL_IMAGE. The second of a pair has the size of the first, and other bytes; a repetition follows what failed. */
struct step {
    uint32_t tasks, elements;
};
static const struct step pairs[] = {{5, 64},     {5, 63},     {5, 62},     {5, 62},     {300, 64},   {300, 63},   {300, 62},
            {300, 62},   {300, 61},   {300, 61},   {5, 62},     {5, 61},     {1500, 64},  {300, 61},
            {300, 60},   {300, 60},   {2500, 64},  {5, 61},     {2500, 63},  {2500, 62},  {2500, 62}};
/* 60,000 tasks need a workspace that makes the buffer of small images move. */
static const struct step grows[] = {{5, 64}, {60000, 64}, {5, 64}, {300, 64}, {300, 64}, {300, 64}, {5, 64}};
enum { PAIRS = sizeof pairs / sizeof pairs[0], GROWS = sizeof grows / sizeof grows[0] };

/* The calls of one device, each once more when it failed; false: the device has failed, too. */
static bool all_steps(const struct step *step, size_t count)
{
    static uint32_t x[64], y[64];
    uint32_t failures = 0;
    for (size_t i = 0; i < count; i++) {
        char what[64];
        snprintf(what, sizeof what, "step %zu (%u tasks, %u elements)", i, step[i].tasks, step[i].elements);
        for (int tries = 0; tries < 2; tries++) {
            const npurt_status status = world_call(callable, x, y, step[i].elements, FIXTURE_CHAIN, step[i].tasks, NULL);
            if (npurt_device_get_state(device) != NPURT_DEVICE_HEALTHY) return false;
            if (status == NPURT_OK) check_image(what);
            failures += status != NPURT_OK;
            if (status == NPURT_OK) break;
        }
    }
    CHECK(failures <= 1);
    return true;
}

TEST(images_arrive_whatever_was_sent_before)
{
    set_up();
    CHECK(all_steps(pairs, PAIRS));
    CHECK(all_steps(grows, GROWS));
    CHECK(all_steps(pairs, PAIRS));
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(images_arrive_after_any_driver_call_that_failed)
{
    uint32_t failed = 0, copies = 0, memory = 0;
    for (uint32_t more = 1;; more++) {
        set_up();
        fake.fail_at = fake.calls + more;
        const bool healthy = all_steps(pairs, PAIRS), done = !fake.failed;
        if (healthy && fake.failed) {
            failed++;
            copies += strcmp(fake.failed, "rtMemcpy") == 0;
            memory += strcmp(fake.failed, "rtMalloc") == 0 || strcmp(fake.failed, "rtFree") == 0;
        }
        fake.fail_at = 0;
        (void)npurt_callable_unload(callable);
        (void)npurt_device_close(device);
        if (done) break;
    }
    printf("  %u calls failed and left a healthy device, %u of them copies, %u about memory\n", failed, copies, memory);
    CHECK(copies > 60 && memory >= 5);
}

TEST_MAIN
