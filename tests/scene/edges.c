/* The test of the tests: a random graph executed by nothing but its edges, in random orders that they allow, gives the
 * interpreter's result; with any one kind of edge switched off it does not. So the graphs do ask for every kind. */
#include "built.h"

#include "random_graph/generator.h"
#include "protocol/predicate.h"

enum { GRAPHS = 60, ORDERS = 3, HELD = 64 /* tasks that wait for conditions at a time */ };

/* The predicate of an image's task, if it has one; the generator's are about unsigned integers. */
static bool predicate_allows(const struct image_task *t, const uint8_t *payload)
{
    const uint8_t *at = payload + t->tensor_count * sizeof(npurt_tensor) + t->scalar_count * sizeof(uint64_t);
    struct image_predicate p;
    uint32_t x, y;
    if (!(t->flags & IMAGE_PREDICATE)) return true;
    memcpy(&p, at, sizeof p);
    memcpy(&x, (const void *)(uintptr_t)p.address, sizeof x);
    y = (uint32_t)p.bits;
    return p.compare == NPURT_EQUAL        ? x == y
           : p.compare == NPURT_NOT_EQUAL  ? x != y
           : p.compare == NPURT_LESS       ? x < y
           : p.compare == NPURT_LESS_EQUAL ? x <= y
           : p.compare == NPURT_GREATER    ? x > y
                                           : x >= y;
}

/* Executes the image's tasks in an order drawn from `seed`: any task whose producers are done may be next. */
static void execute(const struct run *run, const uint8_t *image, uint64_t seed)
{
    const struct image_header *header = (const struct image_header *)image;
    const struct image_task *task = (const struct image_task *)(image + header->tasks_offset);
    const uint32_t *first = (const uint32_t *)(image + header->ready_offset);
    const uint32_t *edge = (const uint32_t *)(image + header->edges_offset);
    const uint32_t nodes = header->task_count + header->join_count;
    uint32_t *waiting = malloc(nodes * sizeof waiting[0]);
    uint32_t *ready = malloc(header->task_count * sizeof ready[0]), ready_count = header->ready_count, done = 0;
    struct {
        uint32_t task;
        struct interpreter_waits waits;
    } held[HELD];
    uint32_t held_count = 0;
    CHECK(waiting && ready);
    for (uint32_t i = 0; i < nodes; i++)
        waiting[i] = task[i].fanin;
    memcpy(ready, first, ready_count * sizeof ready[0]);
    while (ready_count > 0) {
        uint32_t pick = (uint32_t)(example_random(seed, 11, done) % ready_count), number = ready[pick];
        const struct image_task *t = &task[number];
        const uint8_t *payload = image + header->payload_offset + (uint64_t)t->payload * 64;
        ready[pick] = ready[--ready_count];
        if (t->shape != SHAPE_DUMMY && predicate_allows(t, payload)) {
            struct interpreter_task call = {.kernel = {t->kernel[0], t->kernel[1], t->kernel[2]},
                                            .block_num = t->block_num,
                                            .tensor_count = t->tensor_count,
                                            .scalar_count = t->scalar_count,
                                            .tensor = (const npurt_tensor *)payload,
                                            .scalar =
                                                (const uint64_t *)(payload + t->tensor_count * sizeof(npurt_tensor)),
                                            .waits = t->flags & IMAGE_DEFERRED ? &held[held_count].waits : NULL};
            if (call.waits) *call.waits = (struct interpreter_waits){0};
            interpreter_run_task(&run->kernels, &call);
        }
        CHECK(held_count + 1 < HELD);
        held[held_count++].task = number; /* complete when its conditions hold: mostly at once */
        for (uint32_t h = 0; h < held_count; h++) {
            const struct image_task *over = &task[held[h].task];
            if (over->flags & IMAGE_DEFERRED) {
                if (!interpreter_waits_hold(&held[h].waits)) continue;
                free(held[h].waits.condition);
            }
            for (uint32_t i = 0; i < over->fanout_count; i++) {
                const uint32_t node = edge[over->fanout_begin + i];
                if (--waiting[node] > 0) continue;
                const struct image_task *join = node < header->task_count ? NULL : &task[node];
                if (!join) ready[ready_count++] = node;
                for (uint32_t k = 0; join && k < join->fanout_count; k++)
                    if (--waiting[edge[join->fanout_begin + k]] == 0) ready[ready_count++] = edge[join->fanout_begin + k];
            }
            held[h--] = held[--held_count];
            done++;
        }
    }
    uint32_t all = header->task_count;
    free(waiting);
    free(ready);
    CHECK_EQ(done, all);
}

