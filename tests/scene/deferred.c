/* Tasks that complete when the conditions of their kernels hold: what is behind them sees what came before the
 * notifications, what is wrong is named, and a run that waits for nothing that comes ends. */
#include "scene.h"

#include <time.h>

#include "fixtures/deferred.h"

enum {
    COUNTERS = 1024,
    ROWS = 1024,
    STALL_NS = 10000000, /* explore mode: the clock's first jump */
    SOON_MS = 500,       /* a limit to run into; a busy host must not */
};

static npurt_device *device;
static npurt_callable *callable;

static npurt_callable *load(void)
{
    const npurt_kernel_desc kernel[] = {{.id = 0,
                                         .core = NPURT_CORE_AIC,
                                         .binary = {.path = SCENE_FIXTURES "/deferred_kernel.so"},
                                         .entry = "cube",
                                         .name = "cube",
                                         .duration_ns = 2000},
                                        {.id = 1,
                                         .core = NPURT_CORE_AIV,
                                         .binary = {.path = SCENE_FIXTURES "/deferred_kernel.so"},
                                         .entry = "vector",
                                         .name = "vector",
                                         .duration_ns = 2000}};
    const npurt_param param[2] = {{.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2},
                                  {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2}};
    const npurt_callable_desc desc = {.name = "deferred",
                                      .runtime = scene.runtime,
                                      .orchestration = {.path = SCENE_FIXTURES "/deferred.so"},
                                      .kernels = kernel,
                                      .kernel_count = 2,
                                      .params = param,
                                      .param_count = 2,
                                      .scalar_count = DEFERRED_ITEMS};
    npurt_callable *c;
    SCENE_OK(npurt_callable_load(device, &desc, &c));
    return c;
}

/* Opening a device takes seconds under ThreadSanitizer, so that tests with the usual limits share one. */
static npurt_device *usual;
static npurt_callable *usual_callable;

static void open_with(uint32_t scheduler_timeout_ms)
{
    const npurt_device_options options = {.aicpu_threads = scene.aicpu_threads,
                                          .scheduler_timeout_ms = scheduler_timeout_ms};
    device = scheduler_timeout_ms ? NULL : usual;
    callable = usual_callable;
    if (device) return;
    SCENE_OK(npurt_device_open(scene.target, &options, &device));
    callable = load();
    if (scheduler_timeout_ms) return;
    usual = device;
    usual_callable = callable;
}

static void close_all(void)
{
    if (device == usual) return;
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
}

/* ---- graphs */

static struct deferred_item item[DEFERRED_ITEMS];
static uint32_t items, rows, tasks;
static uint32_t counters[COUNTERS][DEFERRED_LINE], cells[ROWS][DEFERRED_LINE];
static npurt_call_tensor tensor[2];
static uint64_t scalar[DEFERRED_ITEMS];

static void begin(void)
{
    items = rows = tasks = 0;
}

/* The item's first row. */
static uint32_t add(struct deferred_item i)
{
    const uint32_t first = rows;
    if (i.repeat == 0) i.repeat = 1;
    if (i.blocks == 0) i.blocks = 1;
    if (i.mask == 0) i.mask = 2;
    CHECK(items < DEFERRED_ITEMS && i.counter + i.count <= COUNTERS);
    item[items++] = i;
    rows += i.repeat * deferred_rows(&i);
    tasks += i.repeat;
    CHECK(rows <= ROWS);
    return first;
}

static npurt_call_args arguments(void)
{
    memset(counters, 0, sizeof counters);
    memset(cells, 0, sizeof cells);
    for (uint32_t i = 0; i < DEFERRED_ITEMS; i++)
        scalar[i] = i < items ? deferred_pack(&item[i]) : 0;
    tensor[0] =
        (npurt_call_tensor){.host = counters, .dtype = NPURT_U32, .ndims = 2, .shape = {COUNTERS, DEFERRED_LINE}};
    tensor[1] = (npurt_call_tensor){.host = cells, .dtype = NPURT_U32, .ndims = 2, .shape = {rows, DEFERRED_LINE}};
    return (npurt_call_args){.tensors = tensor, .tensor_count = 2, .scalars = scalar, .scalar_count = DEFERRED_ITEMS};
}

