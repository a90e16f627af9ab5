/* Consumers that are staged before their producers have ended: behind the producer on its core, or behind a gate. Whatever
 * is staged, nobody begins before what it waits for has ended, every block runs once, and every graph ends. */
#include "script_run.h"

enum { AIC = 1, AIV = 2, MIX = 7, FILLERS = 300 };

static npurt_device *device;
static npurt_callable *callable;
static uint32_t clusters;

static void open_card(const char *target)
{
    callable = script_open(target, &device, &clusters);
}

static void close_card(void)
{
    script_close(device, callable);
}

/* `window`: slots of the rings of a graph that is built on the device, 0 as many as usual. */
static npurt_timing call_in(const struct script *script, uint32_t window)
{
    struct script_run run;
    npurt_timing timing;
    script_run_init(&run, script);
    if (scene.runtime == NPURT_TENSORMAP_AND_RINGBUFFER)
        for (uint32_t r = 0; r < NPURT_RINGS; r++)
            run.args.ring[r].task_window = window;
    SCENE_OK(npurt_call(callable, &run.args, &timing));
    script_run_check(&run);
    script_run_check_order(&run);
    script_run_fini(&run);
    return timing;
}

static npurt_timing call(const struct script *script)
{
    return call_in(script, 0);
}

/* A chain of which every other link runs on the second kind of core. */
static struct script chain(uint32_t first, uint32_t second, bool stages)
{
    struct script s = {.count = 0};
    for (uint32_t i = 0; i < SCRIPT_MAX_ITEMS; i++)
        script_add(&s, (struct script_item){.kind = SCRIPT_LINGER, /* so that beginning too early can be seen */
                                            .mask = i % 2 ? second : first,
                                            .blocks = 1,
                                            .pauses = 20,
                                            .chained = true,
                                            .stages = stages});
    return s;
}

static bool is_timed(void)
{
    return strstr(scene.target, "seed=") && !strstr(scene.target, "explore");
}

/* The same chain with links that are staged, and with none. */
struct both_ways {
    npurt_timing staged, plain;
};
static struct both_ways compare(uint32_t first, uint32_t second)
{
    const struct script with = chain(first, second, true), without = chain(first, second, false);
    const struct both_ways c = {call(&with), call(&without)};
    printf("  %u links: %.1f us staged, %.1f us not; %llu blocks were staged\n", c.staged.tasks,
           (double)c.staged.device_wall_ns / 1e3, (double)c.plain.device_wall_ns / 1e3,
           (unsigned long long)c.staged.staged_blocks);
    CHECK_EQ(c.plain.staged_blocks, 0);
    if (is_timed()) CHECK(c.staged.staged_blocks > c.staged.tasks / 2);
    return c;
}

/* On one kind of core a link runs where the one before it does, with no scheduler between them: in virtual time half of the
 * links, at least, begin 1 us sooner each. */
TEST(a_chain_runs_on_one_core)
{
    open_card(scene.target);
    const struct both_ways c = compare(AIV, AIV);
    if (is_timed()) CHECK(c.staged.device_wall_ns + 1000 * (uint64_t)c.staged.tasks / 2 < c.plain.device_wall_ns);
    close_card();
}

/* Between kinds of core a link waits behind a gate. */
TEST(a_chain_through_gates)
{
    open_card(scene.target);
    compare(AIC, AIV);
    close_card();
}

/* A producer of more blocks than there are cores, and consumers that would take every core if they were staged before all
 * of its blocks had one. */
static void wide(struct script *s, uint32_t mask)
{
    const uint32_t cores = mask == AIV ? 2 * clusters : clusters;
    script_add(s, (struct script_item){
                      .kind = SCRIPT_LINGER, .mask = mask, .blocks = 3 * cores, .pauses = 20, .chained = true, .stages = true});
    script_add(s, (struct script_item){.mask = mask, .blocks = 1, .repeat = 2 * cores, .reads = true, .stages = true});
    script_add(s, (struct script_item){.mask = mask, .blocks = 2 * cores, .chained = true, .stages = true});
    script_add(s, (struct script_item){.mask = mask, .blocks = cores + 1, .reads = true, .repeat = 2, .stages = true});
    script_add(s, (struct script_item){.mask = mask, .blocks = 1, .chained = true});
}

TEST(no_producer_is_stranded_by_its_consumers)
{
    static const uint32_t masks[] = {AIC, AIV, MIX, 6, 3, 5};
    open_card(scene.target);
    for (uint32_t fillers = 0; fillers <= FILLERS; fillers += FILLERS)
        for (uint32_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
            struct script script = {.count = 0};
            if (fillers) script_add(&script, (struct script_item){.mask = AIV, .blocks = 1, .repeat = fillers});
            wide(&script, masks[i]);
            call(&script);
        }
    close_card();
}