/* In how many of the graphs some allowed order gives a wrong result. */
static uint32_t wrong_graphs(uint32_t edge_kinds)
{
    struct run run;
    uint32_t wrong_count = 0;
    begin(&run, &random_graph);
    for (uint32_t g = 0; g < GRAPHS; g++) {
        struct example_case which = {"random", "", {50 + 10 * g, g % 2 ? GENERATE_PREDICATES : 0}};
        struct example_problem problem;
        double max_abs_error;
        bool wrong = false;
        CHECK_EQ(example_prepare(&random_graph, &which, 5000 + g, &problem), 0);
        uint8_t *image = build(&run, &problem, edge_kinds | GRAPH_JOINS);
        for (uint32_t order = 0; order < ORDERS; order++) {
            example_restore(&problem);
            execute(&run, image, g * ORDERS + order);
            wrong = example_check(&problem, &max_abs_error) != 0 || wrong;
        }
        wrong_count += wrong;
        free(image);
        example_release(&problem);
    }
    end(&run);
    return wrong_count;
}

TEST(every_order_that_the_edges_allow_is_right)
{
    CHECK_EQ(wrong_graphs(GRAPH_ALL_EDGES), 0);
}

/* Of the workloads too. */
TEST(every_workload_is_right_in_every_order)
{
    uint32_t joins = 0; /* of the layer, whose projection down waits for all of the stage before */
    for (uint32_t e = 0; e < example_count; e++)
        for (uint32_t c = 0; c < example_all[e]->case_count; c++) {
            struct run run;
            struct example_problem problem;
            double max_abs_error;
            if (example_case_is_full(&example_all[e]->cases[c]) || example_all[e]->elements) continue;
            begin(&run, example_all[e]);
            CHECK_EQ(example_prepare(example_all[e], &example_all[e]->cases[c], 1, &problem), 0);
            uint8_t *image = build(&run, &problem, GRAPH_ALL_EDGES | GRAPH_JOINS);
            joins += ((const struct image_header *)image)->join_count;
            for (uint64_t order = 0; order < ORDERS; order++) {
                example_restore(&problem);
                execute(&run, image, order);
                if (example_check(&problem, &max_abs_error) != 0)
                    CHECK_FAIL("%s %s, order %u: largest error %g", example_all[e]->name, problem.which->name,
                               (unsigned)order, max_abs_error);
            }
            free(image);
            example_release(&problem);
            end(&run);
        }
    CHECK(joins > 0);
}

/* Half: one lucky graph would be no proof that the kind is tested. */
static void is_missed(uint32_t kind)
{
    uint32_t wrong = wrong_graphs(GRAPH_ALL_EDGES & ~kind);
    printf("  wrong without it: %u of %u graphs\n", wrong, (unsigned)GRAPHS);
    CHECK(wrong >= GRAPHS / 2);
}

TEST(missing_read_after_write_edges_are_noticed)
{
    is_missed(GRAPH_RAW);
}
TEST(missing_write_after_write_edges_are_noticed)
{
    is_missed(GRAPH_WAW);
}
TEST(missing_write_after_read_edges_are_noticed)
{
    is_missed(GRAPH_WAR);
}

TEST_MAIN
