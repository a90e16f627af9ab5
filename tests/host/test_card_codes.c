/* The codes of graphs that are built on the device, each raised on the emulated card; and what raises those that have
 * no cause here runs to its end. docs/reference/streaming.md has the table. */
#include "check.h"
#include "host/fixtures/codes.h"
#include "host/world.h"

#include <stdlib.h>

static uint32_t x[CODES_N], y[CODES_N];
static npurt_device *device;
static npurt_callable *callable;

static const struct machine {
    const char *target;
    uint32_t threads; /* 1: orchestrates and schedules in turn */
} machine[] = {{"emu:a2", 0}, {"emu:a3", 0}, {"emu:a5", 0}, {"emu:a5", 1}, {"emu:a5?engine=thread&clusters=2", 0}};
enum { MACHINES = sizeof machine / sizeof machine[0] };

static void load_from(const npurt_binary *orchestration)
{
    const npurt_kernel_desc kernels[] = {
        world_kernel(FIXTURE_ADD_ONE, NPURT_CORE_AIV, "add_one"),
        world_kernel(FIXTURE_SPIN, NPURT_CORE_AIV, "spin"),
        world_kernel(FIXTURE_ADD_SLICE, NPURT_CORE_AIV, "add_slice"),
        world_kernel(FIXTURE_ADD_SLICE_AIC, NPURT_CORE_AIC, "add_slice_aic"),
        world_kernel(CODES_MARK_AND_SPIN, NPURT_CORE_AIV, "mark_and_spin"),
        world_kernel(CODES_EXPECT_UNASKED, NPURT_CORE_AIV, "expect_unasked"),
    };
    const npurt_param params[] = {{.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32, .ndims = 1},
                                  {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 1}};
    const npurt_callable_desc desc = {.name = "codes",
                                      .runtime = NPURT_TENSORMAP_AND_RINGBUFFER,
                                      .orchestration = *orchestration,
                                      .kernels = kernels,
                                      .kernel_count = sizeof kernels / sizeof kernels[0],
                                      .params = params,
                                      .param_count = 2,
                                      .scalar_count = 2};
    if (npurt_callable_load(device, &desc, &callable) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
}

static void load(void)
{
    load_from(&(npurt_binary){.path = HOST_FIXTURES "/host_codes.so"});
}

/* `limit_ms` without progress ends a run: short where a kernel never ends, else long enough for the busiest host. */
enum { STUCK_MS = 1000, PATIENT_MS = 10000 };
static void open_machine(const struct machine *m, uint32_t limit_ms)
{
    const npurt_device_options options = {
        .scheduler_timeout_ms = limit_ms, .op_timeout_ms = 20000, .sync_timeout_ms = 30000, .aicpu_threads = m->threads};
    printf("  %s, %u threads\n", m->target, m->threads);
    if (npurt_device_open(m->target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    load();
}

static void close_machine(void)
{
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

/* `heap_bytes` of the ring of depth 1, where scopes opened by the orchestration allocate; the others have 4 KiB. */
static npurt_status call(enum codes_mode mode, uint32_t argument, uint32_t window, uint64_t heap_bytes)
{
    const npurt_call_tensor tensors[] = {{.host = x, .dtype = NPURT_U32, .ndims = 1, .shape = {CODES_N}},
                                         {.host = y, .dtype = NPURT_U32, .ndims = 1, .shape = {CODES_N}}};
    const uint64_t scalars[] = {mode, argument};
    npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
    npurt_timing timing;
    for (uint32_t r = 0; r < NPURT_RINGS; r++)
        args.ring[r] = (npurt_ring_options){
            .task_window = window, .edges = 4, .heap_bytes = r == 1 && heap_bytes ? heap_bytes : 4096};
    for (uint32_t i = 0; i < CODES_N; i++) {
        x[i] = 100 + i;
        y[i] = 7;
    }
    npurt_status status = npurt_call(callable, &args, &timing);
    if (status == NPURT_OK && mode >= CODES_TASKS_IN_ONE_SCOPE)
        CHECK_EQ(timing.tasks, mode == CODES_DEPTH || mode == CODES_BLOCKS ? 1 : argument);
    return status;
}

/* y = x + 1 after a run that ended well. */
static void check_added(npurt_status status)
{
    if (status != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    for (uint32_t i = 0; i < CODES_N; i++)
        CHECK_EQ(y[i], 101 + i);
}

static void refused(enum codes_mode mode, uint32_t argument, npurt_status status, const char *words, const char *name)
{
    CHECK_EQ(call(mode, argument, 16, 0), status);
    printf("  %s\n", npurt_error_last()->message);
    CHECK_EQ(npurt_error_last()->status, status);
    CHECK_HAS(npurt_error_last()->message, "orchestration of \"codes\"");
    CHECK_HAS(npurt_error_last()->message, words);
    CHECK_HAS(npurt_error_last()->message, name);
    CHECK(npurt_error_last()->hint[0] != 0);
    for (uint32_t i = 0; i < CODES_N; i++)
        CHECK_EQ(y[i], 7); /* nothing is copied back */
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    check_added(call(CODES_TASKS_IN_ONE_SCOPE, 3, 16, 0));
}

/* Runs with the heap that the hint names, again while that is refused; each refusal must come later. */
static void with_the_heap_that_is_named(void)
{
    const char *words = "heap_bytes of ring 1: ";
    uint64_t heap = 0;
    long last = -1;
    int rerun = 0;
    npurt_status status;
    while ((status = call(CODES_SCOPE_HOLDS, 0, 16, heap)) != NPURT_OK) {
        CHECK_EQ(status, NPURT_ERROR_OUT_OF_DEVICE_MEMORY);
        const char *task = strstr(npurt_error_last()->message, "task "),
                   *hint = strstr(npurt_error_last()->hint, words);
        CHECK(task != NULL && hint != NULL);
        CHECK(strtol(task + 5, NULL, 10) > last);
        last = strtol(task + 5, NULL, 10);
        heap = strtoull(hint + strlen(words), NULL, 10);
        CHECK(++rerun <= CODES_OUTPUTS);
    }
    CHECK(rerun > 0);
    CHECK(heap >= CODES_OUTPUTS * 1024);
}

TEST(a_code_is_raised_by_its_cause_with_name_and_text_and_leaves_the_device_healthy)
{
    for (int m = 0; m < MACHINES; m++) {
        open_machine(&machine[m], PATIENT_MS);
        refused(CODES_SCOPE_HOLDS, 0, NPURT_ERROR_OUT_OF_DEVICE_MEMORY, "the scope of depth 1",
                "(SCOPE_DEADLOCK, code 1)");
        with_the_heap_that_is_named();
        refused(CODES_OUTPUT_TOO_LARGE, 0, NPURT_ERROR_OUT_OF_DEVICE_MEMORY,
                "task 0, tensor 0: an output of 1048576 bytes, in ring 0 whose heap has 4096",
                "(HEAP_RING_DEADLOCK, code 2)");
        refused(CODES_BAD_DEPENDENCY, 0, NPURT_ERROR_GRAPH, "task 1: depends on task 5", "(INVALID_ARGS, code 5)");
        refused(CODES_BAD_SHAPE, 0, NPURT_ERROR_GRAPH, "a dimension of size 0", "(INVALID_ARGS, code 5)");
        refused(CODES_AUTO_IN_MANUAL, 0, NPURT_ERROR_GRAPH, "an AUTO scope can not be inside a MANUAL one",
                "(INVALID_ARGS, code 5)");
        refused(CODES_SYNC_START, 0, NPURT_ERROR_GRAPH, "task 0: sync start of ",
                "(REQUIRE_SYNC_START_INVALID, code 7)");
        refused(CODES_FAIL, 42, NPURT_ERROR_ORCHESTRATION, "failed with code 42: what the user has to say",
                "(EXPLICIT_ORCH_FATAL, code 9)");
        refused(CODES_FAIL, 9, NPURT_ERROR_ORCHESTRATION, "failed with code 9: what", "(EXPLICIT_ORCH_FATAL, code 9)");
        refused(CODES_FAIL, (uint32_t)-5, NPURT_ERROR_ORCHESTRATION, "failed with code -5: what",
                "(EXPLICIT_ORCH_FATAL, code 9)");
        close_machine();
    }
}

/* A reset is due, the hint says so, and it helps. */
static void reset_is_due(void)
{
    static const char due[] = "; reset the device";
    npurt_callable *old = callable;
    const char *hint = npurt_error_last()->hint;
    const size_t length = strlen(hint);
    if (length < sizeof due || strcmp(hint + length - (sizeof due - 1), due) != 0) CHECK_FAIL("hint: %s", hint);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
    if (npurt_device_reset(device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
    load();
    check_added(call(CODES_TASKS_IN_ONE_SCOPE, 3, 16, 0));
    CHECK_EQ(npurt_callable_unload(old), NPURT_OK);
}

/* Codes of runs in which a kernel is stuck: the kernel is named first. */
static void stuck(const struct machine *m, enum codes_mode mode, const char *name, const char *also)
{
    open_machine(m, STUCK_MS);
    CHECK_EQ(call(mode, 0, 16, 0), NPURT_ERROR_KERNEL_TIMEOUT);
    printf("  %s\n", npurt_error_last()->message);
    CHECK_HAS(npurt_error_last()->message, "kernel \"spin\" (id 2) made no progress for 1000 ms");
    CHECK_HAS(npurt_error_last()->message, name);
    if (also) CHECK_HAS(npurt_error_last()->message, also);
    reset_is_due();
    close_machine();
}

TEST(a_run_that_stalls_or_waits_for_an_element_has_the_code_beside_its_kernel)
{
    static const int which[] = {0, 3, 4};
    for (int i = 0; i < 3; i++) {
        const int m = which[i];
        stuck(&machine[m], CODES_STUCK, "SCHEDULER_TIMEOUT, code 100", NULL);
        stuck(&machine[m], CODES_ELEMENT_OF_STUCK, "SCHEDULER_TIMEOUT, code 100", "TENSOR_WAIT_TIMEOUT, code 8");
    }
}

static void refused_beside_stuck(const struct machine *m, enum codes_mode mode, npurt_status status, const char *words,
                                 const char *hint)
{
    open_machine(m, STUCK_MS);
    CHECK_EQ(call(mode, 0, 16, 0), status);
    CHECK_HAS(npurt_error_last()->message, words);
    CHECK_HAS(npurt_error_last()->hint, hint);
    reset_is_due();
    close_machine();
}

TEST(a_refusal_beside_a_kernel_that_never_ends_is_the_cause_and_its_hint_names_the_reset)
{
    refused_beside_stuck(&machine[0], CODES_FAIL_BESIDE_STUCK, NPURT_ERROR_ORCHESTRATION, "failed with code 42: what",
                         "npurt_orch_fail");
    refused_beside_stuck(&machine[4], CODES_CONDITION_BESIDE_STUCK, NPURT_ERROR_GRAPH,
                         "(ASYNC_REGISTRATION_FAILED, code 103)", "npurt_task_deferred");
}

TEST(what_raises_the_others_elsewhere_runs_to_its_end_here)
{
    enum { WINDOW = 4 };
    for (int m = 0; m < MACHINES; m++) {
        open_machine(&machine[m], PATIENT_MS);
        /* SCOPE_DEADLOCK by tasks: as many as the window, less one, and more; SCOPE_TASKS_OVERFLOW: more than 65,536 */
        check_added(call(CODES_TASKS_IN_ONE_SCOPE, WINDOW - 1, WINDOW, 0));
        check_added(call(CODES_TASKS_IN_ONE_SCOPE, 10 * WINDOW, WINDOW, 0));
        check_added(call(CODES_TASKS_IN_ONE_SCOPE, 70000, WINDOW, 0));
        /* HEAP_RING_DEADLOCK by waiting: two outputs fit at a time */
        check_added(call(CODES_OUTPUTS_IN_TURN, 400, WINDOW, 0));
        /* FLOW_CONTROL_DEADLOCK: scopes that share a ring which is full */
        check_added(call(CODES_INNER_SCOPES, 600, WINDOW, 0));
        /* DEP_POOL_OVERFLOW and DEPENDENCY_OVERFLOW: 4 edges, and more producers than the reference lists */
        static const uint32_t producers[] = {64, 65, 200, 391};
        for (int i = 0; i < 4; i++) {
            check_added(call(CODES_FAN_IN, producers[i] + 1, 512, 0));
            check_added(call(CODES_READERS, producers[i] + 1, 512, 0));
        }
        close_machine();
    }
}

/* ---- limits */

TEST(scopes_and_blocks_up_to_their_limits_run_and_one_more_is_refused)
{
    for (int m = 0; m < MACHINES; m++) {
        open_machine(&machine[m], PATIENT_MS);
        check_added(call(CODES_DEPTH, NPURT_MAX_SCOPE_DEPTH, 16, 0));
        refused(CODES_DEPTH, NPURT_MAX_SCOPE_DEPTH + 1, NPURT_ERROR_LIMIT, "scopes nest at most 64 deep",
                "(LIMIT, code 1002)");
        check_added(call(CODES_BLOCKS, NPURT_TASK_MAX_BLOCKS, 16, 0));
        refused(CODES_BLOCKS, NPURT_TASK_MAX_BLOCKS + 1, NPURT_ERROR_LIMIT, "task 0: block_num 65536",
                "(LIMIT, code 1002)");
        close_machine();
    }
}

/* The reference takes 4 MiB. */
TEST(an_orchestration_of_6_mib_is_loaded)
{
    enum { SIZE = 6 << 20 };
    char *bytes = calloc(1, SIZE);
    FILE *f = fopen(HOST_FIXTURES "/host_codes.so", "rb");
    CHECK(f != NULL && bytes != NULL);
    CHECK(fread(bytes, 1, SIZE, f) > 0);
    fclose(f);
    open_machine(&machine[2], PATIENT_MS);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    load_from(&(npurt_binary){.data = bytes, .size = SIZE});
    free(bytes);
    check_added(call(CODES_TASKS_IN_ONE_SCOPE, 3, 16, 0));
    close_machine();
}

TEST(a_call_of_128_tensors_and_128_scalars_arrives_whole)
{
    static uint32_t data[NPURT_CALL_MAX_TENSORS][CODES_N];
    npurt_param params[NPURT_CALL_MAX_TENSORS];
    npurt_call_tensor tensors[NPURT_CALL_MAX_TENSORS];
    uint64_t scalars[NPURT_CALL_MAX_SCALARS];
    const npurt_kernel_desc kernel = {
        .id = FIXTURE_ADD_ONE, .core = NPURT_CORE_AIV, .binary.path = world_kernels, .entry = "add_one"};
    for (uint32_t i = 0; i < NPURT_CALL_MAX_TENSORS; i++) {
        params[i] = (npurt_param){.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 1};
        tensors[i] = (npurt_call_tensor){.host = data[i], .dtype = NPURT_U32, .ndims = 1, .shape = {CODES_N}};
        for (uint32_t k = 0; k < CODES_N; k++)
            data[i][k] = 1000 * i + k;
    }
    for (uint32_t i = 0; i < NPURT_CALL_MAX_SCALARS; i++)
        scalars[i] = i;
    for (int runtime = 0; runtime < 2; runtime++) {
        const npurt_callable_desc desc = {.name = "most",
                                          .runtime = runtime ? NPURT_TENSORMAP_AND_RINGBUFFER : NPURT_HOST_BUILD_GRAPH,
                                          .orchestration.path = HOST_FIXTURES "/host_codes.so",
                                          .entry = "most_arguments",
                                          .kernels = &kernel,
                                          .kernel_count = 1,
                                          .params = params,
                                          .param_count = NPURT_CALL_MAX_TENSORS,
                                          .scalar_count = NPURT_CALL_MAX_SCALARS};
        const npurt_call_args args = {.tensors = tensors,
                                      .tensor_count = NPURT_CALL_MAX_TENSORS,
                                      .scalars = scalars,
                                      .scalar_count = NPURT_CALL_MAX_SCALARS};
        npurt_callable *most;
        open_machine(&machine[2], PATIENT_MS);
        if (npurt_callable_load(device, &desc, &most) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
        if (npurt_call(most, &args, NULL) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
        for (uint32_t i = 0; i < NPURT_CALL_MAX_TENSORS; i++)
            for (uint32_t k = 0; k < CODES_N; k++)
                CHECK_EQ(data[i][k],
                         1000 * (i < NPURT_CALL_MAX_TENSORS - 1 ? i : i - 1) + k + (i == NPURT_CALL_MAX_TENSORS - 1));
        CHECK_EQ(npurt_callable_unload(most), NPURT_OK);
        close_machine();
    }
}

TEST_MAIN
