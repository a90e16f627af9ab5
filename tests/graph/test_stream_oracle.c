/* Random graphs that run while they are submitted, against an oracle that knows only bytes: when a task completes, all
 * that it conflicts with and that was submitted before must have. So an edge may be missing only where its producer had
 * completed. */
#include "oracle.h"
#include "ready_order.h"

enum { TASKS = ORACLE_TASKS };

/* A graph from the seed; pace: how often tasks complete between submissions, of 4. */
static void play(enum family family, uint64_t seed, uint32_t pace, bool exact)
{
    static struct oracle_bytes bytes;
    npurt_task_id id[TASKS];
    uint32_t arrays[ORACLE_BUFFERS];
    const uint64_t first = seed;
    const uint32_t tasks = 8 + world_random(&seed, TASKS - 7);
    memset(&bytes, 0, sizeof bytes);
    memset(must, 0, sizeof must);
    memset(asked, 0, sizeof asked);
    done = lost = 0;
    for (uint32_t b = 0; b < ORACLE_BUFFERS; b++)
        arrays[b] = world_random(&seed, 6);
    world_begin(seed);
    world.ran = check_order;
    world.unchecked = first % 8 != 0;
    uint32_t depth = 0;
    for (uint32_t i = 0; i < tasks; i++) {
        static const npurt_access accesses[] = {NPURT_ACCESS_INPUT, NPURT_ACCESS_INPUT, NPURT_ACCESS_INOUT,
                                                NPURT_ACCESS_OUTPUT_EXISTING};
        npurt_tensor tensor[3];
        npurt_task t;
        npurt_task_init_aiv(&t, 0);
        if (world_random(&seed, 4) == 0) { /* other rings, other numbers */
            if (depth < 5 && world_random(&seed, 2)) {
                world_scope(NPURT_SCOPE_AUTO);
                depth++;
            } else if (depth > 0) {
                world_scope_end();
                depth--;
            }
        }
        uint32_t part = i;
        for (uint32_t k = 1 + world_random(&seed, 3); k-- > 0;) {
            const uint32_t buffer = world_random(&seed, ORACLE_BUFFERS);
            const npurt_access access = accesses[world_random(&seed, 4)];
            tensor[k] = oracle_tensor(family, buffer, arrays[buffer], &seed);
            npurt_task_add_tensor(&t, access, &tensor[k], NULL, NULL);
            must[i] |= oracle_touch(&bytes, buffer, &tensor[k], i, access != NPURT_ACCESS_OUTPUT_EXISTING,
                                    access != NPURT_ACCESS_INPUT);
            if (family & RENAMED) tensor[k] = oracle_renamed(tensor[k], &seed);
        }
        if (i > 0 && world_random(&seed, 8) == 0) {
            part = world_random(&seed, i);
            npurt_task_after(&t, &id[part], 1);
            must[i] |= UINT64_C(1) << part;
        }
        asked[i] = must[i];
        for (uint32_t p = 0; p < i; p++)
            if (must[i] >> p & 1) asked[i] |= asked[p];
        id[i] = world_submit(&t);
        if (world_random(&seed, 4) < pace) world_run(1 + world_random(&world.seed, 4));
        if (exact && late()) CHECK_FAIL("seed %" PRIu64 ": a task waits that no conflict asks to", first);
    }
    while (depth-- > 0)
        world_scope_end();
    while (world_run(1))
        if (exact && late()) CHECK_FAIL("seed %" PRIu64 ": a task waits that no conflict asks to", first);
    world_finish();
    if (lost) CHECK_FAIL("seed %" PRIu64 ": %u tasks ran before one they conflict with", first, lost);
}

static void rings_for(uint64_t seed)
{
    static const uint32_t windows[] = {4, 8, 16, 64}, edges[] = {4, 5, 7, 16, 64};
    struct stream_control control = world_rings(windows[seed % 4], edges[seed % 5], 4096);
    control.max_regions = seed % 3 == 0 ? 16 + (uint32_t)(seed % 40) : 4096; /* the map's room is scarce too */
    world_create(control);
}

TEST(every_conflict_is_ordered_unless_its_first_task_had_completed)
{
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        if (seed % 10 == 1) rings_for(seed / 10);
        play(ANY, seed, (uint32_t)(seed % 5), false);
    }
}

TEST(the_same_bytes_under_other_addresses_are_ordered)
{
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        if (seed % 10 == 1) rings_for(seed / 10);
        play(ANY | RENAMED, seed, (uint32_t)(seed % 5), false);
    }
    world_create(world_rings(64, 4096, 4096));
    for (uint64_t seed = 1; seed <= 1000; seed++)
        play(NESTED | RENAMED, seed, (uint32_t)(seed % 5), true);
}

TEST(nested_boxes_wait_for_nothing_but_conflicts)
{
    struct stream_control control = world_rings(64, 4096, 4096);
    world_create(control);
    for (uint64_t seed = 1; seed <= 1500; seed++)
        play(NESTED, seed, (uint32_t)(seed % 5), true);
}

TEST_MAIN
