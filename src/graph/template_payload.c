/* Payloads that a body's recording leaves for its replays. What an argument in one of the template's tensors is told to a
 * kernel depends on that tensor alone: a task all of whose arguments are such is given, in a use with the same tensors,
 * the payload that was written once, and none is written for it. It is never written again while the graph runs, so
 * that it does not matter which uses are still in flight. Where payloads can not be shared (store.h) there are none. */
#include "template_op.h"

#include <string.h>

/* The template's tensors that the arguments are in; 0: some argument, or a scalar, is another one in every use. */
static uint64_t tensors_of(struct op *op)
{
    uint64_t tensors = 0;
    if (op->has_predicate || op->template_scalars != 0) return 0;
    for (uint32_t i = 0; i < op->tensor_count; i++) {
        if (op_tensors(op)[i].source != SOURCE_TENSOR) return 0;
        tensors |= UINT64_C(1) << op_tensors(op)[i].index;
    }
    return tensors;
}

void template_payloads_keep(struct templates *t, const struct template_body *body)
{
    for (uint32_t at = body->ops; at < body->ops_end && STORE_SHARES_PAYLOADS;) {
        struct op *op = (struct op *)(t->memory + at);
        at += op->size;
        if (op->kind != OP_TASK || (op->tensors = tensors_of(op)) == 0) continue;
        const uint64_t first = ((uint64_t)t->used + GRAPH_PAYLOAD_UNIT - 1) & ~(uint64_t)(GRAPH_PAYLOAD_UNIT - 1);
        const uint64_t size = image_payload_size(&op->record);
        if (first + size > TEMPLATE_MEMORY) return;
        npurt_tensor *payload = (npurt_tensor *)(t->memory + first);
        for (uint32_t i = 0; i < op->tensor_count; i++)
            template_describe(&t->tensor[op_tensors(op)[i].index], &op_tensors(op)[i], &payload[i]);
        memcpy(payload + op->tensor_count, op_scalars(op), op->scalar_count * sizeof(uint64_t));
        op->payload = (uint32_t)first;
        t->used = (uint32_t)(first + size + 7) & ~7u;
    }
}
