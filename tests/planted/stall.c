/* A release that is lost on purpose: the AICPU program of this test never tells task 3 that task 2 has completed. The run
 * stalls, and record, dump and page say which task it is and who waits for it. */
#include <jansson.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

enum { N = 16, LENGTH = 6, LOST = PLANTED_LOST_TASK, LIMIT_MS = 200 };

/* A lone scheduler of a graph that is whole knows at once that nothing will move; others wait for the limit.
 * How long before the end the last kernel ended: the limit, and not much more. In virtual time that is exact; else
 * nobody knows when a busy machine lets the scheduler look at its clock. */
static void check_time(json_t *root, bool exact)
{
    double last = 1e9;
    size_t i, k;
    json_t *core, *dispatch;
    json_array_foreach(json_object_get(root, "cores"), i, core)
    {
        json_array_foreach(json_object_get(core, "last"), k, dispatch)
        {
            const double ms = json_number_value(json_object_get(dispatch, "ended_ms_ago"));
            if (ms < last) last = ms;
        }
    }
    printf("  the last kernel ended %g ms before\n", last);
    CHECK(last >= LIMIT_MS - 20);
    if (exact) CHECK(last <= LIMIT_MS + 20);
}

static void stall(const char *target)
{
    static uint32_t x[N], y[N];
    static char page[1 << 16];
    const bool on_device = world_runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
    const npurt_device_options options = {.scheduler_timeout_ms = LIMIT_MS,
                                          .op_timeout_ms = 20000,
                                          .sync_timeout_ms = 30000,
                                          .binaries = PLANTED_PROGRAMS "/lost",
                                          .dump_folder = PLANTED_DUMPS};
    npurt_device *device;
    npurt_callable *callable;
    printf("  %s, %s\n", target, on_device ? "built on the device" : "built on the host");
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, LENGTH, NULL), NPURT_ERROR_STALLED);
    const npurt_error e = *npurt_error_last();
    CHECK_HAS(e.message, "stalled: 3 tasks completed, 3 left");
    CHECK_HAS(e.message, "task 3 \"add_one\" can not run: its producers have completed and it waits for 1 more");
    CHECK_HAS(e.message, "2 tasks wait for task 3");
    CHECK_EQ(strstr(e.message, "(SCHEDULER_TIMEOUT, code 100)") != NULL, on_device);
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
    if (on_device) check_time(root, strstr(target, "mode=timed") != NULL);
    json_decref(root);

    char command[1024];
    snprintf(command, sizeof command, "'%s' explain '%s' 2>&1", PLANTED_NPURT, e.dump);
    FILE *f = popen(command, "r");
    CHECK(f != NULL);
    page[fread(page, 1, sizeof page - 1, f)] = 0;
    CHECK_EQ(pclose(f), 0);
    CHECK_HAS(page, "task 3 \"add_one\" can not run: its producers have completed, but it waits for 1 more; 2 tasks wait");
    CHECK_HAS(page, "task 4 \"add_one\" waits for task 3 \"add_one\"");
    if (!on_device) CHECK_HAS(page, "task 2 \"add_one\": done"); /* there it is no producer any more */
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

static void stall_everywhere(npurt_runtime runtime)
{
    world_runtime = runtime;
    stall("emu:a2");
    stall("emu:a5");
    stall("emu:a5?mode=timed");
    stall("emu:a5?engine=thread&clusters=2");
}

TEST(a_task_that_nobody_releases_is_named_with_those_that_wait_for_it)
{
    stall_everywhere(NPURT_HOST_BUILD_GRAPH);
}

TEST(and_where_the_graph_is_built_on_the_device)
{
    stall_everywhere(NPURT_TENSORMAP_AND_RINGBUFFER);
}

TEST_MAIN
