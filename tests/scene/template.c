/* Templates on a card: what a graph leaves whose bodies are replayed is what its uses leave one after the other, among
 * plain tasks, with bodies of every kind (fixtures/template.h) and, where the graph is built on the device, in small rings
 * too. That bodies were replayed the orchestration tells: npurt_orch_template_begin answered false. */
#include "scene.h"

#include "fixtures/template.h"

enum {
    GRAPHS = 20,
    USES = 200,
    STALL_NS = 10000000, /* explore mode: the clock's first jump */
};

static uint32_t cells[TEMPLATE_ROWS][TEMPLATE_LINE], due[TEMPLATE_ROWS][TEMPLATE_LINE];
static uint32_t notes[2 * USES][TEMPLATE_LINE], answers[TEMPLATE_PARTS];
static uint32_t tasks, asked[TEMPLATE_PARTS], uses[TEMPLATE_PARTS], skipped, records;

static npurt_callable *load(npurt_device *device)
{
    const npurt_kernel_desc kernel[] = {{.id = 0,
                                         .core = NPURT_CORE_AIC,
                                         .binary = {.path = SCENE_FIXTURES "/template_kernel.so"},
                                         .entry = "cube",
                                         .name = "cube",
                                         .duration_ns = 1000},
                                        {.id = 1,
                                         .core = NPURT_CORE_AIV,
                                         .binary = {.path = SCENE_FIXTURES "/template_kernel.so"},
                                         .entry = "vector",
                                         .name = "vector",
                                         .duration_ns = 700}};
    const npurt_param param[] = {{.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2},
                                 {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2},
                                 {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 1}};
    const npurt_callable_desc desc = {.name = "template",
                                      .runtime = scene.runtime,
                                      .orchestration = {.path = SCENE_FIXTURES "/template.so"},
                                      .kernels = kernel,
                                      .kernel_count = 2,
                                      .params = param,
                                      .param_count = 3,
                                      .scalar_count = 2};
    npurt_callable *callable;
    SCENE_OK(npurt_callable_load(device, &desc, &callable));
    return callable;
}

/* ---- what must come of it, one use after the other */

static void step(uint32_t *w, const uint32_t *r, uint32_t words, uint32_t add)
{
    for (uint32_t i = 0; i < words; i++)
        w[i] = w[i] * 31 + r[i] + add;
}

static void expect_sweep(const struct template_use *use, uint32_t number)
{
    const bool whole = use->part == TEMPLATE_SWEEP;
    const uint32_t first = whole ? 0 : use->a, end = whole ? TEMPLATE_ROWS : use->a + TEMPLATE_SPAN;
    for (uint32_t row = first; row < end; row++)
        for (uint32_t i = 0; i < TEMPLATE_LINE; i++)
            due[row][i] = due[row][i] * 7 + number;
}

static void expect_body(const struct template_use *use, uint32_t number)
{
    /* of each task the row that it changes, and the one by which; m is made by the body */
    static const char task[TEMPLATE_PARTS][3][3] = {[TEMPLATE_AFTER] = {"ab", "ba", "cc"},
                                                    [TEMPLATE_PREDICATE] = {"ab", "bc", "ca"},
                                                    [TEMPLATE_DEFERRED] = {"ab", "cc", "ba"},
                                                    [TEMPLATE_MEETING] = {"ab", "bc", "ca"},
                                                    [TEMPLATE_ALLOCATES] = {"ma", "bm", "cb"}};
    uint32_t made[TEMPLATE_LINE];
    uint32_t *const row[] = {['a'] = due[use->a], ['b'] = due[use->b], ['c'] = due[use->c], ['m'] = made};
    const enum template_part part = use->part;
    for (uint32_t i = 0; i < TEMPLATE_LINE; i++)
        made[i] = TEMPLATE_INITIAL;
    for (uint32_t n = 0; n < 3; n++) {
        const bool marked = n == 2 && (part == TEMPLATE_AFTER || part == TEMPLATE_DEFERRED);
        const uint32_t words = n == 2 && part == TEMPLATE_MEETING ? 3 * TEMPLATE_BLOCKS : use->words;
        if (part == TEMPLATE_PREDICATE && n == 1 && row['c'][0] < TEMPLATE_LEAST) {
            skipped++;
            continue;
        }
        step(row[(int)task[part][n][0]], row[(int)task[part][n][1]], words,
             3 * number + n + (marked ? template_mark(number) : 0));
    }
}

/* The first use of a key whose tensors are apart is recorded, and replayed for tensors of the same shape that are
 * apart; a body with a deferred task never. */
