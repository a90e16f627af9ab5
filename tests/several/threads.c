/* Threads on a device and devices in a process, all at once.
 *
 *     several_threads [TURNS] [NAME…]        turns of each thread; 25 when it is not given
 */
#include "check.h"
#include "host/world.h"

#include <pthread.h>
#include <stdarg.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { THREADS = 8, WORDS = 64 };

static unsigned turns = 25;

/* What went wrong first, of all threads. */
static struct {
    pthread_mutex_t lock;
    char text[600];
} wrong = {.lock = PTHREAD_MUTEX_INITIALIZER};

__attribute__((format(printf, 1, 2))) static void *found(const char *format, ...)
{
    va_list args;

    pthread_mutex_lock(&wrong.lock);
    va_start(args, format);
    if (!wrong.text[0]) vsnprintf(wrong.text, sizeof wrong.text, format, args);
    va_end(args);
    pthread_mutex_unlock(&wrong.lock);
    return NULL;
}

/* In a function of a thread. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        npurt_status try_status = (call);                                                                              \
        if (try_status != NPURT_OK)                                                                                    \
            return found("thread %u: %s: %s: %s", self->number, #call, npurt_status_name(try_status),                  \
                         npurt_error_last()->message);                                                                 \
    } while (0)

/* In a test. */
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        npurt_status must_status = (call);                                                                             \
        if (must_status != NPURT_OK)                                                                                   \
            CHECK_FAIL("%s: %s: %s", #call, npurt_status_name(must_status), npurt_error_last()->message);              \
    } while (0)

struct thread {
    pthread_t id;
    unsigned number;
    const char *target;
    npurt_device *device;
    npurt_callable *callable;
    pthread_barrier_t *barrier;
};