/* Everything at a time, drawn: kinds, masks, blocks, who starts together, who waits for whom, who lets consumers be staged. */
static void draw_script(struct script *s, uint64_t seed)
{
    uint64_t state = seed * UINT64_C(0xd1342543de82ef95) + 1;
    for (uint32_t i = 0; i < SCRIPT_MAX_ITEMS; i++) {
        uint32_t bits[8];
        for (uint32_t k = 0; k < 8; k++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bits[k] = (uint32_t)(state >> 33);
        }
        const uint32_t mask = 1 + bits[0] % 7, most = mask == AIV || mask == 4 ? 2 * clusters : clusters;
        const bool sync = bits[1] % 6 == 0;
        uint32_t blocks = bits[2] % 3 ? 1 : 1 + bits[3] % (2 * most);
        if (sync && blocks > most) blocks = most;
        script_add(s, (struct script_item){.kind = sync ? SCRIPT_MEET : bits[4] % 4 ? SCRIPT_NOTE : SCRIPT_LINGER,
                                           .mask = mask,
                                           .blocks = blocks,
                                           .repeat = 1 + bits[5] % 12,
                                           .pauses = 10,
                                           .sync = sync,
                                           .chained = bits[6] % 3 == 0,
                                           .reads = bits[6] % 3 == 1,
                                           .stages = bits[7] % 4 != 0});
    }
}

TEST(drawn_graphs)
{
#if defined(__SANITIZE_THREAD__)
    enum { GRAPHS = 4 };
#else
    enum { GRAPHS = 30 };
#endif
    uint64_t staged = 0;
    open_card(scene.target);
    for (uint32_t seed = 1; seed <= GRAPHS; seed++) {
        struct script script = {.count = 0};
        draw_script(&script, seed);
        staged += call_in(&script, seed % 5 ? 2u << seed % 5 : 0).staged_blocks; /* slots: 4, 8, 16, 32, many */
    }
    printf("  %llu blocks were staged\n", (unsigned long long)staged);
    CHECK(staged > 0);
    close_card();
}

/* Cores wait at gates for a task that the host keeps from ending; the run ends, they are free, and the card is well. */
TEST(a_run_is_cancelled_while_cores_wait_at_gates)
{
    bool cancelled = false;
    open_card(scene.target);
    for (uint32_t ms = 15; !cancelled; ms *= 2) {
        struct script script = {.count = 0};
        struct script_run run;
        script_add(&script, (struct script_item){
                                .kind = SCRIPT_AWAIT, .mask = AIC, .blocks = 1, .chained = true, .stages = true});
        script_add(&script, (struct script_item){.mask = AIV, .blocks = 1, .repeat = 2 * clusters, .reads = true});
        script_add(&script, (struct script_item){.mask = MIX, .blocks = 1, .repeat = clusters, .reads = true});
        script_run_init_awaited(&run, &script, device);
        cancelled = script_run_cancel(&run, callable, device, ms);
        for (uint64_t row = 3; row < run.rows && cancelled; row++)
            if (run.cells[row * SCRIPT_LINE] != 0) CHECK_FAIL("row %llu was written", (unsigned long long)row);
        script_run_fini_awaited(&run, device);
    }
    const struct script after = chain(AIC, AIV, true);
    call(&after);
    close_card();
}

/* The run of the script ends at a limit of `ms`. True: its first task alone is to blame. */
static bool blames_the_first(const struct script *script, uint32_t ms)
{
    const npurt_device_options options = {.aicpu_threads = scene.aicpu_threads, .scheduler_timeout_ms = ms};
    struct script_run run;
    SCENE_OK(npurt_device_open(scene.target, &options, &device));
    callable = script_load(device);
    script_run_init(&run, script);
    const npurt_status status = npurt_call(callable, &run.args, NULL);
    const npurt_error *e = npurt_error_last();
    const bool right = status == NPURT_ERROR_KERNEL_TIMEOUT && e->task == 0 &&
                       strcmp(e->kernel_name, "await_aic") == 0 &&
                       strstr(e->message, "task 0 block 0 of \"script\"") &&
                       strstr(e->message, "; 19 tasks wait for task 0") && !strstr(e->message, "other dispatches");
    if (!right) printf("  a limit of %u ms: %s: %s\n", ms, npurt_status_name(status), e->message);
    CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_POISONED);
    script_run_fini(&run);
    close_card();
    return right;
}

/* Cores wait at gates, and a block behind the kernel on its core, for one that outlasts every limit: it alone is to blame. A
 * limit may pass on a busy host before the cores have begun: then others are to blame, and a longer one is tried. */
TEST(an_endless_kernel_alone_is_to_blame)
{
    struct script script = {.count = 0};
    uint32_t ms = 300;
    script_add(&script, (struct script_item){
                            .kind = SCRIPT_AWAIT, .mask = AIC, .blocks = 1, .chained = true, .stages = true});
    for (uint32_t mask = AIC; mask <= MIX; mask++)
        script_add(&script, (struct script_item){.mask = mask, .blocks = 1, .repeat = mask == AIC ? 1 : 3, .reads = true});
    while (!blames_the_first(&script, ms))
        if ((ms *= 4) > 20000) CHECK_FAIL("another task is to blame, however long the limit");
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
