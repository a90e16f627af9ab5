/* What a failed run leaves behind, and what a run that goes on says of itself, on the emulated card: the file, read with
 * a JSON library of others, and the page that `npurt explain` makes of it. What must be in them is known from the graph
 * that the fixture submits: add_one on y so many times, then the endless kernel, then FIXTURE_AFTER times add_one more,
 * each after the one before.
 *
 * With FIXTURE_RUNTIME=tensormap_and_ringbuffer the graph is built on the device. Then tasks are known from there alone,
 * and the edges of those that have completed are gone. */
#include <dirent.h>
#include <jansson.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

enum { N = 64 };

static uint32_t x[N], y[N];
static char folder[64];
static char page[1 << 20];

static bool on_device(void)
{
    return world_runtime == NPURT_TENSORMAP_AND_RINGBUFFER;
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/npurt-test-dump-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static unsigned remove_folder(void)
{
    unsigned files = 0;
    char path[512];
    DIR *d = opendir(folder);
    CHECK(d != NULL);
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        files++;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        CHECK_EQ(unlink(path), 0);
    }
    closedir(d);
    CHECK_EQ(rmdir(folder), 0);
    return files;
}

static npurt_device *device;
static npurt_callable *callable;

static void open_device(const char *target, const char *dumps)
{
    const npurt_device_options options = {
        .scheduler_timeout_ms = 120, .op_timeout_ms = 20000, .sync_timeout_ms = 30000, .dump_folder = dumps};
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
}

static void close_device(void)
{
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

/* ---- reading */

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (!root) CHECK_FAIL("%s:%d: %s", path, error.line, error.text);
    CHECK_STR(json_string_value(json_object_get(root, "format")), "npurt-dump");
    CHECK_EQ(json_integer_value(json_object_get(root, "version")), 1);
    return root;
}

/* The value at "a.b.c"; numbers are array indices. */
static json_t *at(json_t *root, const char *path)
{
    char part[64];
    json_t *value = root;
    for (const char *p = path; *p; p += *p == '.') {
        size_t n = strcspn(p, ".");
        snprintf(part, sizeof part, "%.*s", (int)n, p);
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(part)) : json_object_get(value, part);
        if (!value) CHECK_FAIL("there is no %s", path);
        p += n;
    }
    return value;
}
static int64_t number(json_t *root, const char *path)
{
    CHECK(json_is_integer(at(root, path)));
    return json_integer_value(at(root, path));
}
static const char *text(json_t *root, const char *path)
{
    CHECK(json_is_string(at(root, path)));
    return json_string_value(at(root, path));
}

/* The element of an array whose member has that number. */
static json_t *with(json_t *root, const char *path, const char *member, int64_t value)
{
    size_t i;
    json_t *o;
    json_array_foreach(at(root, path), i, o)
    {
        if (json_integer_value(json_object_get(o, member)) == value && json_is_integer(json_object_get(o, member)))
            return o;
    }
    CHECK_FAIL("no element of %s has %s %" PRId64, path, member, value);
}

/* What `npurt explain` prints of the file. */
static const char *explain(const char *path)
{
    char command[640];
    snprintf(command, sizeof command, "'%s' explain '%s' 2>&1", DUMP_NPURT, path);
    FILE *f = popen(command, "r");
    CHECK(f != NULL);
    page[fread(page, 1, sizeof page - 1, f)] = 0;
    const int status = pclose(f);
    if (status != 0) CHECK_FAIL("npurt explain %s: status %d, %s", path, status, page);
    return page;
}

/* ---- a kernel that does not end */

static void check_task(json_t *root, uint32_t task, const char *state, uint32_t producers, uint64_t device_x,
                       uint64_t device_y)
{
    char hex[32];
    json_t *t = with(root, "tasks", "task", task);
    CHECK_STR(text(t, "state"), state);
    CHECK_STR(text(t, "shape"), "AIV");
    CHECK_EQ(number(t, "producers_total"), producers);
    if (producers) CHECK_EQ(number(t, "producers.0"), task - 1);
    CHECK_EQ(json_array_size(at(t, "tensors")), 2);
    for (int i = 0; i < 2; i++) {
        json_t *tensor = json_array_get(at(t, "tensors"), (size_t)i);
        snprintf(hex, sizeof hex, "0x%" PRIx64, i ? device_y : device_x);
        CHECK_STR(text(tensor, "address"), hex);
        CHECK_STR(text(tensor, "dtype"), "u32");
        CHECK_EQ(json_array_size(at(tensor, "shape")), 1);
        CHECK_EQ(number(tensor, "shape.0"), N);
        CHECK(json_is_null(at(tensor, "owner")));
    }
}