/* Every core of every block ran; who read behind a wait has the notifier's mark, and saw the counter reached. */
static void check_cells(void)
{
    uint32_t row = 0, expected_counter = 0;
    for (uint32_t i = 0; i < items; i++) {
        const uint32_t cores = (uint32_t)__builtin_popcount(item[i].mask);
        if (item[i].kind == DEFERRED_WAIT) expected_counter = item[i].value;
        for (uint32_t k = 0; k < item[i].repeat; k++) {
            const uint32_t first = row;
            for (uint32_t b = 0; b < item[i].blocks; b++)
                for (uint32_t core = 0; core < cores; core++, row++) {
                    uint32_t want = 0x100 + b;
                    if (item[i].kind == DEFERRED_NOTIFY) want = 0x5000 + first;
                    if (item[i].kind == DEFERRED_READ) want = cells[item[i].value][DEFERRED_MARK];
                    if (cells[row][DEFERRED_MARK] != want || want == 0)
                        CHECK_FAIL("item %u, task %u of it, block %u, core %u on %s: 0x%x, not 0x%x", i, k, b, core,
                                   scene.target, cells[row][DEFERRED_MARK], want);
                    if (item[i].kind == DEFERRED_READ && cells[row][DEFERRED_SEEN] < expected_counter)
                        CHECK_FAIL("item %u on %s ran while the counter was %u, before it was %u", i, scene.target,
                                   cells[row][DEFERRED_SEEN], expected_counter);
                }
        }
    }
}

static void run(void)
{
    const npurt_call_args args = arguments();
    npurt_timing timing;
    SCENE_OK(npurt_call(callable, &args, &timing));
    CHECK_EQ(timing.tasks, tasks);
    check_cells();
    if (strstr(scene.target, "explore") && timing.device_wall_ns >= STALL_NS)
        CHECK_FAIL("%s: everybody waited until the clock had gone on: a lost wake-up", scene.target);
}

/* One that always works: after whatever went wrong. */
static void run_good(void)
{
    begin();
    add((struct deferred_item){.kind = DEFERRED_WAIT, .counter = 3, .count = 1, .value = 1});
    const uint32_t from = add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 3, .value = 1, .pauses = 1});
    add((struct deferred_item){.kind = DEFERRED_READ, .counter = 3, .value = from});
    run();
}

/* ---- completion */

TEST(what_is_behind_a_task_runs_when_its_condition_holds)
{
    static const uint32_t mask[] = {1, 2, 3, 6, 7};
    open_with(0);
    for (uint32_t m = 0; m < sizeof mask / sizeof mask[0]; m++)
        for (uint32_t blocks = 1; blocks <= 3; blocks += 2) {
            begin();
            add((struct deferred_item){
                .kind = DEFERRED_WAIT, .mask = mask[m], .blocks = blocks, .counter = 1, .count = 1, .value = 2});
            const uint32_t from =
                add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 1, .value = 2, .pauses = 20});
            add((struct deferred_item){.kind = DEFERRED_READ, .mask = mask[m], .counter = 1, .value = from});
            run();
        }
    close_all();
}

TEST(a_counter_is_reached_by_all_who_add_to_it)
{
    open_with(0);
    begin();
    add((struct deferred_item){.kind = DEFERRED_WAIT, .blocks = 3, .counter = 0, .count = 1, .value = 90});
    add((struct deferred_item){
        .kind = DEFERRED_NOTIFY, .mask = 1, .repeat = 10, .counter = 0, .value = 3, .pauses = 1});
    const uint32_t from = add(
        (struct deferred_item){.kind = DEFERRED_NOTIFY, .mask = 7, .blocks = 5, .counter = 0, .value = 4, .pauses = 3});
    add((struct deferred_item){.kind = DEFERRED_READ, .mask = 3, .counter = 0, .value = from});
    run();
    CHECK_EQ(counters[0][0], 90);
    close_all();
}

