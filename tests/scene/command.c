/* npurt, the command, as a user meets it. */
#include "scene.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

struct output {
    int status;
    char out[16384], err[16384];
};

static void read_all(FILE *file, char *to, size_t size)
{
    rewind(file);
    to[fread(to, 1, size - 1, file)] = 0;
    fclose(file);
}

/* Runs the command beside this program with these words, the last one NULL. */
static void command(struct output *output, const char *const *word)
{
    char program[PATH_MAX], *arguments[32] = {program};
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 8);
    CHECK(n > 0);
    program[n] = 0;
    strcpy(strrchr(program, '/'), "/npurt");
    for (int i = 0; word[i]; i++)
        arguments[i + 1] = (char *)(uintptr_t)word[i];
    FILE *out = tmpfile(), *err = tmpfile();
    CHECK(out && err);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        execv(program, arguments);
        _exit(127);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    output->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_all(out, output->out, sizeof output->out);
    read_all(err, output->err, sizeof output->err);
}
#define COMMAND(output, ...) command(output, (const char *const[]){__VA_ARGS__, NULL})

/* The text after "name": in one JSON object; fails when the field is not there. */
static const char *field(const char *json, const char *name)
{
    static char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *at = strstr(json, quoted);
    if (!at) CHECK_FAIL("no field %s in %s", name, json);
    return at + strlen(quoted);
}
static uint64_t number(const char *json, const char *name)
{
    return strtoull(field(json, name), NULL, 10);
}

TEST(run_reports_every_field_as_json)
{
    struct output o;
    COMMAND(&o, "run", "vector_example", "--target", scene.target, "--runs", "3", "--json");
    if (o.status != 0) CHECK_FAIL("status %d: %s%s", o.status, o.out, o.err);
    CHECK(strncmp(field(o.out, "example"), "\"vector_example\"", 16) == 0);
    CHECK(strncmp(field(o.out, "runtime"), "\"host_build_graph\"", 18) == 0);
    CHECK(strncmp(field(o.out, "target") + 1, scene.target, strlen(scene.target)) == 0);
    CHECK_EQ(number(o.out, "runs"), 3);
    CHECK_EQ(number(o.out, "tasks"), 5);
    CHECK(number(o.out, "wall_ns") > 0);
    CHECK(number(o.out, "device_wall_ns") > 0);
    CHECK_EQ(number(o.out, "hbm_after"), number(o.out, "hbm_before"));
    CHECK(number(o.out, "hbm_first_run") > number(o.out, "hbm_before"));
    CHECK_EQ(number(o.out, "hbm_last_run"), number(o.out, "hbm_first_run"));
    CHECK_EQ(number(o.out, "mismatches"), 0);
    CHECK(strtod(field(o.out, "max_abs_error"), NULL) < 1e-4);
    CHECK(strstr(o.out, "trace_hash") == NULL);
    CHECK_EQ(o.out[strlen(o.out) - 1], '\n');
    CHECK(strchr(o.out, '\n') == o.out + strlen(o.out) - 1);
}

TEST(a_graph_built_on_the_device_is_reported_alike)
{
    struct output o;
    COMMAND(&o, "run", "matmul", "--target", scene.target, "--runtime", "tmr", "--runs", "3", "--json", "--ring",
            "all:task_window=64,edges=1024,heap_bytes=4MiB");
    if (o.status != 0) CHECK_FAIL("status %d: %s%s", o.status, o.out, o.err);
    CHECK(strncmp(field(o.out, "runtime"), "\"tensormap_and_ringbuffer\"", 26) == 0);
    CHECK_EQ(number(o.out, "tasks"), 128);
    CHECK(number(o.out, "orchestration_ns") > 0);
    CHECK_EQ(number(o.out, "image_bytes"), 0);
    CHECK_EQ(number(o.out, "hbm_after"), number(o.out, "hbm_before"));
    CHECK_EQ(number(o.out, "hbm_last_run"), number(o.out, "hbm_first_run"));
    CHECK_EQ(number(o.out, "mismatches"), 0);
}

TEST(seed_gives_the_same_trace_hash_again)
{
    struct output first, again;
    COMMAND(&first, "run", "random_graph", "--target", scene.target, "--seed", "7", "--json");
    COMMAND(&again, "run", "random_graph", "--target", scene.target, "--seed=7", "--json");
    if (first.status != 0) CHECK_FAIL("status %d: %s%s", first.status, first.out, first.err);
    CHECK_EQ(again.status, 0);
    CHECK(strncmp(field(first.out, "trace_hash"), field(again.out, "trace_hash"), 18) == 0);
}

