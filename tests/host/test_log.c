/* The log callback: lines of the host, of the AICPU program and of kernels, on every machine. What a line must be is
 * known from what the kernel was told to print and where it was told to run. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "host/world.h"

enum { MAX_LINES = 4096, N = 512 };

struct line {
    npurt_log_line l;
    char part[16], target[128], callable[64], kernel[64], text[256];
};
static struct line lines[MAX_LINES];
static struct book {
    _Atomic uint32_t count;
    _Atomic int inside, most_inside;
    uint64_t lost;
    useconds_t pause;
    bool closed; /* nothing may come any more */
    _Atomic bool late;
} book;

static void note(const npurt_log_line *l, void *context)
{
    struct book *b = context;
    const int inside = ++b->inside;
    if (inside > b->most_inside) b->most_inside = inside;
    if (b->closed) b->late = true;
    if (b->pause) usleep(b->pause);
    b->lost += l->lost;
    if (b->count < MAX_LINES) {
        struct line *to = &lines[b->count];
        to->l = *l;
        snprintf(to->part, sizeof to->part, "%s", l->part);
        snprintf(to->target, sizeof to->target, "%s", l->target);
        snprintf(to->callable, sizeof to->callable, "%s", l->callable);
        snprintf(to->kernel, sizeof to->kernel, "%s", l->kernel_name);
        snprintf(to->text, sizeof to->text, "%s", l->text);
        b->count++;
    }
    b->inside--;
}

static void listen(npurt_log_level least)
{
    book = (struct book){0};
    CHECK_EQ(npurt_log_set_callback(note, &book, least), NPURT_OK);
}
static void stop(void)
{
    CHECK_EQ(npurt_log_set_callback(NULL, NULL, NPURT_LOG_DEBUG), NPURT_OK);
}

/* Lines of a source that contain `text`. */
static uint32_t count(npurt_log_source source, const char *text)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < book.count; i++)
        n += lines[i].l.source == source && strstr(lines[i].text, text);
    return n;
}
static const struct line *find(npurt_log_source source, const char *text)
{
    for (uint32_t i = 0; i < book.count; i++)
        if (lines[i].l.source == source && strstr(lines[i].text, text)) return &lines[i];
    CHECK_FAIL("no line of source %d says \"%s\"", source, text);
}

static uint32_t x[N], y[N];

static void fill(void)
{
    for (uint32_t i = 0; i < N; i++)
        x[i] = 1000 + 7 * i;
}

