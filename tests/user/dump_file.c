/* Dumps that are none, or are damaged: refused with the file's name and the place, and never more than that. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "dump.h"

/* A small whole dump, with one of everything. */
static const char whole[] =
    "{\n"
    " \"format\": \"npurt-dump\", \"version\": 1, \"kind\": \"failure\", \"written\": \"2026-01-01T00:00:00Z\",\n"
    " \"npurt\": \"0.1.0\", \"process\": 7,\n"
    " \"error\": {\"status\": \"NPURT_ERROR_STALLED\", \"message\": \"it stalled\", \"hint\": null, \"fallout\": null,\n"
    "  \"call\": \"npurt_call\", \"driver_code\": null, \"driver_name\": null, \"task\": 1, \"kernel\": null,\n"
    "  \"kernel_name\": null, \"core\": null},\n"
    " \"device\": {\"target\": \"emu:a5\", \"soc\": \"Ascend950\", \"generation\": \"a5\", \"clusters\": 36,\n"
    "  \"aicpu_threads\": 6, \"state\": \"healthy\", \"read\": true, \"not_read_because\": null},\n"
    " \"options\": {\"scheduler_timeout_ms\": 1, \"op_timeout_ms\": 2, \"sync_timeout_ms\": 3},\n"
    " \"ledger\": {\"memory_bytes\": 4096, \"memory_blocks\": 2},\n"
    " \"run\": {\"callable\": \"c\", \"launched_by\": \"npurt_call\", \"number\": 3, \"age_ms\": 1.5, \"clusters\": 1,\n"
    "  \"outcome\": null, \"schedulers\": [{\"told\": true}]},\n"
    " \"kernels\": [{\"kernel\": 0, \"name\": \"k\", \"symbol\": \"entry\", \"type\": \"AIV\"}],\n"
    " \"waits\": {\"unfinished\": 2, \"roots\": [{\"task\": 1, \"kind\": \"unreleased\", \"releases_due\": 1,\n"
    "   \"waiting\": 1, \"cores\": [4], \"since_ms\": null}], \"roots_total\": 1,\n"
    "  \"waiting\": [{\"task\": 2, \"on\": [1], \"on_total\": 1}], \"waiting_total\": 1, \"chain\": [2, 1],\n"
    "  \"chain_length\": 2, \"cycle\": [1]},\n"
    " \"cores\": [{\"core\": 4, \"type\": \"AIV\", \"cluster\": 0, \"state\": \"idle\", \"last\": [{\"task\": 0,\n"
    "   \"block\": 0, \"kernel\": 0, \"kernel_name\": \"k\", \"state\": \"ended\", \"sent_ms_ago\": 2.5,\n"
    "   \"ended_ms_ago\": 1}]}],\n"
    " \"tasks_total\": 3,\n"
    " \"tasks\": [{\"task\": 1, \"shape\": \"AIV\", \"blocks\": 1, \"kernels\": [0], \"state\": \"unreleased\",\n"
    "  \"producers\": [0], \"producers_total\": 1, \"consumers_total\": 1, \"tensors\": [{\"address\": \"0x10\",\n"
    "   \"buffer\": \"0x8\", \"buffer_bytes\": 64, \"dtype\": \"f32\", \"shape\": [2, 3], \"strides\": [4, 1],\n"
    "   \"owner\": 0}], \"scalars\": [\"0x2a\"]}]\n"
    "}\n";

/* A file without a place on a disk: thousands of them are written. */
static char path[64];
static int file = -1;