TEST(all_of_64_conditions_must_hold_in_whatever_order)
{
    open_with(0);
    uint32_t from = 0;
    for (int rising = 0; rising < 2; rising++) { /* what is waited for first holds last, or first */
        begin();
        add((struct deferred_item){.kind = DEFERRED_WAIT, .mask = 3, .counter = 100, .count = 16, .value = 5});
        for (uint32_t i = 0; i < 16; i++)
            from = add((struct deferred_item){.kind = DEFERRED_NOTIFY,
                                              .how = i % 2 ? DEFERRED_OTHER : DEFERRED_PLAIN,
                                              .counter = rising ? 100 + i : 115 - i,
                                              .value = 5,
                                              .pauses = 10 * i});
        add((struct deferred_item){.kind = DEFERRED_READ, .counter = rising ? 115 : 100, .value = from});
        run();
    }
    begin(); /* as many as there may be, all about one */
    add((struct deferred_item){.kind = DEFERRED_WAIT, .counter = 7, .count = 64, .value = 5, .how = DEFERRED_SAME});
    from = add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 7, .value = 5, .pauses = 5});
    add((struct deferred_item){.kind = DEFERRED_READ, .counter = 7, .value = from});
    run();
    close_all();
}

TEST(events_hold_when_they_are_set_and_what_holds_already_is_not_waited_for)
{
    open_with(0);
    begin();
    add((struct deferred_item){.kind = DEFERRED_WAIT, .counter = 9, .count = 1, .how = DEFERRED_OTHER});
    const uint32_t from = add(
        (struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 9, .value = 77, .pauses = 9, .how = DEFERRED_OTHER});
    add((struct deferred_item){.kind = DEFERRED_READ, .counter = 9, .value = from});
    add((struct deferred_item){.kind = DEFERRED_WAIT, .blocks = 4, .counter = 20, .count = 3}); /* at least 0 */
    add((struct deferred_item){.kind = DEFERRED_WAIT, .mask = 7});                              /* none */
    run();
    CHECK_EQ(counters[9][0], 77);
    close_all();
}

TEST(more_tasks_wait_than_there_are_cores)
{
    static const uint32_t mask[] = {1, 2, 7};
    open_with(0);
    for (uint32_t m = 0; m < sizeof mask / sizeof mask[0]; m++) {
        begin();
        add((struct deferred_item){
            .kind = DEFERRED_WAIT, .mask = mask[m], .repeat = 300, .counter = 4, .count = 1, .value = 1});
        const uint32_t from = add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 4, .value = 1, .pauses = 1});
        add((struct deferred_item){.kind = DEFERRED_READ, .counter = 4, .value = from});
        run();
    }
    close_all();
}

TEST(blocks_that_start_together_may_wait_too)
{
    open_with(0);
    begin();
    add((struct deferred_item){.kind = DEFERRED_WAIT, .blocks = 2, .sync = true, .counter = 6, .count = 2, .value = 1});
    add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 6, .value = 1});
    const uint32_t from = add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 7, .value = 1, .pauses = 4});
    add((struct deferred_item){.kind = DEFERRED_READ, .counter = 7, .value = from});
    run();
    close_all();
}

/* Who notifies has no core yet when the consumers of the task that waits could be staged on all of them. */
TEST(consumers_of_a_task_that_waits_leave_cores_to_who_notifies)
{
    open_with(0);
    begin();
    add((struct deferred_item){
        .kind = DEFERRED_WAIT, .mask = 1, .counter = 5, .count = 1, .value = 2, .pauses = 100, .how = DEFERRED_STAGES});
    add((struct deferred_item){.kind = DEFERRED_NOTIFY, .mask = 1, .counter = 5, .value = 1, .pauses = 200});
    const uint32_t from = add((struct deferred_item){
        .kind = DEFERRED_NOTIFY, .mask = 2, .counter = 5, .value = 1, .how = DEFERRED_BEHIND});
    add((struct deferred_item){.kind = DEFERRED_READ, .mask = 2, .repeat = 150, .counter = 5, .value = from});
    run();
    close_all();
}