TEST(run_tells_people_what_they_want_to_know)
{
    struct output o;
    COMMAND(&o, "run", "matmul", "--target", scene.target, "--aicpu-threads", "2");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, "tasks        128");
    CHECK_HAS(o.out, "device wall");
    CHECK_HAS(o.out, "tasks/s");
    CHECK_HAS(o.out, "HBM");
    CHECK_HAS(o.out, "right: 65,536 elements");
    CHECK_STR(o.err, "");
}

TEST(unknown_words_are_named_with_the_known_ones)
{
    struct output o;
    COMMAND(&o, "run", "no_such");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "no_such");
    for (uint32_t i = 0; i < example_count; i++)
        CHECK_HAS(o.err, example_all[i]->name);
    COMMAND(&o, "run", "matmul", "--size", "huge");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "huge");
    CHECK_HAS(o.err, "small or full");
    COMMAND(&o, "run", "matmul", "--runtime", "tensormap");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "tensormap");
    CHECK_HAS(o.err, "host_build_graph (hbg) and tensormap_and_ringbuffer (tmr)");
    static const char *const ring[] = {
        "",         "0",          "0:",        "4:edges=5",   "0:edges",    "0:edges=",           "0:edges=-1",
        "0:edge=5", "0:edges=5,", "x:edges=5", "0:edges=5MB", "00:edges=5", "0:edges=99999999999"};
    for (size_t i = 0; i < sizeof ring / sizeof *ring; i++) {
        COMMAND(&o, "run", "matmul", "--runtime", "tmr", "--ring", ring[i]);
        CHECK_EQ(o.status, 2);
        CHECK_HAS(o.err, "RING:FIELD=VALUE");
    }
    COMMAND(&o, "run", "matmul", "--ring", "0:edges=5");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "--ring is for --runtime tensormap_and_ringbuffer");
    COMMAND(&o, "run", "matmul", "--tagret", "emu:a5");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "--tagret");
    CHECK_HAS(o.err, "--target");
    COMMAND(&o, "run", "matmul", "--runs", "many");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "many");
    COMMAND(&o, "run", "matmul", "--runs");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "--runs needs a value");
    COMMAND(&o, "run", "matmul", "--target", "cann:0", "--seed", "1");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "cann:0");
    COMMAND(&o, "dance");
    CHECK_EQ(o.status, 2);
    CHECK_HAS(o.err, "dance");
}

TEST(target_that_can_not_be_opened_is_explained)
{
    struct output o;
    COMMAND(&o, "run", "matmul", "--target", "emu:a9");
    CHECK_EQ(o.status, 3);
    CHECK_HAS(o.err, "a9");
    CHECK_HAS(o.err, "NPURT_ERROR_NO_TARGET");
    COMMAND(&o, "run", "matmul", "--target", "emu:a5?clusters=0", "--json");
    CHECK_EQ(o.status, 3);
    CHECK_HAS(o.out, "\"error\":{\"status\":\"NPURT_ERROR_NO_TARGET\"");
    CHECK_HAS(o.out, "clusters");
}

static void check_null(const char *json, const char *name)
{
    if (strncmp(field(json, name), "null", 4) != 0) CHECK_FAIL("%s is not null in %s", name, json);
}

TEST(failure_reports_what_is_known_and_null_for_what_was_not_measured)
{
    static const char *const unmeasured[] = {"tasks",          "wall_ns",       "wall_min_ns",  "device_wall_ns",
                                             "copy_ns",        "image_bytes",   "mismatches",   "orchestration_ns",
                                             "register_loads", "hbm_first_run", "hbm_last_run", "max_abs_error",
                                             "template_records", "template_replays"};
    static const char *const unknown[] = {"driver_code", "driver_name", "kernel", "kernel_name", "task", "core"};
    struct output o;
    COMMAND(&o, "run", "matmul", "--target", "emu:a5?clusters=4&faults=core-faults:task=3", "--json");
    CHECK_EQ(o.status, 3);
    CHECK_EQ(number(o.out, "runs"), 0);
    for (size_t i = 0; i < sizeof unmeasured / sizeof *unmeasured; i++)
        check_null(o.out, unmeasured[i]);
    CHECK_HAS(o.out, "NPURT_ERROR_KERNEL_FAULT");
    CHECK_EQ(number(o.out, "driver_code"), 507015);
    CHECK_HAS(field(o.out, "driver_name"), "ACL_ERROR_RT_AICORE_EXCEPTION");
    CHECK_EQ(number(o.out, "task"), 3);
    CHECK(field(o.out, "kernel")[0] != 'n');
    CHECK(field(o.out, "kernel_name")[0] == '"');
    CHECK(field(o.out, "core")[0] != 'n');
    /* The device was reset by force; what was in use before is known, and nothing is in use after. */
    CHECK(field(o.out, "hbm_before")[0] != 'n');
    CHECK(field(o.out, "hbm_after")[0] != 'n');
    CHECK(number(o.out, "hbm_after") <= number(o.out, "hbm_before"));
    COMMAND(&o, "run", "matmul", "--target", "emu:a9", "--json");
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        check_null(o.out, unknown[i]);
    check_null(o.out, "hbm_before");
    check_null(o.out, "hbm_after");
}

