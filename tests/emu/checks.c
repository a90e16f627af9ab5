/* Every parameter check of the emulated driver, with its code: a row each here, and a row each in
 * docs/reference/cann-checks.md, which says where the vendor has the check. The test fails for a row that is in one of
 * the two alone. */
#include "launch.h"

#include <pthread.h>

/* What the rows are about: one of each kind that is good, and one that is gone. */
static struct {
    int32_t device, five; /* set; the second an a5, not for this thread */
    int32_t idle;         /* never set */
    void *memory, *spare; /* 4096 bytes each */
    void *stream, *foreign, *gone, *halting;
    void *event, *mark, *past, *spare_event; /* mark: made without SYNC, never recorded */
    void *program, *gone_program;
    void *binary, *gone_binary;
    void *function, *gone_function;
} world;

static uint64_t words[128];

enum { ROWS_MOST = 400 };
static struct row {
    const char *entry, *check;
    int32_t code;
    bool on_page;
} rows[ROWS_MOST];
static uint32_t row_count, wrong;

static void row(const char *entry, const char *check, int32_t wanted, int32_t code)
{
    if (row_count < ROWS_MOST) rows[row_count++] = (struct row){entry, check, wanted, false};
    if (code == wanted) return;
    printf("  %s, %s: %d, not %d\n", entry, check, code, wanted);
    wrong++;
}
#define ROW(entry, check, code, ...) row(entry, check, code, (int32_t)(__VA_ARGS__))

#include "checks_rows.h"

/* ---- the page --------------------------------------------------------------------------------------------------- */

/* The cells of a row of a table; false when the line is none. */
static bool split(char *line, char *cell[4])
{
    if (line[0] != '|') return false;
    for (int i = 0; i < 4; i++) {
        char *end = strstr(line + 1, i < 3 ? " | " : " |");
        if (!end) return false;
        cell[i] = line + 2;
        *end = 0;
        line = end + 1;
    }
    return true;
}

static void read_page(void)
{
    FILE *file = fopen(CHECKS_PAGE, "r");
    char line[600], *cell[4];

    if (!file) CHECK_FAIL("%s can not be opened", CHECKS_PAGE);
    while (fgets(line, sizeof line, file)) {
        uint32_t i = 0;
        if (!split(line, cell) || strcmp(cell[0], "entry") == 0 || strncmp(cell[0], "---", 3) == 0) continue;
        while (i < row_count && (strcmp(rows[i].entry, cell[0]) != 0 || strcmp(rows[i].check, cell[1]) != 0 ||
                                 rows[i].code != strtol(cell[2], NULL, 10)))
            i++;
        if (i == row_count || rows[i].on_page || strlen(cell[3]) < 8) {
            printf("  the page has %s, %s, %s: no test, or twice, or without a source\n", cell[0], cell[1], cell[2]);
            wrong++;
        } else {
            rows[i].on_page = true;
        }
    }
    fclose(file);
}

/* ---- the world -------------------------------------------------------------------------------------------------- */

static void *in_thread(void *unused)
{
    without_a_device();
    return unused;
}

static void make_world(void)
{
    size_t size;
    unsigned char *image = launch_read_file(FIXTURE_AICPU, &size);
    char so[64];
    void *counter;

    world.idle = card_add("a2?hbm=64MiB&card=idle");
    world.five = card_open("a5?hbm=64MiB&card=five");
    OK(rtStreamCreate(&world.foreign, 0));
    snprintf(so, sizeof so, "libpypto_server%d.so", world.five & 0xff);
    world.gone_binary = launch_load(so, "fixture_add");
    world.device = card_open("a2?hbm=64MiB&card=checks");
    world.gone_function = launch_function(world.gone_binary, "fixture_add");
    OK(aclrtResetDevice(world.device));
    OK(aclrtSetDevice(world.device));
    OK(rtsBinaryUnload(world.gone_binary));
    counter = launch_device_word(0);
    OK(launch_kfc(world.device, image, size, counter, NULL));
    OK(rtFree(counter));
    free(image);
    snprintf(so, sizeof so, "libpypto_server%d.so", world.device & 0xff);
    world.binary = launch_load(so, "fixture_add");
    world.function = launch_function(world.binary, "fixture_add");
    world.program = launch_register(FIXTURE_AICORE);
    world.gone_program = launch_register(FIXTURE_AICORE);
    OK(rtDevBinaryUnRegister(world.gone_program));
    OK(rtMalloc(&world.memory, 4096, RT_MEMORY_HBM, 0));
    OK(rtMalloc(&world.spare, 4096, RT_MEMORY_HBM, 0));
    words[0] = (uintptr_t)world.memory; /* for the launches that begin */
    OK(rtStreamCreate(&world.stream, 0));
    OK(rtStreamCreate(&world.gone, 0));
    OK(rtStreamDestroy(world.gone));
    OK(rtStreamCreate(&world.halting, 0));
    OK(aclrtSetStreamFailureMode(world.halting, ACL_STOP_ON_FAILURE));
    OK(aclrtCreateEventExWithFlag(&world.event, ACL_EVENT_SYNC));
    OK(aclrtRecordEvent(world.event, world.stream));
    OK(rtStreamSynchronize(world.stream));
    OK(aclrtCreateEventExWithFlag(&world.mark, ACL_EVENT_TIME_LINE));
    OK(aclrtCreateEventExWithFlag(&world.past, ACL_EVENT_SYNC));
    OK(aclrtDestroyEvent(world.past));
    OK(aclrtCreateEventExWithFlag(&world.spare_event, ACL_EVENT_SYNC));
}

TEST(every_check_answers_the_code_that_the_page_states)
{
    pthread_t thread;

    make_world();
    devices();
    initialization();
    memory();
    streams();
    events();
    core_programs();
    cpu_programs();
    driver();
    of_the_card();
    CHECK_EQ(pthread_create(&thread, NULL, in_thread, NULL), 0);
    pthread_join(thread, NULL);
    CHECK(row_count < ROWS_MOST);
    read_page();
    for (uint32_t i = 0; i < row_count; i++)
        if (!rows[i].on_page) {
            printf("  the page has no row for %s, %s, %d\n", rows[i].entry, rows[i].check, rows[i].code);
            wrong++;
        }
    CHECK_EQ(wrong, 0);
    OK(rtStreamSynchronize(NULL)); /* nothing that was refused has begun */
    CHECK(row_count > 200);
    OK(aclrtResetDeviceForce(world.device));
    OK(aclrtResetDeviceForce(world.five));
}

TEST_MAIN
