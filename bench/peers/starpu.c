/* StarPU: tasks whose handles say what they read and write; policy lws. Independent tasks have no handles: 100,000 of them
 * would take longer to make known than the tasks take to run. Between measurements its workers, which look for work
 * without pause, are held. */
#include <starpu.h>

#include <stdio.h>
#include <stdlib.h>

#include "graphs/graphs.h"
#include "graphs/work.h"
#include "peer.h"

static uint32_t turns;

static uint32_t *cell_of(void *buffer)
{
    return (uint32_t *)STARPU_VARIABLE_GET_PTR(buffer);
}

static void add_one(void **buffers, void *argument)
{
    (void)argument;
    work(turns);
    *cell_of(buffers[0]) += 1;
}
static void add_one_at(void **buffers, void *argument)
{
    (void)buffers;
    work(turns);
    *(uint32_t *)argument += 1;
}
static void sum1(void **buffers, void *argument)
{
    (void)argument;
    *cell_of(buffers[1]) = *cell_of(buffers[0]);
}
static void sum2(void **buffers, void *argument)
{
    (void)argument;
    *cell_of(buffers[2]) = *cell_of(buffers[0]) + *cell_of(buffers[1]);
}
static void sum3(void **buffers, void *argument)
{
    (void)argument;
    work(turns);
    *cell_of(buffers[3]) = *cell_of(buffers[0]) + *cell_of(buffers[1]) + *cell_of(buffers[2]) + 1;
}

/* cl_of[n]: reads n handles and writes one; with 0: adds to it. */
static struct starpu_codelet cl_at = {.cpu_funcs = {add_one_at}, .nbuffers = 0},
                             cl_of[] = {
                                 {.cpu_funcs = {add_one}, .nbuffers = 1, .modes = {STARPU_RW}},
                                 {.cpu_funcs = {sum1}, .nbuffers = 2, .modes = {STARPU_R, STARPU_W}},
                                 {.cpu_funcs = {sum2}, .nbuffers = 3, .modes = {STARPU_R, STARPU_R, STARPU_W}},
                                 {.cpu_funcs = {sum3}, .nbuffers = 4, .modes = {STARPU_R, STARPU_R, STARPU_R, STARPU_W}},
                             };

static void require(int error, const char *what)
{
    if (error == 0) return;
    fprintf(stderr, "StarPU: %s: %d\n", what, error);
    exit(1);
}

static void begin(void)
{
    struct starpu_conf conf;
    setenv("STARPU_SILENT", "1", 0);
    setenv("STARPU_HOME", PEER_STARPU, 0); /* where it writes what it knows of the machine */
    starpu_conf_init(&conf);
    conf.sched_policy_name = "lws";
    conf.ncuda = conf.nopencl = 0;
    require(starpu_init(&conf), "starpu_init");
    starpu_pause();
}

static void end(void)
{
    starpu_resume();
    starpu_shutdown();
}

static void submit(struct starpu_codelet *codelet, starpu_data_handle_t *const *handles, void *argument)
{
    struct starpu_task *task = starpu_task_create();
    task->cl = codelet;
    task->cl_arg = argument;
    for (int i = 0; i < codelet->nbuffers; i++)
        task->handles[i] = *handles[i];
    require(starpu_task_submit(task), "starpu_task_submit");
}

static starpu_data_handle_t *known(uint32_t *cells, uint32_t count)
{
    starpu_data_handle_t *handles = calloc(count ? count : 1, sizeof *handles);
    if (!handles) exit(1);
    for (uint32_t i = 0; i < count; i++)
        starpu_variable_data_register(&handles[i], STARPU_MAIN_RAM, (uintptr_t)(cells + (size_t)i * GRAPHS_CELL),
                                      GRAPHS_CELL * sizeof *cells);
    return handles;
}

static void forget(starpu_data_handle_t *handles, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        starpu_data_unregister(handles[i]);
    free(handles);
}

static double run_ns(const struct peer_work *w)
{
    const uint32_t width = w->width;
    const uint32_t count = w->pattern == GRAPHS_INDEPENDENT ? 0 : w->pattern == GRAPHS_CHAIN ? 1 : 2 * width;
    starpu_data_handle_t *h = known(w->cells, count);
    turns = w->turns;
    starpu_resume();
    const double begun = peer_now_ns();
    for (uint32_t i = 0; i < w->tasks; i++) {
        if (w->pattern == GRAPHS_INDEPENDENT) {
            submit(&cl_at, NULL, w->cells + (size_t)i * GRAPHS_CELL);
        } else if (w->pattern == GRAPHS_CHAIN) {
            submit(&cl_of[0], (starpu_data_handle_t *[]){h}, NULL);
        } else {
            const uint32_t x = i % width, from = (i / width & 1) * width;
            const uint32_t left = x > 0 ? x - 1 : x, right = x + 1 < width ? x + 1 : x;
            submit(&cl_of[3], (starpu_data_handle_t *[]){h + from + left, h + from + x, h + from + right, h + width - from + x},
                   NULL);
        }
    }
    require(starpu_task_wait_for_all(), "starpu_task_wait_for_all");
    const double ns = peer_now_ns() - begun;
    forget(h, count); /* before the workers are held: it waits for them */
    starpu_pause();
    return ns;
}

static double submit_ns(uint32_t batches, uint32_t inputs)
{
    static uint32_t cells[PEER_RING * GRAPHS_CELL];
    starpu_data_handle_t *h = known(cells, PEER_RING);
    double ns = 0;
    turns = 0;
    for (uint32_t batch = 0; batch < batches; batch++) {
        const double from = peer_now_ns();
        for (uint32_t i = 0; i < PEER_BATCH; i++) {
            starpu_data_handle_t *of[4];
            for (uint32_t k = 0; k < inputs; k++)
                of[k] = h + (i + PEER_RING - 1 - k) % PEER_RING;
            of[inputs] = h + i % PEER_RING;
            submit(&cl_of[inputs], of, NULL);
        }
        ns += peer_now_ns() - from;
        starpu_resume();
        require(starpu_task_wait_for_all(), "starpu_task_wait_for_all");
        starpu_pause();
    }
    starpu_resume();
    forget(h, PEER_RING);
    starpu_pause();
    return ns / batches / PEER_BATCH;
}

const struct peer peer_starpu = {
    .name = "StarPU", .begin = begin, .end = end, .run_ns = run_ns, .submit_ns = submit_ns};
