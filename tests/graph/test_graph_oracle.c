/* Random graphs over small buffers against an oracle that knows only bytes. */
#include "oracle.h"
#include "world.h"

enum { TASKS = ORACLE_TASKS, BUFFERS = ORACLE_BUFFERS, SPACE = ORACLE_SPACE };

struct verdict {
    uint32_t lost;      /* pairs that conflict and are not ordered */
    uint32_t unfounded; /* edges that no conflict asks for, directly or through others */
    uint32_t edges;
};

static struct verdict judge(enum family family, uint32_t kinds, uint64_t seed)
{
    static struct oracle_bytes bytes;
    uint64_t must[TASKS] = {0}, after[TASKS] = {0}, asked[TASKS] = {0};
    struct verdict verdict = {0};
    uint32_t arrays[BUFFERS], tasks = 8 + world_random(&seed, TASKS - 7);
    memset(&bytes, 0, sizeof bytes);
    for (uint32_t b = 0; b < BUFFERS; b++)
        arrays[b] = world_random(&seed, 6);

    world_begin_with((struct graph_begin_info){.edge_kinds = kinds});
    for (uint32_t i = 0; i < tasks; i++) {
        static const npurt_access accesses[] = {NPURT_ACCESS_INPUT, NPURT_ACCESS_INPUT, NPURT_ACCESS_INOUT,
                                                NPURT_ACCESS_OUTPUT_EXISTING};
        npurt_tensor tensor[3];
        npurt_task t;
        npurt_task_init_aiv(&t, 0);
        for (uint32_t k = 1 + world_random(&seed, 3); k-- > 0;) {
            uint32_t buffer = world_random(&seed, BUFFERS);
            npurt_access access = accesses[world_random(&seed, 4)];
            tensor[k] = oracle_tensor(family, buffer, arrays[buffer], &seed);
            npurt_task_add_tensor(&t, access, &tensor[k], NULL, NULL);
            must[i] |= oracle_touch(&bytes, buffer, &tensor[k], i, access != NPURT_ACCESS_OUTPUT_EXISTING,
                                    access != NPURT_ACCESS_INPUT);
            if (family & RENAMED) tensor[k] = oracle_renamed(tensor[k], &seed);
        }
        world_submit(&t);
    }
    world_finish();

    uint64_t edges[TASKS] = {0};
    for (uint32_t p = 0; p < tasks; p++)
        for (uint32_t k = 0; k < world_fanout(p); k++)
            edges[world_consumers(p)[k]] |= UINT64_C(1) << p;
    for (uint32_t i = 0; i < tasks; i++) {
        after[i] = edges[i];
        asked[i] = must[i];
        for (uint32_t p = 0; p < i; p++) {
            if (edges[i] >> p & 1) after[i] |= after[p];
            if (must[i] >> p & 1) asked[i] |= asked[p];
        }
        verdict.lost += (uint32_t)__builtin_popcountll(must[i] & ~after[i]);
        verdict.unfounded += (uint32_t)__builtin_popcountll(edges[i] & ~asked[i]);
        verdict.edges += (uint32_t)__builtin_popcountll(edges[i]);
    }
    return verdict;
}

TEST(every_conflict_is_ordered)
{
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct verdict v = judge(ANY, GRAPH_ALL_EDGES, seed);
        if (v.lost) CHECK_FAIL("seed %" PRIu64 ": %u conflicting pairs are not ordered", seed, v.lost);
    }
}

TEST(nested_boxes_get_no_edge_without_a_conflict)
{
    uint64_t edges = 0;
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        struct verdict v = judge(NESTED, GRAPH_ALL_EDGES, seed);
        if (v.lost) CHECK_FAIL("seed %" PRIu64 ": %u conflicting pairs are not ordered", seed, v.lost);
        if (v.unfounded) CHECK_FAIL("seed %" PRIu64 ": %u edges that no conflict asks for", seed, v.unfounded);
        edges += v.edges;
    }
    CHECK(edges > 100000);
}

/* What memory is called says nothing about it: every argument of a call, and every view, may begin at an address of its
 * own. */
TEST(the_same_bytes_under_other_addresses_are_ordered)
{
    uint64_t edges = 0;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        struct verdict any = judge(ANY | RENAMED, GRAPH_ALL_EDGES, seed), v = judge(NESTED | RENAMED, GRAPH_ALL_EDGES, seed);
        if (any.lost + v.lost) CHECK_FAIL("seed %" PRIu64 ": %u conflicting pairs are not ordered", seed, any.lost + v.lost);
        if (v.unfounded) CHECK_FAIL("seed %" PRIu64 ": %u edges that no conflict asks for", seed, v.unfounded);
        edges += v.edges;
    }
    CHECK(edges > 75000);
}