static void expect_graph(uint64_t seed)
{
    uint32_t recorded[TEMPLATE_PARTS] = {0};
    uint64_t state = seed;
    memset(asked, 0, sizeof asked);
    memset(uses, 0, sizeof uses);
    memset(due, 0, sizeof due);
    tasks = skipped = records = 0;
    for (uint32_t i = 0; i < USES; i++) {
        const struct template_use use = template_use_draw(&state);
        const bool plain = use.part == TEMPLATE_SWEEP || use.part == TEMPLATE_SWEEP_SPAN, apart = use.a != use.b;
        if (plain)
            expect_sweep(&use, i);
        else
            expect_body(&use, i);
        tasks += plain ? 1 : 3;
        uses[use.part]++;
        if (plain) continue;
        if (!apart || recorded[use.part] != use.words || use.part == TEMPLATE_DEFERRED) asked[use.part]++;
        if (apart && recorded[use.part] == 0) {
            recorded[use.part] = use.words;
            records += use.part != TEMPLATE_DEFERRED;
        }
    }
}

/* ---- runs */

static void run(npurt_callable *callable, uint64_t seed, const npurt_ring_options *ring)
{
    const npurt_call_tensor tensor[] = {
        {.host = cells, .dtype = NPURT_U32, .ndims = 2, .shape = {TEMPLATE_ROWS, TEMPLATE_LINE}},
        {.host = notes, .dtype = NPURT_U32, .ndims = 2, .shape = {2 * USES, TEMPLATE_LINE}},
        {.host = answers, .dtype = NPURT_U32, .ndims = 1, .shape = {TEMPLATE_PARTS}}};
    const uint64_t scalar[] = {seed, USES};
    npurt_call_args args = {.tensors = tensor, .tensor_count = 3, .scalars = scalar, .scalar_count = 2};
    npurt_timing timing;
    for (uint32_t r = 0; ring && r < NPURT_RINGS; r++)
        args.ring[r] = *ring;
    memset(cells, 0, sizeof cells);
    memset(notes, 0, sizeof notes);
    memset(answers, 0xff, sizeof answers);
    SCENE_OK(npurt_call(callable, &args, &timing));
    CHECK_EQ(timing.tasks, tasks);
    if (strstr(scene.target, "explore")) CHECK(timing.device_wall_ns < STALL_NS);
    for (uint32_t row = 0; row < TEMPLATE_ROWS; row++)
        for (uint32_t i = 0; i < TEMPLATE_LINE; i++)
            if (cells[row][i] != due[row][i])
                CHECK_FAIL("graph %" PRIu64 " on %s: word %u of row %u is 0x%08x, not 0x%08x", seed, scene.target, i,
                           row, cells[row][i], due[row][i]);
    for (uint32_t part = 0; part < TEMPLATE_PARTS; part++)
        if (answers[part] != asked[part])
            CHECK_FAIL("graph %" PRIu64 ", part %u: of %u uses %u were submitted, not %u", seed, part, uses[part],
                       answers[part], asked[part]);
    uint32_t replays = 0;
    for (uint32_t part = TEMPLATE_AFTER; part < TEMPLATE_PARTS; part++)
        replays += uses[part] - answers[part];
    CHECK_EQ(timing.template_records, records);
    CHECK_EQ(timing.template_replays, replays);
}

TEST(what_is_replayed_runs_as_if_it_were_submitted)
{
    static const npurt_ring_options small[] = {{.task_window = 4, .edges = 64, .heap_bytes = 16384},
                                               {.task_window = 16, .edges = 32, .heap_bytes = 4096}};
    npurt_device *device = scene_open_target(scene.target);
    npurt_callable *callable = load(device);
    uint32_t replays[TEMPLATE_PARTS] = {0}, all = 0, skips = 0;
    for (uint64_t seed = scene.first; seed < scene.first + GRAPHS; seed++) {
        expect_graph(seed);
        run(callable, seed, NULL);
        if (scene.runtime == NPURT_TENSORMAP_AND_RINGBUFFER) run(callable, seed, &small[seed % 2]);
        for (uint32_t part = TEMPLATE_AFTER; part < TEMPLATE_PARTS; part++)
            replays[part] += uses[part] - answers[part];
        skips += skipped;
    }
    for (uint32_t part = TEMPLATE_AFTER; part < TEMPLATE_PARTS; part++) { /* in one graph it may be none: other shapes */
        if (part != TEMPLATE_DEFERRED) CHECK(replays[part] > 0);
        all += replays[part];
    }
    printf("  %u graphs, %u replays, %u tasks did not run\n", (uint32_t)GRAPHS, all, skips);
    CHECK(skips > 0);
    SCENE_OK(npurt_callable_unload(callable));
    SCENE_OK(npurt_device_close(device));
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
