/* A release that is lost on purpose: the AICPU program of this test never tells task 3 that task 2 has completed. The run
 * stalls, and record, dump and page say which task it is and who waits for it. */
#include <jansson.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

enum { N = 16, LENGTH = 6, LOST = PLANTED_LOST_TASK };

static void stall(const char *target)
{
    static uint32_t x[N], y[N];
    static char page[1 << 16];
    const npurt_device_options options = {.scheduler_timeout_ms = 200,
                                          .op_timeout_ms = 20000,
                                          .sync_timeout_ms = 30000,
                                          .binaries = PLANTED_PROGRAMS "/lost",
                                          .dump_folder = PLANTED_DUMPS};
    npurt_device *device;
    npurt_callable *callable;
    printf("  %s\n", target);
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, LENGTH, NULL), NPURT_ERROR_STALLED);
    const npurt_error e = *npurt_error_last();
    CHECK_HAS(e.message, "stalled: 3 tasks completed, 3 left");
    CHECK_HAS(e.message, "task 3 can not run: its producers have completed and it waits for 1 more");
    CHECK_HAS(e.message, "2 tasks wait for task 3");
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);

    json_t *root = json_load_file(e.dump, 0, NULL);
    CHECK(root != NULL);
    json_t *waits = json_object_get(root, "waits");
    CHECK_EQ(json_integer_value(json_object_get(waits, "unfinished")), LENGTH - LOST);
    CHECK_EQ(json_integer_value(json_object_get(waits, "roots_total")), 1);
    json_t *first = json_array_get(json_object_get(waits, "roots"), 0);
    CHECK_EQ(json_integer_value(json_object_get(first, "task")), LOST);
    CHECK_STR(json_string_value(json_object_get(first, "kind")), "unreleased");
    CHECK_EQ(json_integer_value(json_object_get(first, "releases_due")), 1);
    CHECK_EQ(json_integer_value(json_object_get(first, "waiting")), LENGTH - LOST - 1);
    json_decref(root);

    char command[1024];
    snprintf(command, sizeof command, "'%s' explain '%s' 2>&1", PLANTED_NPURT, e.dump);
    FILE *f = popen(command, "r");
    CHECK(f != NULL);
    page[fread(page, 1, sizeof page - 1, f)] = 0;
    CHECK_EQ(pclose(f), 0);
    CHECK_HAS(page, "task 3 \"add_one\" can not run: its producers have completed, but it waits for 1 more; 2 tasks wait");
    CHECK_HAS(page, "task 4 \"add_one\" waits for task 3 \"add_one\"");
    CHECK_HAS(page, "task 2 \"add_one\": done");
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

TEST(a_task_that_nobody_releases_is_named_with_those_that_wait_for_it)
{
    stall("emu:a2");
    stall("emu:a5");
    stall("emu:a5?engine=thread&clusters=2");
}

TEST_MAIN