/* The dump of FIXTURE_STUCK after `before` tasks. */
static void check_stuck(const char *path, const npurt_error *e, uint32_t before, uint64_t device_x, uint64_t device_y)
{
    char words[128];
    json_t *root = load(path);
    CHECK_STR(text(root, "kind"), "failure");
    CHECK_STR(text(root, "error.status"), "NPURT_ERROR_KERNEL_TIMEOUT");
    CHECK_STR(text(root, "error.message"), e->message);
    CHECK_STR(text(root, "error.fallout"), e->fallout);
    CHECK_EQ(number(root, "error.task"), before);
    CHECK_EQ(number(root, "error.core"), e->core);
    CHECK_STR(text(root, "device.state"), "poisoned");
    CHECK(json_is_true(at(root, "device.read")));
    CHECK_EQ(number(root, "options.scheduler_timeout_ms"), 120);
    CHECK(number(root, "ledger.memory_bytes") > 0);
    CHECK_STR(text(root, "run.callable"), "fixture");
    CHECK_EQ(number(root, "run.outcome.tasks_completed"), before);
    CHECK_EQ(number(root, "tasks_total"), before + 1 + FIXTURE_AFTER);

    CHECK_EQ(number(root, "waits.unfinished"), 1 + FIXTURE_AFTER);
    CHECK_EQ(number(root, "waits.roots_total"), 1);
    CHECK_EQ(number(root, "waits.roots.0.task"), before);
    CHECK_STR(text(root, "waits.roots.0.kind"), "running");
    CHECK_EQ(number(root, "waits.roots.0.waiting"), FIXTURE_AFTER);
    CHECK_EQ(number(root, "waits.roots.0.cores.0"), e->core);
    const double since = json_number_value(at(root, "waits.roots.0.since_ms"));
    if (since < 100 || since > 20000) CHECK_FAIL("the kernel has run for %g ms", since); /* the timeout is 120 */
    for (uint32_t i = 0; i < FIXTURE_AFTER; i++) {
        json_t *waiting = with(root, "waits.waiting", "task", before + 1 + i);
        CHECK_EQ(number(waiting, "on.0"), before + i);
        CHECK_EQ(number(waiting, "on_total"), 1);
    }
    CHECK_EQ(number(root, "waits.chain_length"), 1 + FIXTURE_AFTER);
    CHECK_EQ(number(root, "waits.chain.0"), before + FIXTURE_AFTER);

    json_t *core = with(root, "cores", "core", e->core);
    CHECK_STR(text(core, "state"), "running");
    CHECK_EQ(number(core, "last.0.task"), before);
    CHECK_EQ(number(core, "last.0.kernel"), FIXTURE_SPIN);
    CHECK_STR(text(core, "last.0.state"), "running");
    json_t *kernel = with(root, "kernels", "kernel", FIXTURE_SPIN);
    CHECK_STR(text(kernel, "name"), "spin");
    CHECK_STR(text(kernel, "symbol"), "spin");
    CHECK_STR(text(kernel, "type"), "AIV");

    if (before) check_task(root, before - 1, "done", before > 1 && !on_device(), device_x, device_y);
    check_task(root, before, "running", before > 0 && !on_device(), device_x, device_y);
    check_task(root, before + 1, "waiting", 1, device_x, device_y);
    if (on_device()) CHECK_STR(text(root, "run.orchestration"), "returned");
    json_t *spin = with(root, "tasks", "task", before);
    CHECK_EQ(json_array_size(at(spin, "scalars")), 2);
    CHECK_STR(text(spin, "scalars.0"), "0xfedcba9876543210");
    snprintf(words, sizeof words, "0x%x", before);
    CHECK_STR(text(spin, "scalars.1"), words);
    json_decref(root);

    explain(path);
    CHECK_EQ(strncmp(page, "NPURT_ERROR_KERNEL_TIMEOUT\n", 27), 0);
    CHECK_HAS(page, e->message);
    snprintf(words, sizeof words, "task %u \"spin\" runs on core %d, for ", before, (int)e->core);
    CHECK_HAS(page, words);
    snprintf(words, sizeof words, "; %d tasks wait for it", FIXTURE_AFTER);
    CHECK_HAS(page, words);
    snprintf(words, sizeof words, "task %u \"add_one\" waits for task %u \"spin\"", before + 1, before);
    CHECK_HAS(page, words);
    snprintf(words, sizeof words, "task %u \"add_one\" waits for task %u \"add_one\"", before + 2, before + 1);
    CHECK_HAS(page, words);
    CHECK_HAS(page, "symbol spin, AIV");
    CHECK_HAS(page, "scalar 0  0xfedcba9876543210 = 18364758544493064720");
    snprintf(words, sizeof words, "u32[64] at 0x%" PRIx64, device_y);
    CHECK_HAS(page, words);
    CHECK_HAS(page, "(not the cause)");
}

