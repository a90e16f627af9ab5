/* Sync-start: blocks that wait for each other only get through when all of them run at the same time. The graphs are
 * the reference's (spmd_sync_start*, _edge, _stress, _starvation), with the block numbers cut to what the machine has;
 * each runs chained as there, and loose, where everything competes. Small graphs have one scheduler: filler tasks,
 * which compete too, make it as many as there are AICPU threads. */
#include "script_run.h"

enum { AIC = 1, AIV = 2, MIX = 7, AIV_PAIR = 6, FILLERS = 500 };

static npurt_device *device;
static npurt_callable *callable;
static uint32_t clusters;

static void open_card(const char *target)
{
    callable = script_open(target, &device, &clusters);
}

/* The target with this seed in the place of one that it has. */
static void open_seed(uint32_t seed)
{
    char target[256];
    const char *own = strstr(scene.target, "seed="), *rest = own ? own + strcspn(own, "&") : "";
    const int kept = own ? (int)(own - scene.target) : (int)strlen(scene.target);
    const char *and = own ? "" : strchr(scene.target, '?') ? "&" : "?";
    CHECK((size_t)snprintf(target, sizeof target, "%.*s%sseed=%u%s", kept, scene.target, and, seed, rest) <
          sizeof target);
    open_card(target);
}

static void close_card(void)
{
    script_close(device, callable);
}

static struct script_item task(uint32_t mask, uint32_t blocks, bool sync)
{
    uint32_t most = mask == AIV ? 2 * clusters : clusters;
    if (sync && blocks > most) blocks = most;
    return (struct script_item){.kind = sync ? SCRIPT_MEET : SCRIPT_NOTE, .mask = mask, .blocks = blocks, .sync = sync};
}

static void mix(struct script *s)
{
    script_add(s, task(MIX, 2, true));
    script_add(s, task(MIX, 8, true));
    script_add(s, task(MIX, 2, false));
    script_add(s, task(MIX, 12, true));
}

static void aiv(struct script *s)
{
    script_add(s, task(AIV, 4, true));
    script_add(s, task(AIV, 16, true));
    script_add(s, task(AIV, 4, false));
    script_add(s, task(AIV, 24, true));
}

static void edge(struct script *s)
{
    static const uint32_t blocks[] = {1, 8, 9, 23};
    for (uint32_t i = 0; i < 4; i++)
        script_add(s, task(MIX, blocks[i], true));
    script_add(s, task(MIX, 1, false));
}

/* All cores of the machine, and all but one. */
static void whole_machine(struct script *s)
{
    static const uint32_t mask[] = {AIC, AIV, MIX, AIV_PAIR, 3, 5};
    for (uint32_t i = 0; i < sizeof mask / sizeof mask[0]; i++) {
        uint32_t most = mask[i] == AIV ? 2 * clusters : clusters;
        script_add(s, task(mask[i], most, true));
        script_add(s, task(mask[i], most, false));
        if (most > 1) script_add(s, task(mask[i], most - 1, true));
    }
}

static void stress(struct script *s)
{
    for (uint32_t round = 0; round < 6; round++) {
        struct script_item normal_mix = task(MIX, 4, false), sync_mix = task(MIX, 12, true);
        struct script_item sync_aiv = task(AIV, 8, true);
        normal_mix.repeat = 4;
        sync_mix.repeat = sync_aiv.repeat = 2;
        script_add(s, normal_mix);
        script_add(s, sync_mix);
        script_add(s, sync_aiv);
        script_add(s, task(AIV, 4, false));
    }
}

static void starvation(struct script *s)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct script_item normal = task(MIX, 4, false);
        normal.repeat = 6;
        script_add(s, normal);
        if (i < 2) script_add(s, task(MIX, 6, true));
    }
}

static void (*const graphs[])(struct script *) = {mix, aiv, edge, whole_machine, stress, starvation};
enum { GRAPHS = sizeof graphs / sizeof graphs[0] };

static void run_graph(uint32_t which, bool chained, uint32_t fillers)
{
    struct script script = {.count = 0};
    struct script_item filler = {.mask = AIV, .blocks = 1, .repeat = fillers / 2};
    if (fillers) script_add(&script, filler);
    filler.mask = AIC;
    graphs[which](&script);
    if (fillers) script_add(&script, filler);
    for (uint32_t i = 0; i < script.count; i++)
        script.item[i].chained = chained && script.item[i].repeat < 100;
    script_call(callable, &script);
}

TEST(blocks_that_wait_for_each_other_get_through)
{
    open_card(scene.target);
    for (uint32_t times = 0; times < 3; times++)
        for (uint32_t which = 0; which < GRAPHS; which++)
            for (uint32_t chained = 0; chained < 2; chained++)
                for (uint32_t fillers = 0; fillers < 2; fillers++)
                    run_graph(which, chained, fillers * FILLERS);
    close_card();
}

