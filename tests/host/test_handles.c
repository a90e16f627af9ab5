/* Every public function with every handle that is none: NULL, gone, of another kind, or a number that never was one. */
#include "check.h"
#include "driver/driver.h"
#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

static npurt_device *open_fake(void)
{
    const npurt_device_options options = {.binaries = world_binaries};
    npurt_device *device = NULL;
    error_begin("test");
    CHECK_EQ(device_open_on(fake_driver(), false, 0, "fake:0", &options, &device), NPURT_OK);
    return device;
}

static npurt_run *launch(npurt_device *device, npurt_callable *callable, uint64_t *memory)
{
    npurt_run *run = NULL;
    if (!*memory) CHECK_EQ(npurt_memory_alloc(device, 256, "x and y", memory), NPURT_OK);
    CHECK_EQ(world_launch(callable, *memory, *memory, 64, FIXTURE_CHAIN, 1, 0, &run), NPURT_OK);
    return run;
}

/* ---- all functions ---- */

static uint64_t word;
static uint32_t x[64], y[64];
static char text[256];
static npurt_callable *no_callable;
static npurt_run *no_run;

#define WITH_HANDLE(type, function, call)                                                                              \
    static npurt_status with_##function(void *value)                                                                   \
    {                                                                                                                  \
        type *h = value;                                                                                               \
        return call;                                                                                                   \
    }
WITH_HANDLE(npurt_device, npurt_device_close, npurt_device_close(h))
WITH_HANDLE(npurt_device, npurt_device_reset, npurt_device_reset(h))
WITH_HANDLE(npurt_device, npurt_device_cancel, npurt_device_cancel(h))
WITH_HANDLE(npurt_device, npurt_device_get_info, npurt_device_get_info(h, &(npurt_device_info){0}))
WITH_HANDLE(npurt_device, npurt_device_hbm_in_use, npurt_device_hbm_in_use(h, &word))
WITH_HANDLE(npurt_device, npurt_device_ledger, npurt_device_ledger(h, &(npurt_ledger_totals){0}))
WITH_HANDLE(npurt_device, npurt_device_report, npurt_device_report(h, text, sizeof text, NULL))
WITH_HANDLE(npurt_device, npurt_device_report_json, npurt_device_report_json(h, text, sizeof text, NULL))
WITH_HANDLE(npurt_device, npurt_device_snapshot, npurt_device_snapshot(h, "/dev/null/none", text, sizeof text))
WITH_HANDLE(npurt_device, npurt_device_trace_hash, npurt_device_trace_hash(h, &word))
WITH_HANDLE(npurt_device, npurt_memory_alloc, npurt_memory_alloc(h, 64, "x", &word))
WITH_HANDLE(npurt_device, npurt_memory_free, npurt_memory_free(h, 4096))
WITH_HANDLE(npurt_device, npurt_memory_copy_in, npurt_memory_copy_in(h, 4096, x, 4))
WITH_HANDLE(npurt_device, npurt_memory_copy_out, npurt_memory_copy_out(h, x, 4096, 4))
WITH_HANDLE(npurt_device, npurt_memory_set, npurt_memory_set(h, 4096, 0, 4))
WITH_HANDLE(npurt_device, npurt_callable_load, npurt_callable_load(h, &(npurt_callable_desc){0}, &no_callable))
WITH_HANDLE(npurt_device, npurt_callable_load_bundle, npurt_callable_load_bundle(h, "/none", &no_callable))
WITH_HANDLE(npurt_device, npurt_callable_load_bundle_as,
            npurt_callable_load_bundle_as(h, "/none", NPURT_HOST_BUILD_GRAPH, &no_callable))
WITH_HANDLE(npurt_callable, npurt_callable_unload, npurt_callable_unload(h))
WITH_HANDLE(npurt_callable, npurt_call, world_call(h, x, y, 64, FIXTURE_CHAIN, 1, NULL))
WITH_HANDLE(npurt_callable, npurt_launch, world_launch(h, 4096, 4096, 64, FIXTURE_CHAIN, 1, 0, &no_run))
WITH_HANDLE(npurt_run, npurt_poll, npurt_poll(h))
WITH_HANDLE(npurt_run, npurt_wait, npurt_wait(h, NULL))
WITH_HANDLE(npurt_run, npurt_cancel, npurt_cancel(h))