static void hang(const char *target, uint32_t before)
{
    uint64_t device_x, device_y;
    npurt_run *run;
    printf("  %s\n", target);
    make_folder();
    open_device(target, folder);
    CHECK_EQ(npurt_memory_alloc(device, sizeof x, "x", &device_x), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof y, "y", &device_y), NPURT_OK);
    CHECK_EQ(world_launch(callable, device_x, device_y, N, FIXTURE_STUCK, before, 0, &run), NPURT_OK);
    CHECK_EQ(npurt_wait(run, NULL), NPURT_ERROR_KERNEL_TIMEOUT);
    const npurt_error e = *npurt_error_last();
    char waits[64];
    snprintf(waits, sizeof waits, "; %d tasks wait for task %u", FIXTURE_AFTER, before);
    CHECK_HAS(e.message, waits);
    CHECK_EQ(strncmp(e.dump, folder, strlen(folder)), 0);
    check_stuck(e.dump, &e, before, device_x, device_y);
    /* Refused for the same cause, it names the same file, and makes no other. */
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_CHAIN, 1, NULL), NPURT_ERROR_POISONED);
    CHECK_STR(npurt_error_last()->dump, e.dump);
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

TEST(the_dump_of_a_kernel_that_hangs_names_it_its_arguments_and_who_waits)
{
    hang("emu:a2", 4);
    hang("emu:a3", 4);
    hang("emu:a5", 4);
    hang("emu:a5", 0);
    hang("emu:a2?engine=thread&clusters=2", 4);
    hang("emu:a3?engine=thread&clusters=2", 4);
    hang("emu:a5?engine=thread&clusters=2", 4);
}

TEST(a_graph_too_large_for_the_small_path_is_there_too)
{
    hang("emu:a5", 3000);
}

/* The engine holds the second run's graph when the first one fails. */
TEST(the_graph_comes_back_from_the_device_when_the_host_holds_the_next_one)
{
    enum { BEFORE = 2000 };
    uint64_t device_x, device_y;
    npurt_run *first, *second;
    make_folder();
    open_device("emu:a5", folder);
    CHECK_EQ(npurt_memory_alloc(device, sizeof x, "x", &device_x), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof y, "y", &device_y), NPURT_OK);
    CHECK_EQ(world_launch(callable, device_x, device_y, N, FIXTURE_STUCK, BEFORE, 0, &first), NPURT_OK);
    CHECK_EQ(world_launch(callable, device_x, device_y, N, FIXTURE_CHAIN, 3000, 0, &second), NPURT_OK);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_ERROR_KERNEL_TIMEOUT);
    const npurt_error e = *npurt_error_last();
    check_stuck(e.dump, &e, BEFORE, device_x, device_y);
    CHECK_EQ(npurt_wait(second, NULL), NPURT_ERROR_POISONED);
    CHECK_STR(npurt_error_last()->dump, e.dump);
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

/* ---- other failures */