/* Longer graphs, where lists have become grids and regions have come and gone: the oracle keeps each byte's last writer
 * and the readers since, and asks for a path from each. */
enum { LONG = 1024, WORDS = LONG / 64 };

static void touch_long(const npurt_tensor *t, uint32_t task, bool writes, uint64_t *must)
{
    static uint64_t readers[SPACE][WORDS];
    static uint32_t writer[SPACE]; /* 1 + task */
    if (!t) {
        memset(readers, 0, sizeof readers);
        memset(writer, 0, sizeof writer);
        return;
    }
    uint32_t at[NPURT_MAX_DIMS] = {0}, element = npurt_dtype_size((npurt_dtype)t->dtype);
    for (;;) {
        uint64_t offset = t->start_offset;
        for (uint32_t d = 0; d < t->ndims; d++)
            offset += (uint64_t)at[d] * t->strides[d];
        for (uint64_t b = offset * element; b < (offset + 1) * element; b++) {
            if (writer[b] != 0) must[(writer[b] - 1) / 64] |= UINT64_C(1) << (writer[b] - 1) % 64;
            for (uint32_t w = 0; writes && w < WORDS; w++) {
                must[w] |= readers[b][w];
                readers[b][w] = 0;
            }
            if (writes)
                writer[b] = task + 1;
            else
                readers[b][task / 64] |= UINT64_C(1) << task % 64;
        }
        uint32_t d = t->ndims;
        while (d > 0 && ++at[d - 1] == t->shape[d - 1])
            at[--d] = 0;
        if (d == 0) break;
    }
    must[task / 64] &= ~(UINT64_C(1) << task % 64);
}

TEST(every_conflict_of_a_long_graph_is_ordered)
{
    static uint64_t must[LONG][WORDS], after[LONG][WORDS];
    for (uint64_t first = 1; first <= 60; first++) {
        uint64_t seed = first * 977;
        const enum family family = first % 4; /* every second one under other addresses */
        uint32_t which = world_random(&seed, 6);
        memset(must, 0, sizeof must);
        memset(after, 0, sizeof after);
        touch_long(NULL, 0, false, NULL);
        world_begin();
        for (uint32_t i = 0; i < LONG; i++) {
            npurt_tensor in = oracle_tensor(family, 0, which, &seed), out = oracle_tensor(family, 0, which, &seed);
            npurt_task t;
            npurt_task_init_aiv(&t, 0);
            npurt_task_input(&t, &in);
            if (world_random(&seed, 2)) npurt_task_output_existing(&t, &out);
            touch_long(&in, i, false, must[i]);
            if (t.tensor_count == 2) touch_long(&out, i, true, must[i]);
            if (family & RENAMED) in = oracle_renamed(in, &seed), out = oracle_renamed(out, &seed);
            world_submit(&t);
        }
        world_finish();
        for (uint32_t p = 0; p < LONG; p++) {
            after[p][p / 64] |= UINT64_C(1) << p % 64; /* final: every edge to p was passed on before */
            for (uint32_t k = 0; k < world_fanout(p); k++)
                for (uint32_t w = 0; w < WORDS; w++)
                    after[world_consumers(p)[k]][w] |= after[p][w];
        }
        for (uint32_t i = 0; i < LONG; i++)
            for (uint32_t w = 0; w < WORDS; w++)
                if (must[i][w] & ~after[i][w])
                    CHECK_FAIL("graph %" PRIu64 ": task %u is not after task %d", first, i,
                               (int)w * 64 + __builtin_ctzll(must[i][w] & ~after[i][w]));
    }
}

static uint32_t graphs_that_fail_without(uint32_t kind)
{
    uint32_t failed = 0;
    for (uint64_t seed = 1; seed <= 200; seed++)
        failed += judge(NESTED, GRAPH_ALL_EDGES & ~kind, seed).lost != 0;
    printf("  %u of 200 graphs fail\n", failed);
    return failed;
}

TEST(without_read_after_write_the_oracle_objects)
{
    CHECK(graphs_that_fail_without(GRAPH_RAW) > 100);
}
TEST(without_write_after_write_the_oracle_objects)
{
    CHECK(graphs_that_fail_without(GRAPH_WAW) > 100);
}
TEST(without_write_after_read_the_oracle_objects)
{
    CHECK(graphs_that_fail_without(GRAPH_WAR) > 100);
}

TEST_MAIN