/* Slabs lie where those of the run before lay. */
TEST(a_run_knows_nothing_of_the_conditions_before)
{
    open_with(0);
    for (int i = 0; i < 70; i++)
        run_good();
    close_all();
}

/* ---- from outside: a word in device memory that the host writes while the run waits for it */

TEST(the_host_may_be_who_notifies)
{
    if (strstr(scene.target, "timed") || strstr(scene.target, "explore")) SKIP("there is no time beside the run's");
    uint64_t at;
    npurt_run *run_in_flight;
    const uint32_t zero[DEFERRED_LINE] = {0}, enough = 5;
    open_with(0);
    SCENE_OK(npurt_memory_alloc(device, sizeof zero, "a counter", &at));
    for (int round = 0; round < 3; round++) {
        begin();
        add((struct deferred_item){.kind = DEFERRED_WAIT, .mask = 7, .counter = 0, .count = 1, .value = enough});
        add((struct deferred_item){.kind = DEFERRED_READ, .counter = 0, .value = 0});
        npurt_call_args args = arguments();
        tensor[0] = (npurt_call_tensor){.device = at, .dtype = NPURT_U32, .ndims = 2, .shape = {1, DEFERRED_LINE}};
        SCENE_OK(npurt_memory_copy_in(device, at, zero, sizeof zero));
        SCENE_OK(npurt_launch(callable, &args, &run_in_flight));
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        CHECK_EQ(npurt_poll(run_in_flight), NPURT_ERROR_BUSY);
        SCENE_OK(npurt_memory_copy_in(device, at, &enough, sizeof enough));
        SCENE_OK(npurt_wait(run_in_flight, NULL));
        check_cells();
    }
    SCENE_OK(npurt_memory_free(device, at));
    close_all();
}

TEST(a_run_that_waits_can_be_cancelled)
{
    if (strstr(scene.target, "timed") || strstr(scene.target, "explore")) SKIP("there is no time beside the run's");
    npurt_run *run_in_flight;
    uint64_t before, after;
    open_with(0);
    run_good();
    run_good();
    SCENE_OK(npurt_device_hbm_in_use(device, &before));
    for (int round = 0; round < 3; round++) {
        begin();
        add((struct deferred_item){.kind = DEFERRED_WAIT, .blocks = 4, .counter = 0, .count = 2, .value = 5});
        const npurt_call_args args = arguments();
        SCENE_OK(npurt_launch(callable, &args, &run_in_flight));
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        SCENE_OK(npurt_cancel(run_in_flight));
        CHECK_EQ(npurt_wait(run_in_flight, NULL), NPURT_ERROR_CANCELLED);
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
        run_good();
    }
    SCENE_OK(npurt_device_hbm_in_use(device, &after));
    CHECK_EQ(after, before);
    close_all();
}

/* ---- what is wrong */