/* On a busy machine the other one may not have started when the fault ends the run: once more. */
TEST(a_fault_leaves_a_dump_with_both_kernels_that_ran)
{
    npurt_error e;
    for (int tries = 1;; tries++) {
        CHECK(tries <= 20);
        make_folder();
        open_device("emu:a5", folder);
        CHECK_EQ(world_call(callable, x, y, N, FIXTURE_BESIDE_SPIN, FIXTURE_FAULT, NULL), NPURT_ERROR_KERNEL_FAULT);
        e = *npurt_error_last();
        if (strstr(e.message, "1 other dispatches did not end either")) break;
        close_device();
        CHECK_EQ(remove_folder(), 1);
    }
    json_t *root = load(e.dump);
    CHECK_EQ(number(root, "error.driver_code"), 507015);
    CHECK_EQ(number(root, "run.outcome.suspects_total"), 2);
    CHECK_EQ(number(root, "waits.roots_total"), 2);
    CHECK_EQ(number(with(root, "cores", "core", e.core), "last.0.task"), 1);
    CHECK_EQ(number(with(root, "tasks", "task", 0), "kernels.0"), FIXTURE_SPIN);
    CHECK_EQ(number(with(root, "tasks", "task", 1), "kernels.0"), FIXTURE_FAULT);
    json_decref(root);
    CHECK_HAS(explain(e.dump), "driver      507015 ACL_ERROR_RT_AICORE_EXCEPTION");
    CHECK_HAS(page, "task 1 \"fault\"");
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

TEST(a_device_that_is_gone_leaves_what_the_host_knows)
{
    make_folder();
    open_device("emu:a5?faults=aicpu-process-dies:nth=4", folder); /* dispatcher, init, cores, scheduler */
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_STUCK, 2, NULL), NPURT_ERROR_LOST);
    const npurt_error e = *npurt_error_last();
    CHECK_EQ(strncmp(e.dump, folder, strlen(folder)), 0);
    json_t *root = load(e.dump);
    CHECK_STR(text(root, "device.state"), "lost");
    CHECK(json_is_false(at(root, "device.read")));
    CHECK(json_is_null(at(root, "waits")));
    CHECK_EQ(json_array_size(at(root, "tasks")), on_device() ? 0 : 3 + FIXTURE_AFTER);
    if (!on_device()) {
        CHECK_EQ(number(with(root, "tasks", "task", 2), "kernels.0"), FIXTURE_SPIN);
        CHECK_EQ(number(with(root, "tasks", "task", 2), "producers.0"), 1);
    }
    json_decref(root);
    CHECK_HAS(explain(e.dump), "The device could not be read");
    CHECK_HAS(page, "Who waits for whom is not known");
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

TEST(a_launch_that_the_driver_refuses_leaves_one_too)
{
    make_folder();
    open_device("emu:a5?faults=launch-fails:nth=3", folder);
    const npurt_status status = world_call(callable, x, y, N, FIXTURE_CHAIN, 2, NULL);
    const npurt_error e = *npurt_error_last();
    CHECK(status != NPURT_OK);
    json_t *root = load(e.dump);
    CHECK_STR(text(root, "error.message"), e.message);
    CHECK(json_is_null(at(root, "run.outcome")));
    CHECK_EQ(json_array_size(at(root, "tasks")), on_device() ? 0 : 2);
    json_decref(root);
    CHECK_HAS(explain(e.dump), e.message);
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

/* On the device an orchestration runs, and what it had submitted before may have: then there is something to be told. */
TEST(what_never_ran_leaves_none)
{
    make_folder();
    open_device("emu:a5", folder);
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_OUTSIDE, 0, NULL), NPURT_ERROR_GRAPH);
    CHECK_EQ(npurt_error_last()->dump[0] != 0, on_device());
    CHECK_EQ(world_call(callable, x, y, N, FIXTURE_RETURNS, 7, NULL), NPURT_ERROR_ORCHESTRATION);
    CHECK_EQ(npurt_error_last()->dump[0] != 0, on_device());
    CHECK_EQ(world_call(callable, NULL, y, N, FIXTURE_CHAIN, 1, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(npurt_error_last()->dump, "");
    close_device();
    CHECK_EQ(remove_folder(), on_device() ? 2 : 0);
}

TEST(switched_off_or_unwritable_the_error_is_the_same)
{
    const char *const where[] = {"off", "/dev/null/dumps", "/proc/none/here"};
    for (size_t i = 0; i < sizeof where / sizeof where[0]; i++) {
        open_device("emu:a5", where[i]);
        CHECK_EQ(world_call(callable, x, y, N, FIXTURE_STUCK, 2, NULL), NPURT_ERROR_KERNEL_TIMEOUT);
        CHECK_HAS(npurt_error_last()->message, "kernel \"spin\" (id 2) made no progress for 120 ms");
        CHECK_HAS(npurt_error_last()->message, "3 tasks wait for task 2");
        CHECK_STR(npurt_error_last()->dump, "");
        CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
        close_device();
    }
}

/* ---- a run that goes on */

static void *wait_for(void *run)
{
    return (void *)(intptr_t)npurt_wait(run, NULL);
}

/* Schedulers that share a host thread with the kernel that runs answer when the engine takes it away from it, which a
 * busy machine may put off. */
static void snapshot_answered(const char *path, char *written, size_t size)
{
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(npurt_device_snapshot(device, path, written, size), NPURT_OK);
        json_t *root = load(path ? path : written);
        const bool told = json_is_true(at(root, "run.schedulers.0.told"));
        json_decref(root);
        if (told) return;
        if (!path) CHECK_EQ(unlink(written), 0);
    }
    CHECK_FAIL("no scheduler answered in 20 snapshots");
}