TEST(one_cluster_is_said_in_the_singular)
{
    struct output o;
    COMMAND(&o, "run", "vector_example", "--target", "emu:a5?clusters=1");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, ": 1 cluster, ");
    COMMAND(&o, "run", "vector_example", "--target", "emu:a5?clusters=2", "--aicpu-threads", "1");
    CHECK_HAS(o.out, ": 2 clusters, ");
}

TEST(graph_that_does_not_fit_the_card_fails_with_the_memory_named)
{
    struct output o;
    COMMAND(&o, "run", "matmul", "--size", "full", "--target", "emu:a5?hbm=64MiB");
    CHECK_EQ(o.status, 3);
    CHECK_HAS(o.err, "NPURT_ERROR_OUT_OF_DEVICE_MEMORY");
}

TEST(list_devices_help_and_version_answer)
{
    struct output o;
    COMMAND(&o, "list");
    CHECK_EQ(o.status, 0);
    for (uint32_t i = 0; i < example_count; i++)
        CHECK_HAS(o.out, example_all[i]->name);
    COMMAND(&o, "devices");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, "emu:a2 ");
    CHECK_HAS(o.out, "emu:a3:1");
    CHECK_HAS(o.out, "emu:a5 ");
    CHECK_HAS(o.out, "cann:");
    COMMAND(&o, "help");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, "npurt run EXAMPLE|FOLDER");
    COMMAND(&o, "help", "run");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, "--aicpu-threads");
    COMMAND(&o, "version");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, "npurt 0.");
}

/* What another process takes meanwhile is not this one's leak. */
TEST(memory_that_others_take_of_a_shared_card_is_no_leak)
{
    const char *const target = "emu:a5?clusters=2&hbm=2GiB&card=command";
    uint64_t empty, now, address;
    npurt_device *device;
    struct output o;
    if (npurt_device_open(target, NULL, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(npurt_device_hbm_in_use(device, &empty), NPURT_OK);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        COMMAND(&o, "run", "vector_example", "--target", target, "--runs", "3000");
        if (o.status != 0) fprintf(stderr, "%s%s", o.out, o.err);
        _exit(o.status == 0 && strstr(o.out, "others may share the device") ? 0 : 1);
    }
    siginfo_t ended = {0};
    do { /* until it has more than its streams, and so has read what was in use before */
        usleep(1000);
        CHECK_EQ(npurt_device_hbm_in_use(device, &now), NPURT_OK);
        CHECK_EQ(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
    } while (now < empty + (1 << 20) && ended.si_pid == 0);
    CHECK_EQ(npurt_memory_alloc(device, 64 << 20, "meanwhile", &address), NPURT_OK);
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQ(npurt_memory_free(device, address), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

/* Here the vendor's driver is libnpuemu too: cards that the command opens would be among its devices. */
TEST(devices_of_the_vendors_driver_are_those_that_others_find_there)
{
    char libraries[PATH_MAX + 16];
    struct output o;
    snprintf(libraries, sizeof libraries, "%s/../../cann", scene.folder);
    setenv("LD_LIBRARY_PATH", libraries, 1);
    setenv("NPUEMU_MACHINE", "a3", 1);
    COMMAND(&o, "devices");
    unsetenv("LD_LIBRARY_PATH");
    unsetenv("NPUEMU_MACHINE");
    CHECK_EQ(o.status, 0);
    CHECK_HAS(o.out, "cann:1 ");
    CHECK(strstr(o.out, "cann:2") == NULL);
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