static void refused(struct deferred_item bad, npurt_status status, const char *const words[])
{
    begin();
    add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 0, .value = 1});
    bad.kind = DEFERRED_WAIT;
    add(bad);
    add((struct deferred_item){.kind = DEFERRED_READ, .value = 0});
    const npurt_call_args args = arguments();
    const npurt_status got = npurt_call(callable, &args, NULL);
    const npurt_error *e = npurt_error_last();
    CHECK_EQ(got, status);
    for (uint32_t i = 0; words[i]; i++)
        if (!strstr(e->message, words[i])) CHECK_FAIL("\"%s\" is not in: %s", words[i], e->message);
    CHECK_EQ(e->task, 1);
    CHECK_STR(e->kernel_name, bad.mask == 1 ? "cube" : "vector");
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    run_good();
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(a_condition_that_is_none_is_named)
{
    open_with(0);
    refused((struct deferred_item){.count = 1, .how = DEFERRED_NULL}, NPURT_ERROR_GRAPH,
            WORDS("kernel \"vector\" (id 1) of task 1 block 0", "condition 0 is about address 0 ",
                  "ASYNC_COMPLETION_INVALID, code 101"));
    refused((struct deferred_item){.mask = 1, .count = 3, .how = DEFERRED_UNALIGNED}, NPURT_ERROR_GRAPH,
            WORDS("kernel \"cube\" (id 0)", "condition 2 is about address 0x", "not aligned to 4 bytes", "101"));
    refused((struct deferred_item){.count = 64, .how = DEFERRED_OUTSIDE}, NPURT_ERROR_GRAPH,
            WORDS("condition 63 is about address 0x1000, which is no memory of the device", "101"));
    refused((struct deferred_item){.count = 1, .how = DEFERRED_TYPE}, NPURT_ERROR_GRAPH,
            WORDS("condition 0, at 0x", "unknown type, 2", "101"));
    refused((struct deferred_item){.count = 2, .how = DEFERRED_ENGINE}, NPURT_ERROR_GRAPH,
            WORDS("condition 1, at 0x", "unknown engine, 4", "101"));
    refused((struct deferred_item){.count = 2, .how = DEFERRED_OWN_CODE}, NPURT_ERROR_GRAPH,
            WORDS("it wrote 7", "101"));
    close_all();
}

TEST(the_65th_condition_is_one_too_many)
{
    open_with(0);
    refused((struct deferred_item){.count = 65, .counter = 10}, NPURT_ERROR_LIMIT,
            WORDS("task 1 block 0", "more than 64 conditions: the next one is about address 0x",
                  "ASYNC_WAIT_OVERFLOW, code 102"));
    refused((struct deferred_item){.count = 100, .mask = 1}, NPURT_ERROR_LIMIT, WORDS("kernel \"cube\"", "102"));
    close_all();
}

TEST(a_task_that_is_not_deferred_can_not_wait)
{
    open_with(0);
    refused((struct deferred_item){.count = 1, .plain = true}, NPURT_ERROR_GRAPH,
            WORDS("kernel \"vector\" (id 1) of task 1 block 0", "a condition about address 0x",
                  "in a task that is not deferred", "ASYNC_REGISTRATION_FAILED, code 103"));
    refused((struct deferred_item){.count = 2, .mask = 1, .plain = true}, NPURT_ERROR_GRAPH,
            WORDS("kernel \"cube\" (id 0) of task 1", "103"));
    /* a core that has had deferred tasks is as strict with the next */
    begin();
    add((struct deferred_item){.kind = DEFERRED_WAIT, .repeat = 250});
    add((struct deferred_item){.kind = DEFERRED_WAIT, .count = 1, .plain = true});
    const npurt_call_args args = arguments();
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_ERROR_GRAPH);
    CHECK(strstr(npurt_error_last()->message, "103"));
    CHECK_EQ(npurt_error_last()->task, 250);
    run_good();
    close_all();
}

/* ---- what does not come */

TEST(a_run_that_waits_in_vain_names_the_first_condition)
{
    open_with(SOON_MS);
    for (int round = 0; round < 2; round++) {
        begin();
        add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 8, .value = 2});
        add((struct deferred_item){.kind = DEFERRED_WAIT, .counter = 8, .count = 1, .value = 3});
        add((struct deferred_item){.kind = DEFERRED_WAIT, .mask = 7, .counter = 8, .count = 1, .value = 4});
        add((struct deferred_item){.kind = DEFERRED_READ, .value = 0});
        const npurt_call_args args = arguments();
        CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_ERROR_STALLED);
        const npurt_error *e = npurt_error_last();
        const char *const *words =
            WORDS("task 1 block 0 waits for a condition: kernel \"vector\" (id 1) expects the counter at 0x",
                  "to be at least 3, and it is 2", "; 3 more blocks wait for conditions");
        for (uint32_t i = 0; words[i]; i++)
            if (!strstr(e->message, words[i])) CHECK_FAIL("\"%s\" is not in: %s", words[i], e->message);
        CHECK(strstr(e->hint, "nobody changed the word"));
        CHECK_EQ(e->task, 1);
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
        run_good();
    }
    close_all();
}