static void start_all(struct thread *thread, unsigned count, void *(*run)(void *))
{
    wrong.text[0] = 0;
    for (unsigned i = 0; i < count; i++) {
        thread[i].number = i;
        CHECK_EQ(pthread_create(&thread[i].id, NULL, run, &thread[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(thread[i].id, NULL);
    if (wrong.text[0]) CHECK_FAIL("%s", wrong.text);
}

static void *call(struct thread *self, npurt_callable *callable, unsigned turn)
{
    uint32_t x[WORDS], y[WORDS] = {0}, length = 1 + turn % 7;

    for (uint32_t i = 0; i < WORDS; i++)
        x[i] = self->number << 24 | turn << 8 | i;
    TRY(world_call(callable, x, y, WORDS, FIXTURE_CHAIN, length, NULL));
    for (uint32_t i = 0; i < WORDS; i++)
        if (y[i] != x[i] + length)
            return found("thread %u, turn %u: word %u is %u, not %u", self->number, turn, i, y[i], x[i] + length);
    return self;
}

static void *touch(struct thread *self, npurt_device *device, unsigned turn)
{
    uint64_t in = (uint64_t)self->number << 32 | turn, out = 0, address;

    TRY(npurt_memory_alloc(device, 512 * (1 + turn % 50), "a thread's", &address));
    TRY(npurt_memory_copy_in(device, address, &in, sizeof in));
    TRY(npurt_memory_copy_out(device, &out, address, sizeof out));
    TRY(npurt_memory_free(device, address));
    return in == out ? self : found("thread %u, turn %u: memory holds %" PRIx64, self->number, turn, out);
}

/* A handle of its own for every turn. */
static void *open_and_call(void *argument)
{
    struct thread *self = argument;
    npurt_callable *callable;
    npurt_device *device;

    if (self->barrier) pthread_barrier_wait(self->barrier);
    for (unsigned turn = 0; turn < turns; turn++) {
        TRY(npurt_device_open(self->target, NULL, &device));
        TRY(world_load(device, &callable));
        if (!call(self, callable, turn)) return NULL;
        TRY(npurt_callable_unload(callable));
        TRY(npurt_device_close(device));
    }
    return NULL;
}

/* One handle for all threads. */
static void *call_on_shared(void *argument)
{
    struct thread *self = argument;

    for (unsigned turn = 0; turn < turns; turn++)
        if (!call(self, self->callable, turn) || !touch(self, self->device, turn)) return NULL;
    return NULL;
}

/* Files with this beginning that were put in place since the last look. */
static unsigned installs(int watch, const char *beginning)
{
    _Alignas(struct inotify_event) char text[8192];
    ssize_t size;
    unsigned n = 0;

    while ((size = read(watch, text, sizeof text)) > 0)
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)&text[at];
            n += event->len > 0 && strncmp(event->name, beginning, strlen(beginning)) == 0;
            at += (ssize_t)(sizeof *event + event->len);
        }
    return n;
}

/* Where the named cards are (docs/reference/cards.md). */
static void cards_folder(char *path, size_t size)
{
    const char *named = getenv("NPUEMU_CARDS");

    if (named)
        snprintf(path, size, "%s", named);
    else
        snprintf(path, size, "/dev/shm/npuemu-cards-%u", (unsigned)geteuid());
}

TEST(concurrent_first_users_install_once)
{
    char folder[512] = "";
    struct thread thread[THREADS] = {0};
    pthread_barrier_t barrier;
    npurt_device *other;
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    MUST(npurt_device_open("emu:a3:1?clusters=1&card=first", NULL, &other)); /* makes the files' folder */
    cards_folder(folder, sizeof folder - 100);
    strcat(folder, "/card-first/root/usr/lib64/aicpu_kernels/0/aicpu_kernels_device");
    CHECK(inotify_add_watch(watch, folder, IN_MOVED_TO) >= 0);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        thread[i] = (struct thread){.target = "emu:a3:0?clusters=1&card=first", .barrier = &barrier};
    start_all(thread, THREADS, open_and_call);
    CHECK_EQ(installs(watch, "npurt_inner_"), 1);
    pthread_barrier_destroy(&barrier);
    close(watch);
    MUST(npurt_device_close(other));
}

/* Every thread binds, boots, calls and lets go, so that the device is also opened and closed under the others. */
TEST(threads_that_open_the_same_device_do_not_disturb_each_other)
{
    struct thread thread[THREADS] = {0};

    for (int i = 0; i < THREADS; i++)
        thread[i].target = "emu:a5?clusters=2";
    start_all(thread, THREADS, open_and_call);
}

/* Two runs in flight of the longest chain: a bank takes its memory when it is first used, and calls that happen not to
 * meet use only one. */
static void fill_both_banks(npurt_callable *callable)
{
    uint32_t x[2][WORDS] = {0}, y[2][WORDS];
    npurt_run *run[2];

    for (int i = 0; i < 2; i++) {
        const npurt_call_tensor tensors[] = {{.host = x[i], .dtype = NPURT_U32, .ndims = 1, .shape = {WORDS}},
                                             {.host = y[i], .dtype = NPURT_U32, .ndims = 1, .shape = {WORDS}}};
        const uint64_t scalars[] = {FIXTURE_CHAIN, 7};
        const npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
        MUST(npurt_launch(callable, &args, &run[i]));
    }
    for (int i = 0; i < 2; i++)
        MUST(npurt_wait(run[i], NULL));
}

TEST(threads_share_a_device_handle)
{
    struct thread thread[THREADS] = {0};
    npurt_ledger_totals before, after;
    npurt_callable *callable;
    npurt_device *device;

    MUST(npurt_device_open("emu:a2?clusters=2", NULL, &device));
    MUST(world_load(device, &callable));
    for (int i = 0; i < THREADS; i++)
        thread[i] = (struct thread){.device = device, .callable = callable};
    fill_both_banks(callable);
    start_all(thread, THREADS, call_on_shared);
    MUST(npurt_device_ledger(device, &before));
    start_all(thread, THREADS, call_on_shared);
    MUST(npurt_device_ledger(device, &after));
    CHECK_EQ(after.memory_bytes, before.memory_bytes);
    CHECK_EQ(after.streams, before.streams);
    CHECK_EQ(after.registrations, before.registrations);
    MUST(npurt_callable_unload(callable));
    MUST(npurt_device_close(device));
}

TEST(devices_of_every_kind_work_side_by_side)
{
    static const char *const target[] = {"emu:a2?clusters=2",
                                         "emu:a3:0?clusters=2",
                                         "emu:a3:1?clusters=2",
                                         "emu:a5?clusters=2",
                                         "emu:a5?clusters=2&hbm=4GiB&card=x",
                                         "emu:a2?clusters=2&hbm=4GiB&card=y",
                                         "emu:a3:1?clusters=2&hbm=4GiB&card=z"};
    enum { DEVICES = sizeof target / sizeof target[0], EACH = 2 };
    struct thread thread[DEVICES * EACH] = {0};
    npurt_callable *callable[DEVICES];
    npurt_device *device[DEVICES];

    for (int i = 0; i < DEVICES; i++) {
        MUST(npurt_device_open(target[i], NULL, &device[i]));
        MUST(world_load(device[i], &callable[i]));
        for (int j = 0; j < EACH; j++)
            thread[i * EACH + j] = (struct thread){.device = device[i], .callable = callable[i]};
    }
    start_all(thread, DEVICES * EACH, call_on_shared);
    for (int i = 0; i < DEVICES; i++) {
        MUST(npurt_callable_unload(callable[i]));
        MUST(npurt_device_close(device[i]));
    }
}

TEST(a_device_that_finds_no_room_says_so)
{
    npurt_device *first, *second;

    MUST(npurt_device_open("emu:a5?hbm=256GiB&card=wide1", NULL, &first));
    CHECK_EQ(npurt_device_open("emu:a5?hbm=256GiB&card=wide2", NULL, &second), NPURT_ERROR_DRIVER);
    CHECK_EQ(npurt_error_last()->driver_code, 507033);
    CHECK_HAS(npurt_error_last()->message, "no room for a device of 262144 MiB");
    MUST(npurt_device_close(first));
    MUST(npurt_device_open("emu:a5?hbm=256GiB&card=wide2", NULL, &second));
    MUST(npurt_device_close(second));
}

static void *fail_and_recover(void *argument)
{
    struct thread *self = argument;
    uint32_t x[WORDS] = {0}, y[WORDS] = {0};

    for (unsigned turn = 0; turn < 1 + turns / 25; turn++) {
        npurt_callable *callable;
        TRY(world_load(self->device, &callable));
        if (world_call(callable, x, y, WORDS, FIXTURE_ONE_KERNEL, FIXTURE_FAULT, NULL) == NPURT_OK)
            return found("a kernel that faults succeeds");
        TRY(npurt_device_reset(self->device));
        (void)npurt_callable_unload(callable);
    }
    return NULL;
}

static void *work_or_fail(void *argument)
{
    struct thread *self = argument;

    return self->number == 0 ? fail_and_recover(self) : call_on_shared(self);
}

TEST(a_device_that_fails_and_is_reset_leaves_the_others_alone)
{
    static const char *const target[] = {"emu:a3:0?clusters=2", "emu:a3:1?clusters=2", "emu:a5?clusters=2",
                                         "emu:a3:0?clusters=2&hbm=4GiB&card=w"};
    enum { DEVICES = sizeof target / sizeof target[0] };
    struct thread thread[DEVICES] = {0};

    for (int i = 0; i < DEVICES; i++) {
        MUST(npurt_device_open(target[i], NULL, &thread[i].device));
        if (i > 0) MUST(world_load(thread[i].device, &thread[i].callable));
    }
    start_all(thread, DEVICES, work_or_fail);
    for (int i = 0; i < DEVICES; i++) {
        MUST(npurt_callable_unload(thread[i].callable));
        MUST(npurt_device_close(thread[i].device));
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9') {
        turns = (unsigned)strtoul(argv[1], NULL, 10);
        argc--, argv++;
    }
    return check_main(argc, argv);
}