enum kind { DEVICE, CALLABLE, RUN, NONE };
static const char *const kind_name[] = {"device", "callable", "run"};
static const struct function {
    const char *name;
    enum kind kind;
    npurt_status (*call)(void *handle);
    npurt_status of_null;
} function[] = {
#define ROW(kind, name, of_null) {#name, kind, with_##name, of_null}
    ROW(DEVICE, npurt_device_close, NPURT_OK),
    ROW(DEVICE, npurt_device_reset, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_cancel, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_get_info, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_hbm_in_use, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_ledger, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_report, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_report_json, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_snapshot, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_device_trace_hash, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_memory_alloc, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_memory_free, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_memory_copy_in, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_memory_copy_out, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_memory_set, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_callable_load, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_callable_load_bundle, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(DEVICE, npurt_callable_load_bundle_as, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(CALLABLE, npurt_callable_unload, NPURT_OK),
    ROW(CALLABLE, npurt_call, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(CALLABLE, npurt_launch, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(RUN, npurt_poll, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(RUN, npurt_wait, NPURT_ERROR_INVALID_ARGUMENT),
    ROW(RUN, npurt_cancel, NPURT_ERROR_INVALID_ARGUMENT),
};
enum { FUNCTIONS = sizeof function / sizeof function[0] };
/* Those that take no handle, or answer with something else than a status. */
static const char *const apart[] = {
    "npurt_device_open_api", "npurt_device_get_state", "npurt_error_last",      "npurt_log_level_name",
    "npurt_status_name",     "npurt_version",          "npurt_version_number", "npurt_log_set_callback",
};

static bool is_listed(const char *name)
{
    for (int i = 0; i < FUNCTIONS; i++)
        if (strcmp(function[i].name, name) == 0) return true;
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        if (strcmp(apart[i], name) == 0) return true;
    return false;
}

TEST(the_table_has_every_function_of_the_headers)
{
    static const char *const header[] = {"device", "callable", "bundle", "log", "status", "version"};
    int found = 0;
    for (size_t h = 0; h < sizeof header / sizeof header[0]; h++) {
        char path[512], line[512];
        snprintf(path, sizeof path, "%s/npurt/%s.h", HOST_INCLUDE, header[h]);
        FILE *file = fopen(path, "r");
        if (!file) CHECK_FAIL("%s can not be read", path);
        while (fgets(line, sizeof line, file)) {
            char *open = strncmp(line, "NPURT_API ", 10) == 0 ? strchr(line, '(') : NULL;
            if (!open) continue;
            *open = '\0';
            const char *name = strrchr(line, ' ') + 1;
            if (*name == '*') name++;
            if (!is_listed(name)) CHECK_FAIL("%s: %s is in no table of this test", path, name);
            found++;
        }
        fclose(file);
    }
    CHECK_EQ(found, FUNCTIONS + sizeof apart / sizeof apart[0]);
}

/* Every function of a kind refuses the handle and says `part`; those that give one have NULL for it. */
static void all_refuse(enum kind kind, void *handle, const char *part)
{
    no_callable = (npurt_callable *)1;
    no_run = (npurt_run *)1;
    for (int i = 0; i < FUNCTIONS; i++) {
        if (function[i].kind != kind) continue;
        const npurt_status status = function[i].call(handle);
        if (status != NPURT_ERROR_INVALID_ARGUMENT)
            CHECK_FAIL("%s of %p is %d, not INVALID_ARGUMENT", function[i].name, handle, (int)status);
        CHECK_EQ(npurt_error_last()->status, NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(npurt_error_last()->message, part);
        CHECK_HAS(npurt_error_last()->message, kind_name[kind]);
    }
    CHECK(kind == DEVICE ? no_callable == NULL : kind == CALLABLE ? no_run == NULL : true);
    if (kind == DEVICE) CHECK_EQ(npurt_device_get_state(handle), NPURT_DEVICE_LOST);
}

static void start(void)
{
    fake_reset();
    slot_forget();
}

TEST(null_is_answered_as_documented)
{
    start();
    for (int i = 0; i < FUNCTIONS; i++) {
        const struct function *f = &function[i];
        const npurt_status status = f->call(NULL);
        if (status != f->of_null) CHECK_FAIL("%s(NULL) is %d, not %d", f->name, (int)status, (int)f->of_null);
        char want[64];
        snprintf(want, sizeof want, "%s is NULL", kind_name[f->kind]);
        if (status != NPURT_OK) CHECK_STR(npurt_error_last()->message, want);
        if (status != NPURT_OK && !strstr(f->name, "bundle")) CHECK_STR(npurt_error_last()->call, f->name);
    }
    CHECK_EQ(npurt_device_get_state(NULL), NPURT_DEVICE_LOST);
    CHECK_EQ(npurt_device_open("emu:a5", NULL, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(npurt_error_last()->message, "out is NULL");
    npurt_device *device = (npurt_device *)1;
    CHECK_EQ(npurt_device_open(NULL, NULL, &device), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_STR(npurt_error_last()->message, "target is NULL");
    CHECK(device == NULL);
}

static void named(npurt_status status, const char *part)
{
    CHECK_EQ(status, NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, part);
}

TEST(null_in_place_of_an_answer_or_a_text_is_named)
{
    start();
    npurt_device *d = open_fake();
    npurt_callable *c;
    uint64_t memory = 0;
    CHECK_EQ(world_load(d, &c), NPURT_OK);
    npurt_run *run = launch(d, c, &memory);
    named(npurt_device_get_info(d, NULL), "info is NULL");
    named(npurt_device_hbm_in_use(d, NULL), "bytes is NULL");
    named(npurt_device_ledger(d, NULL), "totals is NULL");
    named(npurt_device_report(d, NULL, 1, NULL), "buffer is NULL");
    named(npurt_device_report_json(d, NULL, 1, NULL), "buffer is NULL");
    named(npurt_device_snapshot(d, NULL, NULL, 0), "path and written are NULL");
    named(npurt_device_trace_hash(d, NULL), "hash is NULL");
    named(npurt_memory_alloc(d, 1, "x", NULL), "address is NULL");
    named(npurt_memory_free(d, 0), "address 0x0");
    named(npurt_memory_copy_in(d, memory, NULL, 1), "from is NULL");
    named(npurt_memory_copy_in(d, 0, x, 1), "to is a null device address");
    named(npurt_memory_copy_out(d, NULL, memory, 1), "to is NULL");
    named(npurt_memory_copy_out(d, x, 0, 1), "from is a null device address");
    named(npurt_memory_set(d, 0, 0, 1), "to is a null device address");
    named(npurt_callable_load(d, NULL, &no_callable), "desc is NULL");
    named(npurt_callable_load(d, &(npurt_callable_desc){0}, NULL), "out is NULL");
    named(npurt_callable_load_bundle(d, NULL, &no_callable), "path is NULL");
    named(npurt_callable_load_bundle(d, "/none", NULL), "out is NULL");
    named(npurt_launch(c, NULL, NULL), "out is NULL");
    named(npurt_launch(c, NULL, &no_run), "0 tensor arguments, declared are 2");
    named(npurt_call(c, NULL, NULL), "0 tensor arguments, declared are 2");
    CHECK_EQ(npurt_device_report(d, NULL, 0, NULL), NPURT_OK); /* nothing is asked for */
    CHECK_EQ(npurt_memory_alloc(d, 1, NULL, &word), NPURT_OK);
    CHECK_EQ(npurt_memory_free(d, word), NPURT_OK);
    CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
    CHECK_EQ(npurt_memory_free(d, memory), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    CHECK_EQ(npurt_device_close(d), NPURT_OK);
}

/* ---- handles that are gone ---- */

TEST(a_closed_device_is_refused_by_name)
{
    start();
    npurt_device *d = open_fake();
    CHECK_EQ(npurt_device_close(d), NPURT_OK);
    all_refuse(DEVICE, d, "device handle of \"fake:0\" was closed");
    npurt_device *next = open_fake();
    CHECK(next != d);
    all_refuse(DEVICE, d, "device handle of \"fake:0\" was closed");
    CHECK_EQ(npurt_device_get_state(next), NPURT_DEVICE_HEALTHY);
    CHECK_EQ(npurt_device_close(next), NPURT_OK);
}

TEST(an_unloaded_callable_is_refused_by_name)
{
    start();
    npurt_device *d = open_fake();
    npurt_callable *c, *other;
    CHECK_EQ(world_load(d, &c), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    all_refuse(CALLABLE, c, "callable handle of \"fixture\" was unloaded; it is gone");
    CHECK_EQ(world_load(d, &other), NPURT_OK);
    CHECK(other != c);
    all_refuse(CALLABLE, c, "callable handle of \"fixture\" was unloaded");
    CHECK_EQ(npurt_device_close(d), NPURT_ERROR_LEAK);
    all_refuse(CALLABLE, other, "callable handle of \"fixture\" was unloaded when its device was closed");
    all_refuse(CALLABLE, c, "callable handle of \"fixture\" was unloaded;");
    CHECK_EQ(fake.blocks, 0);
}

TEST(a_run_that_was_waited_for_is_refused)
{
    start();
    npurt_device *d = open_fake();
    npurt_callable *c;
    uint64_t memory = 0;
    CHECK_EQ(world_load(d, &c), NPURT_OK);
    npurt_run *first = launch(d, c, &memory);
    CHECK_EQ(npurt_wait(first, NULL), NPURT_OK);
    all_refuse(RUN, first, "run handle of \"fake:0\" was waited for before");
    npurt_run *second = launch(d, c, &memory); /* has the place of the first */
    CHECK(second != first);
    all_refuse(RUN, first, "was waited for before");
    CHECK_EQ(npurt_poll(second), NPURT_OK);
    CHECK_EQ(npurt_device_close(d), NPURT_ERROR_LEAK);
    all_refuse(RUN, second, "run handle of \"fake:0\" ended when its device was closed");
    all_refuse(RUN, first, "was waited for before");
}

TEST(a_stale_handle_never_stands_for_a_later_object)
{
    start();
    npurt_device *first = open_fake();
    CHECK_EQ(npurt_device_close(first), NPURT_OK);
    npurt_device *d = open_fake();
    npurt_callable *c, *first_callable = NULL;
    uint64_t memory = 0;
    CHECK_EQ(world_load(d, &c), NPURT_OK);
    npurt_run *first_run = launch(d, c, &memory);
    CHECK_EQ(npurt_wait(first_run, NULL), NPURT_OK);
    for (int i = 0; i < 1100; i++) { /* more than are remembered by name */
        npurt_callable *one;
        const npurt_callable_desc desc = {.name = "small", .orchestration.path = world_orchestration};
        CHECK_EQ(npurt_callable_load(d, &desc, &one), NPURT_OK);
        if (i == 0) first_callable = one;
        if (i) CHECK(one != first_callable);
        CHECK_EQ(npurt_callable_unload(one), NPURT_OK);
        npurt_run *run = launch(d, c, &memory);
        CHECK(run != first_run);
        CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
    }
    all_refuse(DEVICE, first, "was closed");
    all_refuse(CALLABLE, first_callable, "was unloaded");
    all_refuse(RUN, first_run, "was waited for before");
    CHECK_EQ(npurt_memory_free(d, memory), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    CHECK_EQ(npurt_device_close(d), NPURT_OK);
}

TEST(a_handle_of_another_kind_is_told_by_its_kind)
{
    start();
    npurt_device *d = open_fake();
    npurt_callable *c;
    uint64_t memory = 0;
    CHECK_EQ(world_load(d, &c), NPURT_OK);
    npurt_run *run = launch(d, c, &memory);
    all_refuse(DEVICE, c, "is the handle of a callable");
    all_refuse(DEVICE, run, "is the handle of a run");
    all_refuse(CALLABLE, d, "is the handle of a device");
    all_refuse(RUN, c, "is the handle of a callable");
    CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
    CHECK_EQ(npurt_memory_free(d, memory), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    CHECK_EQ(npurt_device_close(d), NPURT_OK);
}

TEST(numbers_that_never_were_handles_are_refused)
{
    start();
    npurt_device *d = open_fake();
    npurt_callable *c;
    uint64_t memory = 0;
    CHECK_EQ(world_load(d, &c), NPURT_OK);
    npurt_run *run = launch(d, c, &memory);
    void *const good[] = {d, c, run};
    uint64_t seed = 1;
    for (int k = DEVICE; k <= RUN; k++) {
        const uint64_t value = (uint64_t)(uintptr_t)good[k];
        all_refuse((enum kind)k, &word, "no handle that npurt gave");
        all_refuse((enum kind)k, (void *)1, "no handle that npurt gave");
        all_refuse((enum kind)k, (void *)UINTPTR_MAX, "no handle that npurt gave");
        all_refuse((enum kind)k, (void *)(uintptr_t)(value | 0xfffff), "no handle that npurt gave");
        all_refuse((enum kind)k, (void *)(uintptr_t)(value + (UINT64_C(1) << 40)), "no handle that npurt gave");
        for (int bit = 0; bit < 64; bit++)
            all_refuse((enum kind)k, (void *)(uintptr_t)(value ^ UINT64_C(1) << bit), " is ");
        for (int i = 0; i < 20000; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            const uint64_t drawn = i % 2 ? seed : (value & UINT64_C(0xff00000000000000)) | seed >> (8 + seed % 48);
            if (drawn == value || drawn == 0) continue;
            const struct function *f = &function[seed >> 33 & 1 ? 8 : k == DEVICE ? 3 : k == CALLABLE ? 19 : 21];
            if ((int)f->kind != k) continue;
            CHECK_EQ(f->call((void *)(uintptr_t)drawn), NPURT_ERROR_INVALID_ARGUMENT);
        }
    }
    CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
    CHECK_EQ(npurt_memory_free(d, memory), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(c), NPURT_OK);
    CHECK_EQ(npurt_device_close(d), NPURT_OK);
}

TEST_MAIN
