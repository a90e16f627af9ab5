/* A host process on a named card, for test_several_cards to drive: a command per line on standard input, an answer per
 * line on standard output, "CODE VALUE TEXT". It ends in order when its input ends.
 *
 *     open MACHINE        adds and sets the device                       value: its id
 *     add MACHINE         adds it                                        value: its id
 *     take BYTES          allocates                                      value: the address
 *     give ADDRESS        frees
 *     left                                                               value: free bytes
 *     install             makes the fixture the dispatcher: saved on the card and loaded from there
 *     run SO              calls fixture_add of an AICPU library that is on the card   value: 5 when it ran
 *     reset               force-resets the device
 *     set                 sets it again
 *     kill                kills its device process
 *     fork                makes a child that does nothing              value: its process number
 *     close               resets the device
 */
#include "emu/launch.h"

#include <signal.h>

static int32_t device = -1;

static void answer(int32_t code, uint64_t value)
{
    char text[512];

    snprintf(text, sizeof text, "%s", code == -1 ? npuemu_last_problem() : code ? card_text() : "");
    text[strcspn(text, "\n")] = 0;
    printf("%d %" PRIu64 " %s\n", code, value, text);
    fflush(stdout);
}

static void open_card(const char *machine)
{
    int32_t code = npuemu_device_add(machine, &device);

    answer(code ? code : aclrtSetDevice(device), (uint64_t)device);
}

static void take(uint64_t bytes)
{
    void *address = NULL;
    int32_t code = rtMalloc(&address, bytes, RT_MEMORY_HBM, 0);

    answer(code, (uintptr_t)address);
}

static void left(void)
{
    size_t free_bytes = 0, total;
    int32_t code = aclrtGetMemInfo(ACL_HBM_MEM, &free_bytes, &total);

    answer(code, free_bytes);
}

static void install(void)
{
    void *counter = launch_device_word(0), *stream;
    unsigned char *image;
    size_t size;
    int32_t code;

    OK(rtStreamCreate(&stream, 0));
    image = launch_read_file(FIXTURE_AICPU, &size);
    code = launch_kfc(device, image, size, counter, stream);
    answer(code, launch_word(counter));
    free(image);
    OK(rtStreamDestroy(stream));
    OK(rtFree(counter));
}

static void run(const char *so)
{
    void *word = launch_device_word(0), *stream;
    struct {
        void *word;
        uint32_t value, padding;
        void *until;
    } block = {.word = word, .value = 5};
    rtBinHandle binary = launch_load(so, "fixture_add");
    int32_t code;

    OK(rtStreamCreate(&stream, 0));
    code = launch_cpu(launch_function(binary, "fixture_add"), 1, stream, &block, sizeof block);
    if (!code) code = rtStreamSynchronizeWithTimeout(stream, 10000);
    answer(code, launch_word(word));
    OK(rtStreamDestroy(stream));
    OK(rtsBinaryUnload(binary));
    OK(rtFree(word));
}

/* The children of this process are its device processes. */
static void kill_device_process(void)
{
    char path[64], children[256] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "r");
    if (!file || !fgets(children, sizeof children, file)) CHECK_FAIL("%s: no child", path);
    fclose(file);
    kill((pid_t)strtol(children, NULL, 10), SIGKILL);
    usleep(100000);
    answer(0, 0);
}

static void fork_idler(void)
{
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    answer(0, (uint64_t)child);
}

TEST(member)
{
    char line[512];

    while (fgets(line, sizeof line, stdin)) {
        char *argument = strchr(line, ' ');
        line[strcspn(line, "\n")] = 0;
        if (argument) *argument++ = 0;
        if (strcmp(line, "open") == 0) open_card(argument);
        if (strcmp(line, "add") == 0) answer(npuemu_device_add(argument, &device), (uint64_t)device);
        if (strcmp(line, "take") == 0) take(strtoull(argument, NULL, 10));
        if (strcmp(line, "give") == 0) answer(rtFree((void *)(uintptr_t)strtoull(argument, NULL, 10)), 0);
        if (strcmp(line, "left") == 0) left();
        if (strcmp(line, "install") == 0) install();
        if (strcmp(line, "run") == 0) run(argument);
        if (strcmp(line, "reset") == 0) answer(aclrtResetDeviceForce(device), 0);
        if (strcmp(line, "set") == 0) answer(aclrtSetDevice(device), 0);
        if (strcmp(line, "kill") == 0) kill_device_process();
        if (strcmp(line, "fork") == 0) fork_idler();
        if (strcmp(line, "close") == 0) answer(aclrtResetDevice(device), 0);
    }
}

TEST_MAIN