/* Two long MIX tasks hold clusters while another gathers all of them, among ordinary tasks that want them as well. A
 * thread that is put to sleep between two steps of the protocol is what the seeds of timed mode, and the host, are for.
 */
TEST(it_gathers_while_long_tasks_hold_cores)
{
    open_card(scene.target);
    for (uint32_t times = 0; times < 5; times++) {
        struct script script = {.count = 0};
        script_add(&script, (struct script_item){.kind = SCRIPT_LINGER, .mask = MIX, .blocks = 2, .pauses = 3000});
        script_add(&script, (struct script_item){.mask = AIV, .blocks = 1, .repeat = FILLERS / 2});
        script_add(&script, task(MIX, clusters, true));
        script_add(&script, (struct script_item){.mask = MIX, .blocks = 3, .repeat = 100});
        script_add(&script, (struct script_item){.kind = SCRIPT_LINGER, .mask = AIC, .blocks = 2, .pauses = 2000});
        script_add(&script, task(AIV, 2 * clusters, true));
        script_add(&script, (struct script_item){.mask = AIC, .blocks = 1, .repeat = FILLERS / 2});
        script_call(callable, &script);
    }
    close_card();
}

/* Many that gather one after the other, each over all clusters, and many at a time that could start: the word's
 * generation is what keeps them apart. */
TEST(a_hundred_of_them_start_one_after_the_other)
{
    open_card(scene.target);
    struct script script = {.count = 0};
    struct script_item all = task(MIX, clusters, true), some = task(AIV, 3, true);
    all.repeat = 50;
    some.repeat = 100;
    script_add(&script, all);
    script_add(&script, (struct script_item){.mask = AIV, .blocks = 1, .repeat = FILLERS});
    script_add(&script, some);
    script_call(callable, &script);
    close_card();
}

static void long_holder_and_all_clusters(struct script *s)
{
    script_add(s, (struct script_item){.kind = SCRIPT_LINGER, .mask = MIX, .blocks = 1, .pauses = 3000});
    script_add(s, task(MIX, clusters, true));
    script_add(s, (struct script_item){.mask = AIV, .blocks = 1, .repeat = 96});
    script_add(s, task(MIX, 12, true));
    script_add(s, task(AIV, 8, true));
}

/* Three scheduler threads, every seed another interleaving of them and of the cores: in timed mode, or as the target
 * says. */
TEST(every_seed_gets_through)
{
#if defined(__SANITIZE_THREAD__)
    enum { SEEDS = 2 }; /* all on one thread */
#else
    enum { SEEDS = 40 };
#endif
    const uint32_t threads = scene.aicpu_threads;
    scene.aicpu_threads = 3;
    for (uint32_t seed = 1; seed <= SEEDS; seed++) {
        struct script script = {.count = 0};
        open_seed(seed);
        if (seed % 2)
            long_holder_and_all_clusters(&script);
        else
            stress(&script);
        script_add(&script, (struct script_item){.mask = AIC, .blocks = 1, .repeat = 96});
        script_call(callable, &script);
        close_card();
    }
    scene.aicpu_threads = threads;
}

/* In virtual time, so that it is the scheduler's doing alone. The one that gathers becomes ready when a long task ends,
 * among thousands of ordinary ones; it starts when every core has ended what it had, one running and one staged, give
 * or take. */
TEST(ordinary_tasks_do_not_starve_one_that_gathers)
{
    static const uint32_t masks[] = {AIC, AIV, MIX};
    if (strstr(scene.target, "explore")) SKIP("a drawn order may starve whom it likes");
    for (uint32_t i = 0; i < 3; i++) {
        const uint32_t most = masks[i] == AIV ? 2 : 1;
        struct script script = {.count = 0};
        struct script_run run;
        open_seed(1);
        if (most * clusters < 2) { /* nothing to gather */
            close_card();
            continue;
        }
        struct script_item gathering = task(masks[i], most * clusters, true);
        struct script_item single = {.mask = masks[i] & AIV ? AIV : AIC, .blocks = 1, .repeat = 4000};
        struct script_item first = {
            .kind = SCRIPT_LINGER, .mask = single.mask, .blocks = 1, .pauses = 200, .chained = true};
        gathering.chained = true;
        script_add(&script, first);
        script_add(&script, gathering);
        script_add(&script, single);
        script_run_init(&run, &script);
        SCENE_OK(npurt_call(callable, &run.args, NULL));
        script_run_check(&run);
        uint32_t ready = run.cells[(single.mask == AIV) * SCRIPT_LINE + SCRIPT_ENDED], last = script_run_last(&run, 1),
                 cores = 3 * clusters;
        /* it was in the midst of them */
        if (ready < 3 || ready > 3500) CHECK_FAIL("it was ready when %u had begun", ready);
        if (last - ready > 3 * cores)
            CHECK_FAIL("mask %u: it was ready when %u had begun, and started when %u had; the machine has %u cores",
                       masks[i], ready, last, cores);
        script_run_fini(&run);
        close_card();
    }
}