/* The gate of task 0 stays shut until the host writes to x: `more` tasks wait. A thread is in npurt_wait meanwhile. */
static void look_at_the_gate(const char *target, uint32_t more)
{
    uint64_t device_x, device_y;
    npurt_run *run;
    pthread_t thread;
    char path[512], again[600], words[128];
    const uint32_t closed[N] = {0}, opened[N] = {1};
    uint32_t result[N];
    printf("  %s\n", target);
    make_folder();
    const npurt_device_options options = {.dump_folder = folder};
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(device, &callable), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof x, "x", &device_x), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof y, "y", &device_y), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_in(device, device_x, closed, sizeof closed), NPURT_OK);
    CHECK_EQ(world_launch(callable, device_x, device_y, N, FIXTURE_GATED, more, 0, &run), NPURT_OK);
    CHECK_EQ(pthread_create(&thread, NULL, wait_for, run), 0);
    usleep(150000);
    snapshot_answered(NULL, path, sizeof path);
    usleep(100000);
    snprintf(again, sizeof again, "%s/again.json", folder);
    snapshot_answered(again, NULL, 0);

    CHECK_EQ(npurt_memory_copy_in(device, device_x, opened, sizeof opened), NPURT_OK);
    void *status;
    CHECK_EQ(pthread_join(thread, &status), 0);
    CHECK_EQ((intptr_t)status, NPURT_OK); /* looking has not disturbed it */
    CHECK_EQ(npurt_memory_copy_out(device, result, device_y, sizeof result), NPURT_OK);
    CHECK_EQ(result[0], opened[0] + 1 + more);
    CHECK_EQ(result[N - 1], 1 + more);

    double since[2];
    for (int i = 0; i < 2; i++) {
        json_t *root = load(i ? again : path);
        CHECK_STR(text(root, "kind"), "snapshot");
        CHECK(json_is_null(at(root, "error")));
        CHECK_STR(text(root, "device.state"), "healthy");
        CHECK(json_is_null(at(root, "run.outcome")));
        CHECK_EQ(number(root, "waits.unfinished"), 1 + more);
        CHECK_EQ(number(root, "waits.roots_total"), 1);
        CHECK_EQ(number(root, "waits.roots.0.task"), 0);
        CHECK_EQ(number(root, "waits.roots.0.waiting"), more);
        CHECK_STR(text(root, "waits.roots.0.kind"), "running");
        CHECK(json_is_true(at(root, "run.schedulers.0.told")));
        since[i] = json_number_value(at(root, "waits.roots.0.since_ms"));
        json_decref(root);
    }
    if (since[1] - since[0] < 50) CHECK_FAIL("it runs for %g ms, and 100 ms later for %g ms", since[0], since[1]);
    explain(path);
    CHECK_EQ(strncmp(page, "A snapshot: nothing has failed.", 31), 0);
    CHECK_HAS(page, "task 0 \"gate\" runs on core ");
    snprintf(words, sizeof words, "; %u tasks wait for it", more);
    CHECK_HAS(page, words);
    CHECK_HAS(page, "task 1 \"add_one\" waits for task 0 \"gate\"");

    /* Nothing in flight: about the device alone. */
    CHECK_EQ(npurt_device_snapshot(device, again, NULL, 0), NPURT_OK);
    json_t *root = load(again);
    CHECK(json_is_null(at(root, "run")));
    json_decref(root);
    CHECK_HAS(explain(again), "none is in flight");
    CHECK_EQ(npurt_memory_free(device, device_x), NPURT_OK);
    CHECK_EQ(npurt_memory_free(device, device_y), NPURT_OK);
    close_device();
    CHECK_EQ(remove_folder(), 2);
}