/* Who notifies comes after so many that wait: in rings of four slots too late. */
TEST(a_ring_full_of_tasks_that_wait_is_named)
{
    if (scene.runtime != NPURT_TENSORMAP_AND_RINGBUFFER) SKIP("there are no rings");
    open_with(SOON_MS);
    for (int larger = 0; larger < 2; larger++) {
        begin();
        add((struct deferred_item){.kind = DEFERRED_WAIT, .repeat = 6, .counter = 2, .count = 1, .value = 1});
        const uint32_t from = add((struct deferred_item){.kind = DEFERRED_NOTIFY, .counter = 2, .value = 1});
        add((struct deferred_item){.kind = DEFERRED_READ, .counter = 2, .value = from});
        npurt_call_args args = arguments();
        args.ring[0].task_window = larger ? 8 : 4;
        const npurt_status status = npurt_call(callable, &args, NULL);
        if (larger) {
            CHECK_EQ(status, NPURT_OK);
            check_cells();
            continue;
        }
        const npurt_error *e = npurt_error_last();
        CHECK_EQ(status, NPURT_ERROR_STALLED);
        const char *const *words = WORDS(
            "task 0 block 0 waits for a condition", "to be at least 1, and it is 0",
            "task 4 waits for a slot of ring 0, 4 of whose 4 tasks are in flight (FLOW_CONTROL_DEADLOCK, code 3)");
        for (uint32_t i = 0; words[i]; i++)
            if (!strstr(e->message, words[i])) CHECK_FAIL("\"%s\" is not in: %s", words[i], e->message);
        CHECK(strstr(e->hint, "make the ring larger"));
    }
    for (int larger = 0; larger < 2; larger++) { /* the heap, which their slabs fill: 2 KiB each */
        npurt_call_args args = arguments();
        args.ring[0].heap_bytes = larger ? 12 << 10 : 4 << 10;
        const npurt_status status = npurt_call(callable, &args, NULL);
        if (larger) {
            CHECK_EQ(status, NPURT_OK);
            check_cells();
            continue;
        }
        CHECK_EQ(status, NPURT_ERROR_STALLED);
        if (!strstr(npurt_error_last()->message, "task 2 waits for memory in the heap of ring 0, 2 of whose"))
            CHECK_FAIL("%s", npurt_error_last()->message);
    }
    run_good();
    close_all();
}

/* What a slab takes comes back with its task, whatever scopes are open. */
TEST(slabs_come_back_as_their_tasks_complete)
{
    if (scene.runtime != NPURT_TENSORMAP_AND_RINGBUFFER) SKIP("there are no rings");
    open_with(0);
    begin();
    add((struct deferred_item){.kind = DEFERRED_WAIT, .repeat = 200, .mask = 3, .blocks = 2});
    npurt_call_args args = arguments();
    args.ring[0].heap_bytes = 8 << 10; /* of 1,664 bytes for each core of each block: one task at a time */
    SCENE_OK(npurt_call(callable, &args, NULL));
    check_cells();
    args.ring[0].heap_bytes = 4 << 10;
    CHECK_EQ(npurt_call(callable, &args, NULL), NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
    if (!strstr(npurt_error_last()->message, "task 0, slabs of its conditions: an output of 7168 bytes"))
        CHECK_FAIL("%s", npurt_error_last()->message);
    close_all();
}

TEST(all_that_was_taken_is_given_back)
{
    open_with(0);
    run_good();
    usual = NULL;
    close_all();
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