/* And the other way round: many that gather over all cores, one after the other, and ordinary tasks between them. */
TEST(tasks_that_gather_do_not_starve_ordinary_ones)
{
    struct script script = {.count = 0};
    struct script_run run;
    if (strstr(scene.target, "explore")) SKIP("a drawn order may starve whom it likes");
    open_seed(1);
    struct script_item gathering = task(AIV, 2 * clusters, true), ordinary = task(AIV, 1, false);
    gathering.repeat = 40;
    ordinary.repeat = 8 * clusters;
    script_add(&script, gathering);
    script_add(&script, ordinary);
    script_run_init(&run, &script);
    SCENE_OK(npurt_call(callable, &run.args, NULL));
    script_run_check(&run);
    uint32_t last = script_run_last(&run, 1), all = run.counters[SCRIPT_TICKET];
    CHECK_EQ(all, 88 * clusters);
    if (last > all / 2) CHECK_FAIL("the last ordinary task was the %u-th of %u to begin", last, all);
    script_run_fini(&run);
    close_card();
}

/* A core that does not become idle keeps the task gathering until the host lets its kernel go on; the run can be ended all
 * the same. */
TEST(a_run_is_cancelled_while_one_gathers)
{
    open_card(scene.target);
    for (uint32_t fillers = 0; fillers <= FILLERS; fillers += FILLERS) {
        bool cancelled = false;
        for (uint32_t ms = 15; !cancelled; ms *= 2) {
            struct script script = {.count = 0};
            struct script_run run;
            script_add(&script, (struct script_item){.kind = SCRIPT_AWAIT, .mask = MIX, .blocks = 1});
            script_add(&script, task(MIX, clusters, true));
            script_add(&script, task(AIV, 2 * clusters, true));
            if (fillers) script_add(&script, (struct script_item){.mask = AIC, .blocks = 1, .repeat = fillers});
            script_run_init_awaited(&run, &script, device);
            cancelled = script_run_cancel(&run, callable, device, ms);
            script_run_fini_awaited(&run, device);
        }
        run_graph(0, false, fillers);
    }
    close_card();
}

/* Blocks that have started wait for the others, so none may be lost to an end that comes when some have not: neither those
 * held, nor those whose core has not looked yet. */
TEST(a_run_is_cancelled_at_any_moment)
{
    open_card(scene.target);
    for (uint32_t i = 0; i < 40; i++) {
        struct script script = {.count = 0};
        struct script_run run;
        npurt_run *running;
        struct script_item all = task(MIX, clusters, true), some = task(AIV, clusters + 1, true);
        all.repeat = some.repeat = 300;
        script_add(&script, all);
        script_add(&script, some);
        script_add(&script, (struct script_item){.mask = AIC, .blocks = 1, .repeat = FILLERS});
        script_run_init(&run, &script);
        SCENE_OK(npurt_launch(callable, &run.args, &running));
        nanosleep(&(struct timespec){.tv_nsec = 1000000 + 100000 * (long)i}, NULL);
        SCENE_OK(npurt_cancel(running));
        npurt_status status = npurt_wait(running, NULL);
        if (status != NPURT_OK) CHECK_EQ(status, NPURT_ERROR_CANCELLED);
        if (npurt_device_get_state(device) != NPURT_DEVICE_HEALTHY)
            CHECK_FAIL("the %u-th, poisoned: %s", i, npurt_error_last()->message);
        script_run_fini(&run);
    }
    run_graph(0, false, FILLERS);
    close_card();
}

TEST(more_blocks_than_cores_are_refused_by_name)
{
    open_card(scene.target);
    static const struct {
        uint32_t mask;
        const char *unit;
    } kind[] = {{AIC, "AIC cores"}, {AIV, "AIV cores"}, {MIX, "clusters"}};
    for (uint32_t i = 0; i < 3; i++) {
        struct script script = {.count = 0};
        struct script_run run;
        char expected[128];
        uint32_t most = kind[i].mask == AIV ? 2 * clusters : clusters;
        struct script_item item = task(kind[i].mask, most, true);
        item.blocks++;
        script_add(&script, (struct script_item){.mask = AIV, .blocks = 1});
        script_add(&script, item);
        script_run_init(&run, &script);
        CHECK_EQ(npurt_call(callable, &run.args, NULL), NPURT_ERROR_GRAPH);
        snprintf(expected, sizeof expected, "task 1: sync start of %u blocks on a device of %u %s", most + 1, most,
                 kind[i].unit);
        if (!strstr(npurt_error_last()->message, expected))
            CHECK_FAIL("\"%s\" does not say \"%s\"", npurt_error_last()->message, expected);
        script_run_fini(&run);
    }
    run_graph(0, true, 0);
    close_card();
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
