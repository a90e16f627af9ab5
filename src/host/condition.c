#include "condition.h"

#include <inttypes.h>
#include <stdio.h>

#include "../protocol/condition.h"
#include "error.h"
#include "stream_code.h"

bool condition_is_waited_for(const struct outcome *o)
{
    return o->answered && o->result.condition.waiting > 0 && o->result.condition.code == 0;
}

static void place(const npurt_run *run, const struct run_condition *c)
{
    error_place(c->task, c->kernel, callable_kernel_name(run->callable, c->kernel), NPURT_NO_CORE);
}

static const char *engine_name(uint32_t engine)
{
    static const char *const name[CONDITION_ENGINES] = {"SDMA", "ROCE", "URMA", "CCU"};
    return engine < CONDITION_ENGINES ? name[engine] : "unknown";
}

/* What is wrong with one that could be registered. */
static void say_wrong(const struct run_condition *c, char *text, size_t size)
{
    if (c->said)
        snprintf(text, size, "it wrote %d, which is no code of its own, for an error into its slab", (int32_t)c->said);
    else if (c->type < 0 || c->type >= CONDITION_TYPES)
        snprintf(text, size, "condition %u, at 0x%" PRIx64 ", is of an unknown type, %d", c->index, c->address,
                 c->type);
    else if (c->engine >= CONDITION_ENGINES)
        snprintf(text, size, "condition %u, at 0x%" PRIx64 ", is of an unknown engine, %u", c->index, c->address,
                 c->engine);
    else if (c->address == 0)
        snprintf(text, size, "condition %u is about address 0", c->index);
    else if (c->address % sizeof(uint32_t))
        snprintf(text, size, "condition %u is about address 0x%" PRIx64 ", which is not aligned to 4 bytes", c->index,
                 c->address);
    else
        snprintf(text, size, "condition %u is about address 0x%" PRIx64 ", which is no memory of the device", c->index,
                 c->address);
}

npurt_status condition_refused(const npurt_run *run, const struct outcome *o)
{
    const struct run_condition *c = &o->result.condition;
    const struct stream_code_entry *entry = stream_code_of(c->code);
    char wrong[160];
    if (c->code == CONDITION_OVERFLOW)
        snprintf(wrong, sizeof wrong, "more than %d conditions: the next one is about address 0x%" PRIx64,
                 CONDITION_MAX, c->address);
    else if (c->code == CONDITION_REGISTRATION_FAILED)
        snprintf(wrong, sizeof wrong, "a condition about address 0x%" PRIx64 " in a task that is not deferred",
                 c->address);
    else
        say_wrong(c, wrong, sizeof wrong);
    error_raise(entry->status, "kernel \"%s\" (id %d) of task %u block %u of \"%s\": %s (%s, code %u)",
                callable_kernel_name(run->callable, c->kernel), c->kernel, c->task, c->block, run->callable->name,
                wrong, entry->name, c->code);
    place(run, c);
    error_hint("%s", entry->hint);
    return entry->status;
}

void condition_tell(const npurt_run *run, const struct outcome *o)
{
    const struct run_condition *c = &o->result.condition;
    const char *kernel = callable_kernel_name(run->callable, c->kernel);
    if (c->type == CONDITION_EVENT)
        error_append(
            "; task %u block %u waits for a condition: kernel \"%s\" (id %d) expects the %s event at 0x%" PRIx64
            ", which is 0",
            c->task, c->block, kernel, c->kernel, engine_name(c->engine), c->address);
    else
        error_append("; task %u block %u waits for a condition: kernel \"%s\" (id %d) expects the counter at 0x%" PRIx64
                     " to be at least %u, and it is %u",
                     c->task, c->block, kernel, c->kernel, c->address, c->expected, c->value);
    if (c->waiting > 1) error_append("; %u more blocks wait for conditions", c->waiting - 1);
    place(run, c);
    if (o->told && o->stream.code == STREAM_FLOW_CONTROL_DEADLOCK) {
        const struct stream_code_entry *entry = stream_code_of(o->stream.code);
        error_append("; %.*s (%s, code %u)", STREAM_TEXT - 1, o->stream.text, entry->name, entry->code);
        error_hint("whoever notifies was not submitted yet: %s", entry->hint);
    } else {
        error_hint("nobody changed the word for so long: the task that notifies was not submitted, waits for this one, "
                   "or notifies another address");
    }
}
