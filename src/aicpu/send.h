/* Sending a block to a core: payload first, then the number to DATA_MAIN_BASE. Payloads are filled for up to SEND_BATCH
 * cores before their numbers are stored in a burst, so that the cores start together and the stores, which are posted,
 * do not wait for lines of the next payload. */
#ifndef NPURT_AICPU_SEND_H
#define NPURT_AICPU_SEND_H

#include "scheduler.h"

enum { SEND_TENSOR = 128, SEND_ARG_LOCAL = 48, SEND_ARG_GLOBAL = 49 };

static inline void send_flush(struct scheduler *s)
{
    for (uint32_t i = 0; i < s->send_count; i++)
        port_reg_store(s->send[i].registers, s->reg_dmb, s->send[i].number);
    s->stores += s->send_count;
    s->send_count = 0;
}

/* The words of a payload that change for no task, or for deferred ones only, set when it is first used in a run. */
static inline void send_constants(const struct scheduler *s, struct dispatch_payload *p)
{
    condition_begin(s, p);
    p->args[SEND_ARG_LOCAL] = (int64_t)(uintptr_t)&p->block_idx;
    p->args[SEND_ARG_GLOBAL] = (int64_t)(uintptr_t)&p->sub_block_id;
}

/* Notes the block as the core's next and fills its payload. `task_slot` chooses the kernel; `slot` is the core's. */
static inline uint32_t send_prepare(const struct scheduler *s, struct core_state *core, unsigned slot, uint32_t task,
                                    uint32_t block, unsigned task_slot)
{
    const struct image_task *t = &s->tasks[task];
    uint32_t number = core_send(core, task, block);
    uint32_t name = scheduler_task_name(s, task);
    recorder_sent(core, number, name, block, s->stamp);
    struct dispatch_payload *p = &core->payload[number & 1];
    if (number <= DISPATCH_NUMBER_FIRST + 1) send_constants(s, p);
    p->kernel = s->kernels[t->kernel[task_slot]].image;
    p->block_idx = (int32_t)block;
    p->block_num = t->block_num;
    p->tensor_count = t->tensor_count;
    p->scalar_count = t->scalar_count;
    p->sub_block_id = task_slot == 2;
    p->task = name;
    if (__builtin_expect(t->flags & IMAGE_DEFERRED, 0)) condition_send(s, p, task, block, slot);
    uint64_t payload = s->payloads + (uint64_t)t->payload * 64;
    int64_t *args = p->args;
    for (uint32_t i = 0; i < t->tensor_count; i++, payload += SEND_TENSOR)
        *args++ = (int64_t)payload;
    const int64_t *scalars = (const int64_t *)(uintptr_t)payload;
    for (uint32_t i = 0; i < t->scalar_count; i++)
        *args++ = scalars[i];
    return number;
}

/* The value, a number and its flag, will be stored by the next send_flush, at the latest. */
static inline void send_queue(struct scheduler *s, const struct core_state *core, uint32_t number)
{
    s->dispatches++;
    if (s->send_count == SEND_BATCH) send_flush(s);
    s->send[s->send_count++] = (struct send){core->registers, number};
}

/* Sends a block to a core that is idle, or runs one and has none behind it. `flag`: 0, or DMB_GATED. */
static inline void send_block(struct scheduler *s, unsigned slot, uint32_t cluster, uint32_t task, uint32_t block,
                              unsigned task_slot, uint32_t flag)
{
    struct core_state *core = &s->core[cluster * CORE_SLOTS + slot];
    uint32_t number = send_prepare(s, core, slot, task, block, task_slot);
    uint64_t bit = UINT64_C(1) << cluster % 64;
    if (core->phase == CORE_SENT) {
        s->idle[slot].word[cluster / 64] &= ~bit;
        s->busy[slot].word[cluster / 64] |= bit;
        s->busy_count++;
        core->since = s->tick;
    } else {
        s->stageable[slot].word[cluster / 64] &= ~bit;
        s->quick[slot].word[cluster / 64] &= ~bit;
    }
    send_queue(s, core, number | flag);
}

#endif