struct world {
    npurt_device *device;
    npurt_callable *callable;
};
static struct world set_up(const char *target)
{
    struct world w;
    if (npurt_device_open(target, NULL, &w.device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(world_load(w.device, &w.callable), NPURT_OK);
    fill();
    return w;
}
static void tear_down(struct world *w)
{
    CHECK_EQ(npurt_callable_unload(w->callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(w->device), NPURT_OK);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* All that a line of a kernel can say, checked for 5 blocks of the second task of a graph of two, in the third run. */
static void kernel_lines(const char *target)
{
    printf("  %s\n", target);
    struct world w = set_up(target);
    listen(NPURT_LOG_WARN);
    const bool is_virtual = strstr(target, "seed=") || strstr(target, "explore");
    for (uint32_t run = 1; run <= 3; run++) {
        uint32_t cores[5] = {0};
        const uint64_t before = now_ns();
        book.count = 0;
        CHECK_EQ(world_call(w.callable, x, y, N, FIXTURE_SAY_BLOCKS, 5, NULL), NPURT_OK);
        const uint64_t after = now_ns();
        CHECK_EQ(book.count, 5);
        for (uint32_t i = 0; i < 5; i++) {
            const struct line *l = &lines[i];
            char text[64];
            CHECK(l->l.block >= 0 && l->l.block < 5);
            snprintf(text, sizeof text, "block %d of 5 says %u", l->l.block, x[l->l.block]);
            CHECK_STR(l->text, text);
            CHECK_EQ(l->l.level, NPURT_LOG_PRINT);
            CHECK_EQ(l->l.source, NPURT_LOG_CORE);
            CHECK_STR(l->part, "aiv");
            CHECK_STR(l->target, target);
            CHECK_STR(l->callable, "fixture");
            CHECK_STR(l->kernel, "say");
            CHECK_EQ(l->l.kernel, FIXTURE_SAY);
            CHECK_EQ(l->l.run, run);
            CHECK_EQ(l->l.task, 1);
            CHECK_EQ(l->l.lost, 0);
            CHECK_EQ(l->l.clock, is_virtual ? NPURT_LOG_VIRTUAL : NPURT_LOG_MONOTONIC);
            if (!is_virtual) CHECK(l->l.time_ns >= before && l->l.time_ns <= after);
            cores[l->l.block] = (uint32_t)l->l.unit + 1;
        }
        for (int i = 0; i < 5; i++)
            CHECK(cores[i] != 0); /* each block spoke once */
    }
    stop();
    tear_down(&w);
}
TEST(a_kernels_line_has_its_core_task_block_kernel_run_and_time)
{
    static const char *const targets[] = {
        "emu:a2",        "emu:a3:0",           "emu:a3:1", "emu:a5", "emu:a5?engine=thread&clusters=4",
        "emu:a5?seed=7", "emu:a2?mode=explore"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        kernel_lines(targets[i]);
}

TEST(host_and_aicpu_lines_come_from_their_level_on)
{
    listen(NPURT_LOG_INFO);
    struct world w = set_up("emu:a5?hbm=3GiB");
    const struct line *aicpu = find(NPURT_LOG_AICPU, "init: protocol 5, ");
    CHECK_EQ(aicpu->l.level, NPURT_LOG_INFO);
    CHECK_STR(aicpu->part, "aicpu");
    CHECK_EQ(aicpu->l.unit, 0);
    CHECK_EQ(aicpu->l.run, 0);
    CHECK_EQ(aicpu->l.task, NPURT_NO_TASK);
    CHECK_STR(aicpu->target, "emu:a5?hbm=3GiB");
    const struct line *host = find(NPURT_LOG_HOST, "device program ");
    CHECK_STR(host->part, "bootstrap");
    CHECK_STR(host->target, "emu:a5?hbm=3GiB");
    CHECK_EQ(host->l.unit, -1);
    CHECK_EQ(count(NPURT_LOG_HOST, "bytes at 0x"), 0); /* allocations are of level debug */
    tear_down(&w);
    listen(NPURT_LOG_DEBUG);
    w = set_up("emu:a5?hbm=3GiB");
    CHECK(count(NPURT_LOG_HOST, "bytes at 0x") > 0);
    tear_down(&w);
    listen(NPURT_LOG_ERROR);
    w = set_up("emu:a5?hbm=3GiB");
    tear_down(&w);
    CHECK_EQ(book.count, 0);
    stop();
}

TEST(off_is_nothing_and_a_wrong_level_is_refused)
{
    struct world w = set_up("emu:a5");
    listen(NPURT_LOG_OFF);
    CHECK_EQ(world_call(w.callable, x, y, N, FIXTURE_SAY_BLOCKS, 3, NULL), NPURT_OK);
    CHECK_EQ(book.count, 0);
    CHECK_EQ(npurt_log_set_callback(note, &book, (npurt_log_level)6), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(npurt_log_set_callback(note, &book, (npurt_log_level)-2), NPURT_ERROR_INVALID_ARGUMENT);
    stop();
    tear_down(&w);
}

TEST(lines_say_which_of_several_devices_they_are_from)
{
    static const char *const targets[] = {"emu:a2", "emu:a3:0", "emu:a3:1", "emu:a5"};
    struct world w[4];
    for (int i = 0; i < 4; i++)
        w[i] = set_up(targets[i]);
    listen(NPURT_LOG_WARN);
    for (int i = 3; i >= 0; i--) {
        book.count = 0;
        CHECK_EQ(world_call(w[i].callable, x, y, N, FIXTURE_SAY_BLOCKS, 2, NULL), NPURT_OK);
        CHECK_EQ(book.count, 2);
        CHECK_STR(lines[0].target, targets[i]);
        CHECK_STR(lines[1].target, targets[i]);
    }
    stop();
    for (int i = 0; i < 4; i++)
        tear_down(&w[i]);
}

/* Two handles of one device id: a line belongs to the handle whose run it is. */
TEST(lines_of_two_handles_of_a_device_are_told_apart)
{
    struct world first = set_up("emu:a5"), second = set_up("emu:a5");
    listen(NPURT_LOG_WARN);
    for (uint32_t run = 1; run <= 3; run++) {
        book.count = 0;
        CHECK_EQ(world_call(first.callable, x, y, N, FIXTURE_SAY_BLOCKS, 1, NULL), NPURT_OK);
        CHECK_EQ(lines[0].l.run, run);
    }
    book.count = 0;
    CHECK_EQ(world_call(second.callable, x, y, N, FIXTURE_SAY_BLOCKS, 1, NULL), NPURT_OK);
    CHECK_EQ(book.count, 1);
    CHECK_EQ(lines[0].l.run, 1);
    stop();
    tear_down(&second);
    tear_down(&first);
}

/* More lines than the card holds, with a host that waits for the run: none is lost, and all are in order. */
TEST(a_storm_of_lines_is_whole_and_in_order_before_the_call_returns)
{
    static const char *const targets[] = {"emu:a5", "emu:a5?engine=thread&clusters=2", "emu:a2?seed=3"};
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
        printf("  %s\n", targets[t]);
        struct world w = set_up(targets[t]);
        x[0] = 3000;
        listen(NPURT_LOG_WARN);
        CHECK_EQ(world_call(w.callable, x, y, N, FIXTURE_ONE_KERNEL, FIXTURE_STORM, NULL), NPURT_OK);
        CHECK_EQ(book.lost, 0);
        CHECK_EQ(book.count, 3000);
        for (uint32_t i = 0; i < 3000; i++) {
            char text[32];
            snprintf(text, sizeof text, "line %u", i);
            CHECK_STR(lines[i].text, text);
        }
        CHECK_EQ(y[5], x[5] + 1);
        stop();
        tear_down(&w);
    }
}

/* Nobody waits, so nobody empties the card's ring: what does not fit is counted, and the count is right. */
TEST(lines_that_find_no_room_are_counted_and_said)
{
    struct world w = set_up("emu:a5");
    uint64_t from, to;
    npurt_run *run;
    x[0] = 2500;
    CHECK_EQ(npurt_memory_alloc(w.device, sizeof x, "x", &from), NPURT_OK);
    CHECK_EQ(npurt_memory_alloc(w.device, sizeof y, "y", &to), NPURT_OK);
    CHECK_EQ(npurt_memory_copy_in(w.device, from, x, sizeof x), NPURT_OK);
    CHECK_EQ(npurt_memory_set(w.device, to, 0, sizeof y), NPURT_OK);
    listen(NPURT_LOG_WARN);
    CHECK_EQ(world_launch(w.callable, from, to, N, FIXTURE_ONE_KERNEL, FIXTURE_STORM, 0, &run), NPURT_OK);
    for (uint32_t done = 0, tries = 0; !done; tries++) { /* a copy waits for nothing */
        CHECK_EQ(npurt_memory_copy_out(w.device, &done, to + 4, 4), NPURT_OK);
        CHECK(tries < 60000);
        usleep(1000);
    }
    CHECK_EQ(book.count, 0);
    CHECK_EQ(npurt_wait(run, NULL), NPURT_OK);
    const struct line *notice = find(NPURT_LOG_DEVICE, "were lost");
    CHECK_EQ(book.count, 1025);
    CHECK_EQ(notice->l.lost, 2500 - 1024);
    CHECK_HAS(notice->text, "1476 lines");
    CHECK_EQ(notice->l.level, NPURT_LOG_WARN);
    for (uint32_t i = 0; i < 1024; i++) { /* the oldest are kept */
        char text[32];
        snprintf(text, sizeof text, "line %u", i);
        CHECK_STR(lines[i].text, text);
    }
    stop();
    CHECK_EQ(npurt_memory_free(w.device, to), NPURT_OK);
    CHECK_EQ(npurt_memory_free(w.device, from), NPURT_OK);
    tear_down(&w);
}

TEST(a_run_that_fails_has_told_its_lines_too)
{
    struct world w = set_up("emu:a5?faults=core-faults:task=1:nth=3");
    listen(NPURT_LOG_WARN);
    CHECK_EQ(world_call(w.callable, x, y, N, FIXTURE_SAY_BLOCKS, 3, NULL), NPURT_ERROR_KERNEL_FAULT);
    CHECK(count(NPURT_LOG_CORE, "of 3 says") >= 2);
    CHECK(find(NPURT_LOG_HOST, "poisoned")->l.time_ns >= find(NPURT_LOG_CORE, "of 3 says")->l.time_ns);
    CHECK_EQ(npurt_device_reset(w.device), NPURT_OK);
    stop();
    CHECK_EQ(npurt_callable_unload(w.callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(w.device), NPURT_OK);
}

/* ---- a callback that calls npurt */

static struct world reentrant;
static npurt_status answers[4];

static void calls_npurt(const npurt_log_line *l, void *context)
{
    npurt_device *device;
    uint64_t bytes;
    note(l, context);
    if (l->source != NPURT_LOG_CORE) return;
    answers[0] = npurt_device_hbm_in_use(reentrant.device, &bytes);
    answers[1] = npurt_device_open("emu:a2", NULL, &device);
    answers[2] = npurt_log_set_callback(NULL, NULL, NPURT_LOG_DEBUG);
    answers[3] = world_call(reentrant.callable, x, y, N, FIXTURE_EMPTY, 0, NULL);
}

TEST(a_callback_that_calls_npurt_is_told_busy_and_what_that_logged_is_counted)
{
    reentrant = set_up("emu:a5");
    book = (struct book){0};
    CHECK_EQ(npurt_log_set_callback(calls_npurt, &book, NPURT_LOG_INFO), NPURT_OK);
    CHECK_EQ(world_call(reentrant.callable, x, y, N, FIXTURE_SAY_BLOCKS, 1, NULL), NPURT_OK);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(answers[i], NPURT_ERROR_BUSY);
    CHECK_EQ(find(NPURT_LOG_HOST, "a log callback called npurt")->l.lost, 4); /* four refusals, a line each */
    stop();
    tear_down(&reentrant);
}

/* ---- threads */

static _Atomic bool over;

static void *call_often(void *context)
{
    struct world *w = context;
    uint32_t in[64] = {0}, out[64];
    for (int i = 0; i < 40; i++)
        if (world_call(w->callable, in, out, 64, FIXTURE_SAY_BLOCKS, 4, NULL) != NPURT_OK) return (void *)1;
    return NULL;
}

struct speaker {
    struct world *w;
    uint32_t word; /* that its kernels say, and nobody else's */
};
static void *call_and_look(void *context)
{
    struct speaker *s = context;
    uint32_t in[64], out[64];
    char text[32];
    for (int i = 0; i < 64; i++)
        in[i] = s->word;
    snprintf(text, sizeof text, "says %u", s->word);
    for (uint32_t i = 0; i < 40; i++) {
        if (world_call(s->w->callable, in, out, 64, FIXTURE_SAY_BLOCKS, 4, NULL) != NPURT_OK) return (void *)1;
        if (count(NPURT_LOG_CORE, text) != 4 * (i + 1)) return (void *)2;
    }
    return NULL;
}

static void *change_often(void *context)
{
    (void)context;
    while (!over) {
        static struct book other; /* as good as freed whenever it is not set */
        other.closed = false;
        if (npurt_log_set_callback(note, &other, NPURT_LOG_DEBUG) != NPURT_OK) return (void *)1;
        usleep(500);
        if (npurt_log_set_callback(note, &book, NPURT_LOG_DEBUG) != NPURT_OK) return (void *)2;
        other.closed = true;
        usleep(500);
        if (other.late) return (void *)3;
    }
    return NULL;
}

TEST(callbacks_are_exchanged_while_two_devices_talk_and_none_is_called_after)
{
    struct world w[2] = {set_up("emu:a5?clusters=2"), set_up("emu:a2?clusters=2")};
    pthread_t callers[3], changer;
    void *failed[4];
    over = false;
    listen(NPURT_LOG_WARN);
    pthread_create(&changer, NULL, change_often, NULL);
    pthread_create(&callers[0], NULL, call_often, &w[0]);
    pthread_create(&callers[1], NULL, call_often, &w[0]);
    pthread_create(&callers[2], NULL, call_often, &w[1]);
    for (int i = 0; i < 3; i++)
        pthread_join(callers[i], &failed[i]);
    over = true;
    pthread_join(changer, &failed[3]);
    stop();
    for (int i = 0; i < 4; i++)
        CHECK_EQ((intptr_t)failed[i], 0);
    CHECK(book.count > 0);
    CHECK_EQ(book.most_inside, 1);
    for (int i = 0; i < 2; i++)
        tear_down(&w[i]);
}

TEST(two_threads_on_one_device_each_have_their_lines_before_their_call_returns)
{
    struct world w = set_up("emu:a5?clusters=4");
    struct speaker speakers[] = {{&w, 111}, {&w, 222}};
    pthread_t callers[2];
    void *failed;
    listen(NPURT_LOG_WARN);
    book.pause = 200; /* time for a second thread to overtake */
    for (int i = 0; i < 2; i++)
        pthread_create(&callers[i], NULL, call_and_look, &speakers[i]);
    for (int i = 0; i < 2; i++) {
        pthread_join(callers[i], &failed);
        CHECK_EQ((intptr_t)failed, 0);
    }
    CHECK_EQ(book.count, 2 * 40 * 4);
    stop();
    tear_down(&w);
}

/* ---- without a callback */

/* Runs `what` with standard error in a file, and reads the file. */
static void errors_of(void (*what)(void *), void *context, char *text, size_t size)
{
    char path[] = "/tmp/npurt-log-XXXXXX";
    const int file = mkstemp(path), before = dup(2);
    CHECK(file >= 0 && before >= 0);
    unlink(path);
    fflush(stderr);
    dup2(file, 2);
    what(context);
    dup2(before, 2);
    close(before);
    const ssize_t n = pread(file, text, size - 1, 0);
    close(file);
    CHECK(n >= 0);
    text[n] = 0;
}

static void said_and_done(void *context)
{
    struct world w = set_up("emu:a5?clusters=3");
    (void)context;
    (void)world_call(w.callable, x, y, N, FIXTURE_SAY_BLOCKS, 1, NULL);
    listen(NPURT_LOG_WARN);
    (void)world_call(w.callable, x, y, N, FIXTURE_SAY_BLOCKS, 1, NULL);
    stop();
    x[0] = 4711;
    (void)world_call(w.callable, x, y, N, FIXTURE_SAY_BLOCKS, 1, NULL);
    tear_down(&w);
}

TEST(lines_go_to_standard_error_before_and_after_a_callback)
{
    char text[4096];
    errors_of(said_and_done, NULL, text, sizeof text);
    const char *first = strstr(text, "says 1000"), *third = strstr(text, "says 4711");
    CHECK(first && third && first < third);
    CHECK(!strstr(first + 1, "says 1000")); /* the second run's line went to the callback */
    CHECK_EQ(count(NPURT_LOG_CORE, "says 1000"), 1);
    CHECK_HAS(text, "npurt kernel core ");
}

TEST(a_forked_child_keeps_the_callback_for_its_own_lines)
{
    struct world w = set_up("emu:a5?clusters=3");
    listen(NPURT_LOG_INFO);
    const pid_t child = fork();
    if (child == 0) {
        uint64_t bytes;
        book.count = 0;
        const bool right = npurt_device_hbm_in_use(w.device, &bytes) == NPURT_ERROR_FORKED && book.count == 1 &&
                           npurt_log_set_callback(NULL, NULL, NPURT_LOG_INFO) == NPURT_OK;
        _exit(right ? 0 : 1);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
    stop();
    tear_down(&w);
}

TEST(levels_have_names)
{
    static const char *const names[] = {"debug", "info", "warn", "error", "print", "off"};
    for (int i = 0; i < 6; i++)
        CHECK_STR(npurt_log_level_name((npurt_log_level)i), names[i]);
    CHECK_STR(npurt_log_level_name((npurt_log_level)6), "?");
    CHECK_STR(npurt_log_level_name(NPURT_LOG_BY_ENVIRONMENT), "?");
}

TEST_MAIN