static void write_file(const char *content, size_t size)
{
    if (file < 0) file = memfd_create("dump", 0);
    CHECK(file >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    CHECK_EQ(ftruncate(file, 0), 0);
    CHECK_EQ(pwrite(file, content, size, 0), (ssize_t)size);
}

/* The page of a dump that was loaded, unseen. */
static void show(const json_t *dump)
{
    fflush(stdout);
    const int out = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    CHECK(out >= 0 && nowhere >= 0);
    dup2(nowhere, STDOUT_FILENO);
    dump_show(path, dump);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(nowhere);
}

/* NULL: it was shown; else the complaint, which must begin with the file's name. */
static const char *refusal(const char *content, size_t size)
{
    static char problem[1024];
    problem[0] = 0;
    write_file(content, size);
    json_t *dump = dump_load(path, problem, sizeof problem);
    if (dump) {
        show(dump);
        json_decref(dump);
        return NULL;
    }
    if (strncmp(problem, path, strlen(path)) != 0) CHECK_FAIL("the complaint does not name the file: %s", problem);
    return problem;
}

TEST(a_whole_one_is_shown)
{
    CHECK(refusal(whole, sizeof whole - 1) == NULL);
}

TEST(cut_short_at_every_byte_it_is_refused_with_the_line)
{
    size_t end = sizeof whole - 2; /* the last line feed may be missing */
    for (size_t size = 0; size < end; size++) {
        uint32_t line = 1;
        char place[96];
        for (size_t i = 0; i < size; i++)
            line += whole[i] == '\n';
        const char *problem = refusal(whole, size);
        if (!problem) CHECK_FAIL("%zu bytes of %zu were taken for a whole dump", size, end);
        snprintf(place, sizeof place, "%s:%u: ", path, line);
        char before[96];
        snprintf(before, sizeof before, "%s:%u: ", path, line > 1 ? line - 1 : 1); /* cut right behind a line feed */
        if (strncmp(problem, place, strlen(place)) != 0 && strncmp(problem, before, strlen(before)) != 0)
            CHECK_FAIL("cut in line %u: %s", line, problem);
    }
}

/* Every byte in turn becomes another; what is still a dump is shown, everything else refused. */
TEST(damaged_at_any_byte_it_is_refused_or_shown)
{
    static const char other[] = {'0', '"', '}', ' ', '-', '\0', (char)0xff};
    static char damaged[sizeof whole];
    uint32_t refused = 0;
    for (size_t i = 0; i + 1 < sizeof whole; i++) {
        memcpy(damaged, whole, sizeof whole);
        if (damaged[i] == other[i % sizeof other]) continue;
        damaged[i] = other[i % sizeof other];
        refused += refusal(damaged, sizeof whole - 1) != NULL;
    }
    CHECK(refused > sizeof whole / 2);
}

/* The whole dump with `from` replaced by `to`. */
static const char *with(const char *from, const char *to)
{
    static char text[sizeof whole + 64];
    const char *at = strstr(whole, from);
    CHECK(at != NULL);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from));
    const char *problem = refusal(text, strlen(text));
    return problem ? problem : "";
}

TEST(a_value_that_is_not_due_is_named_with_its_path_and_line)
{
    CHECK_HAS(with("\"task\": 0,\n", "\"task\": \"0\",\n"), ":18: cores[0].last[0].task is not a whole number");
    CHECK_HAS(with("\"strides\": [4, 1]", "\"strides\": [4, null]"), "tasks[0].tensors[0].strides[1] is not a whole number");
    CHECK_HAS(with("\"state\": \"healthy\", ", ""), ":7: device has no \"state\"");
    CHECK_HAS(with("\"scalars\": [\"0x2a\"]", "\"scalars\": {}"), "tasks[0].scalars is not an array");
    CHECK_HAS(with("\"read\": true", "\"read\": 1"), "device.read is not true or false");
    CHECK_HAS(with("\"age_ms\": 1.5", "\"age_ms\": \"long\""), "run.age_ms is not a number");
    CHECK_HAS(with("\"options\": {", "\"options\": [], \"others\": {"), "options is not an object");
    CHECK_STR(with("\"since_ms\": null", "\"since_ms\": 12"), "");
}

TEST(files_of_others_are_refused)
{
    char problem[1024], pipe_path[64];
    CHECK_HAS(refusal("{\"format\": 1}", 13), "not a dump of npurt");
    CHECK_HAS(refusal("[]", 2), "not a dump of npurt");
    CHECK_HAS(refusal("{}", 2), "not a dump of npurt");
    CHECK_HAS(refusal("\x7f" "ELF", 4), "not a whole JSON document");
    CHECK_HAS(refusal("", 0), "not a whole JSON document");
    CHECK_HAS(with("\"version\": 1", "\"version\": 2"), ":2: a dump of another version");
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    CHECK_HAS(refusal(deep, sizeof deep), "not a whole JSON document");
    CHECK(dump_load("/dev/shm/none/x.json", problem, sizeof problem) == NULL);
    CHECK_HAS(problem, "/dev/shm/none/x.json: No such file");
    CHECK(dump_load("/dev/zero", problem, sizeof problem) == NULL);
    CHECK_HAS(problem, "/dev/zero: not a regular file");
    CHECK(dump_load("/", problem, sizeof problem) == NULL);
    CHECK_HAS(problem, "not a regular file");
    snprintf(pipe_path, sizeof pipe_path, "/tmp/npurt-test-pipe-%d", (int)getpid());
    CHECK_EQ(mkfifo(pipe_path, 0600), 0); /* must not be waited for */
    dump_load(pipe_path, problem, sizeof problem);
    unlink(pipe_path);
    CHECK_HAS(problem, "not a regular file");
}

TEST_MAIN
