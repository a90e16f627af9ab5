/* Ranks in a ring: in every round each sends half of what it has to its neighbour's inbox and notifies it, waits for
 * its own notification, and adds 1 to what it has got. Between who sends and who reads there is no dependency: the
 * reader is told of the receiving task alone, which is complete when the sender has notified. Tensors: counters [ranks,
 * 16] u32, x and y [ranks, n]. Scalar: rounds. */
#include <npurt/orchestration.h>

#include "layout.h"

enum { SEND = 0, RECEIVE = 1, ADD_SCALAR = 2 };
enum { COUNTERS, X, Y };

NPURT_API int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);

static void receive(npurt_orch *orch, const npurt_tensor *counters, uint32_t rank, uint32_t messages, npurt_task_id *id)
{
    npurt_task task;
    npurt_task_init_aiv(&task, RECEIVE);
    npurt_task_deferred(&task);
    npurt_task_no_dep(&task, counters);
    npurt_task_scalar(&task, rank);
    npurt_task_scalar(&task, messages);
    npurt_orch_submit(orch, &task, id);
}

/* After the rank's send of the round before, *sent: a counter tells how many messages have come, not which. */
static void send(npurt_orch *orch, const npurt_tensor *counters, const npurt_tensor *x, const npurt_tensor *inbox,
                 uint32_t to, uint32_t round, npurt_task_id *sent)
{
    const npurt_task_id before = *sent;
    npurt_task task;
    npurt_task_init_aiv(&task, SEND);
    npurt_task_input(&task, x);
    npurt_task_no_dep(&task, inbox);
    npurt_task_no_dep(&task, counters);
    npurt_task_scalar(&task, to);
    npurt_task_after(&task, &before, round > 1);
    npurt_orch_submit(orch, &task, sent);
}

int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args)
{
    const npurt_tensor *t = args->tensor;
    const uint32_t ranks = t[X].shape[0], n = t[X].shape[1], rounds = (uint32_t)args->scalar[0];
    const npurt_tensor_spec inbox_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {ranks, n}},
                            row_spec = {.dtype = NPURT_F32, .ndims = 2, .shape = {1, n}};
    npurt_tensor has[MAX_RANKS];
    npurt_task_id received[MAX_RANKS], sent[MAX_RANKS];
    if (ranks > MAX_RANKS) {
        npurt_orch_fail(orch, 1, "more ranks than the orchestration has room for");
        return 1;
    }
    for (uint32_t r = 0; r < ranks; r++) {
        has[r] = npurt_tensor_slice(&t[X], 0, r, r + 1, 1);
        sent[r] = NPURT_TASK_NONE;
    }
    for (uint32_t round = 1; round <= rounds; round++) {
        npurt_tensor inbox;
        if (npurt_orch_alloc(orch, &inbox_spec, &inbox) != NPURT_OK) return 0;
        for (uint32_t r = 0; r < ranks; r++)
            receive(orch, &t[COUNTERS], r, round, &received[r]);
        for (uint32_t r = 0; r < ranks; r++)
            send(orch, &t[COUNTERS], &has[r], &inbox, (r + 1) % ranks, round, &sent[r]);
        for (uint32_t r = 0; r < ranks; r++) {
            const npurt_tensor got = npurt_tensor_slice(&inbox, 0, r, r + 1, 1),
                               last = npurt_tensor_slice(&t[Y], 0, r, r + 1, 1);
            npurt_task task;
            npurt_task_init_aiv(&task, ADD_SCALAR);
            npurt_task_no_dep(&task, &got);
            if (round == rounds)
                npurt_task_output_existing(&task, &last);
            else
                npurt_task_output_new(&task, &row_spec, &has[r]);
            npurt_task_scalar_f32(&task, 1);
            npurt_task_after(&task, &received[r], 1);
            npurt_orch_submit(orch, &task, NULL);
        }
    }
    return 0;
}