TEST(a_snapshot_of_a_run_that_waits_names_the_kernel_and_does_not_disturb_it)
{
    look_at_the_gate("emu:a2", 5);
    look_at_the_gate("emu:a3", 5);
    look_at_the_gate("emu:a5", 5);
    look_at_the_gate("emu:a5?engine=thread&clusters=2", 5);
    look_at_the_gate("emu:a5", 2000); /* several schedulers */
}

/* An orchestration on the device that can not go on as long as the gate is shut, in rings that are so small. The dump
 * of a snapshot, or when the run fails of it, says what it waits for. */
struct blocked {
    uint64_t mode, argument;
    npurt_ring_options ring;
    const char *resource, *says;
    int64_t of_ring, used, total, bytes, task; /* -1: null */
};

static void is_blocked(json_t *root, const struct blocked *b)
{
    static const char *const member[] = {"ring", "used", "total", "bytes", "task"};
    const int64_t due[] = {b->of_ring, b->used, b->total, b->bytes, b->task};
    CHECK_STR(text(root, "run.orchestration_waits.for"), b->resource);
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "run.orchestration_waits.%s", member[i]);
        if (due[i] < 0)
            CHECK(json_is_null(at(root, path)));
        else
            CHECK_EQ(number(root, path), due[i]);
    }
}

TEST(what_an_orchestration_waits_for_is_told_by_resource)
{
    if (!on_device()) SKIP("an orchestration on the host waits for nothing");
    static const struct blocked row[] = {
        {.mode = FIXTURE_GATED,
         .argument = 10,
         .ring = {.task_window = 4},
         .resource = "slot",
         .says = "waits for a task slot of ring 0, 4 of whose 4 tasks are in flight; the first to give back is task 0 \"gate\".",
         .used = 4,
         .total = 4,
         .bytes = -1},
        {.mode = FIXTURE_GATED,
         .argument = 10,
         .ring = {.edges = 4},
         .resource = "edge",
         .says = "waits for an edge of ring 0, 4 of whose 4 edges are taken; the first to give back is task 0 \"gate\".",
         .used = 4,
         .total = 4,
         .bytes = -1},
        {.mode = FIXTURE_GATED_OUTPUTS,
         .argument = 10,
         .ring = {.heap_bytes = 4096},
         .resource = "heap",
         .says = "waits for 1024 bytes in the heap of ring 1, 4096 of whose 4096 bytes are in use.",
         .of_ring = 1,
         .used = 4096,
         .total = 4096,
         .bytes = 1024,
         .task = -1},
        {.mode = FIXTURE_GATED_LOOK,
         .argument = 1,
         .resource = "element",
         .says = "waits for an element that is due after task 0 \"gate\".",
         .of_ring = -1,
         .used = -1,
         .total = -1,
         .bytes = -1},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const struct blocked *b = &row[i];
        printf("  %s\n", b->resource);
        uint64_t device_x, device_y;
        const uint32_t closed[N] = {0}, opened[N] = {1};
        npurt_run *run;
        char path[512];
        make_folder();
        npurt_device_options options = {.dump_folder = folder, .ring = {b->ring, b->ring, b->ring, b->ring}};
        if (npurt_device_open("emu:a5", &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        CHECK_EQ(npurt_memory_alloc(device, sizeof x, "x", &device_x), NPURT_OK);
        CHECK_EQ(npurt_memory_alloc(device, sizeof y, "y", &device_y), NPURT_OK);
        CHECK_EQ(npurt_memory_copy_in(device, device_x, closed, sizeof closed), NPURT_OK);
        CHECK_EQ(world_launch(callable, device_x, device_y, N, b->mode, b->argument, 0, &run), NPURT_OK);
        for (int tries = 0;; tries++) { /* until it has come so far */
            CHECK(tries < 6000);
            CHECK_EQ(npurt_device_snapshot(device, NULL, path, sizeof path), NPURT_OK);
            json_t *root = load(path);
            const bool waits = strcmp(text(root, "run.orchestration"), "waiting") == 0;
            if (waits) is_blocked(root, b);
            json_decref(root);
            if (waits) CHECK_HAS(explain(path), b->says);
            CHECK_EQ(unlink(path), 0);
            if (waits) break;
            usleep(10000);
        }
        CHECK_EQ(npurt_memory_copy_in(device, device_x, opened, sizeof opened), NPURT_OK);
        CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
        CHECK_EQ(npurt_memory_free(device, device_x), NPURT_OK);
        CHECK_EQ(npurt_memory_free(device, device_y), NPURT_OK);
        close_device();

        /* And when the run fails of it: the gate never opens. */
        options.scheduler_timeout_ms = 120;
        options.op_timeout_ms = 20000;
        options.sync_timeout_ms = 30000;
        if (npurt_device_open("emu:a5", &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
        CHECK_EQ(world_load(device, &callable), NPURT_OK);
        memset(x, 0, sizeof x);
        CHECK_EQ(world_call(callable, x, y, N, b->mode, b->argument, NULL), NPURT_ERROR_KERNEL_TIMEOUT);
        snprintf(path, sizeof path, "%s", npurt_error_last()->dump);
        json_t *root = load(path);
        CHECK_STR(text(root, "run.orchestration"), "returned");
        is_blocked(root, b);
        json_decref(root);
        CHECK_HAS(explain(path), "When the run ended the orchestration waited for ");
        close_device();
        CHECK_EQ(remove_folder(), 1);
    }
}

TEST(snapshots_in_a_row_of_runs_that_move_are_whole_and_change_no_result)
{
    enum { RUNS = 30, LENGTH = 500 };
    char path[512];
    make_folder();
    snprintf(path, sizeof path, "%s/page.json", folder);
    open_device("emu:a5", folder);
    uint64_t device_x, device_y;
    npurt_run *run;
    CHECK_EQ(npurt_memory_alloc(device, sizeof x, "x", &device_x), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(device, sizeof y, "y", &device_y), NPURT_OK);
    CHECK_EQ(npurt_memory_set(device, device_x, 0, sizeof x), NPURT_OK);
    for (int i = 0; i < RUNS; i++) {
        uint32_t result[N];
        CHECK_EQ(world_launch(callable, device_x, device_y, N, FIXTURE_CHAIN, LENGTH + (uint64_t)i, 0, &run), NPURT_OK);
        CHECK_EQ(npurt_device_snapshot(device, path, NULL, 0), NPURT_OK);
        json_decref(load(path));
        CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
        CHECK_EQ(npurt_memory_copy_out(device, result, device_y, sizeof result), NPURT_OK);
        CHECK_EQ(result[N - 1], LENGTH + i);
    }
    CHECK_EQ(npurt_memory_free(device, device_x), NPURT_OK);
    CHECK_EQ(npurt_memory_free(device, device_y), NPURT_OK);
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

TEST(a_snapshot_that_can_not_be_says_why)
{
    char small[8], path[512];
    CHECK_EQ(npurt_device_snapshot(NULL, "x", NULL, 0), NPURT_ERROR_INVALID_ARGUMENT);
    open_device("emu:a5", "off");
    CHECK_EQ(npurt_device_snapshot(device, NULL, path, sizeof path), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "switched off");
    CHECK_EQ(npurt_device_snapshot(device, NULL, NULL, 0), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_device_snapshot(device, "/dev/null/page.json", NULL, 0), NPURT_ERROR_IO);
    CHECK_HAS(npurt_error_last()->message, "/dev/null/page.json");
    make_folder();
    snprintf(path, sizeof path, "%s/page.json", folder);
    CHECK_EQ(npurt_device_snapshot(device, path, small, sizeof small), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, path);
    close_device();
    CHECK_EQ(remove_folder(), 1);
}

TEST_MAIN
