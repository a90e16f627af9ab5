#include "stream_code.h"

#include <stddef.h>

#include "../protocol/stream.h"

static const struct stream_code_entry entry[] = {
    {STREAM_SCOPE_DEADLOCK, "SCOPE_DEADLOCK", NPURT_ERROR_OUT_OF_DEVICE_MEMORY,
     "open scopes hold the heap of their ring: end scopes earlier, or make heap_bytes of the ring larger", NULL},
    {STREAM_HEAP_RING_DEADLOCK, "HEAP_RING_DEADLOCK", NPURT_ERROR_OUT_OF_DEVICE_MEMORY,
     "an output is larger than its ring's heap: make heap_bytes of the ring larger", NULL},
    {STREAM_FLOW_CONTROL_DEADLOCK, "FLOW_CONTROL_DEADLOCK", NPURT_ERROR_STALLED,
     "every task of a full ring waits for something that is not in flight: submit it earlier, or make the ring larger",
     "Told behind the STALLED of a run whose tasks wait for conditions; never without conditions."},
    {STREAM_DEP_POOL_OVERFLOW, "DEP_POOL_OVERFLOW", NPURT_ERROR_LIMIT,
     "one task has more dependencies than its ring has edges: make edges of the ring larger",
     "Never: a task with more producers than its ring has edges waits until some of them have completed."},
    {STREAM_INVALID_ARGS, "INVALID_ARGS", NPURT_ERROR_GRAPH,
     "the submission named in the message is wrong: correct the orchestration", NULL},
    {STREAM_DEPENDENCY_OVERFLOW, "DEPENDENCY_OVERFLOW", NPURT_ERROR_LIMIT,
     "a task has more dependencies than can be counted", "Never: their number has no limit."},
    {STREAM_REQUIRE_SYNC_START_INVALID, "REQUIRE_SYNC_START_INVALID", NPURT_ERROR_GRAPH,
     "a task whose blocks start together has more of them than the device has cores: give it fewer, or "
     "no sync start",
     NULL},
    {STREAM_TENSOR_WAIT_TIMEOUT, "TENSOR_WAIT_TIMEOUT", NPURT_ERROR_STALLED,
     "an element was waited for, and the tasks that write it did not end: look at the kernel that the message names "
     "first",
     "Told behind the cause, whose status the run has."},
    {STREAM_EXPLICIT_ORCH_FATAL, "EXPLICIT_ORCH_FATAL", NPURT_ERROR_ORCHESTRATION,
     "the orchestration called npurt_orch_fail: what its code and text mean is its author's to say", NULL},
    {STREAM_SCOPE_TASKS_OVERFLOW, "SCOPE_TASKS_OVERFLOW", NPURT_ERROR_LIMIT,
     "one scope has too many tasks: open more scopes", "Never: a scope has no list of its tasks."},
    /* numbers of the reference's schedulers; here the run's own code tells these apart from an orchestration's */
    {STREAM_SCHEDULER_TIMEOUT, "SCHEDULER_TIMEOUT", NPURT_ERROR_STALLED,
     "nothing moved for scheduler_timeout_ms: look at the kernel or the task that the message names first; a kernel "
     "that may take so long needs a larger limit",
     "Told behind the STALLED, or behind the KERNEL_TIMEOUT of the kernel that is to blame."},
    {101, "ASYNC_COMPLETION_INVALID", NPURT_ERROR_GRAPH,
     "a kernel registered a condition that is none: each is about a u32 of device memory, aligned to 4 bytes, and of a "
     "type that npurt/kernel.h names",
     NULL},
    {102, "ASYNC_WAIT_OVERFLOW", NPURT_ERROR_LIMIT,
     "a kernel registered more than 64 conditions: a counter that several notify needs one alone", NULL},
    {103, "ASYNC_REGISTRATION_FAILED", NPURT_ERROR_GRAPH,
     "a kernel registered a condition in a task that is not deferred: npurt_task_deferred makes it one", NULL},
    {STREAM_LOAD_FAILED, "LOAD_FAILED", NPURT_ERROR_BAD_BINARY,
     "the device's loader refuses the orchestration: it needs a library or a symbol that the device does not have, "
     "which the message names",
     NULL},
    {STREAM_LIMIT, "LIMIT", NPURT_ERROR_LIMIT, "a documented limit was met; the message names it",
     "It ends the run with NPURT_ERROR_LIMIT, or with the status that the message tells."},
    {STREAM_RETURNED, "RETURNED", NPURT_ERROR_ORCHESTRATION,
     "the orchestration returned a number of its own: what it means is its author's to say", NULL},
};
enum { ENTRIES = sizeof entry / sizeof entry[0] };

const struct stream_code_entry *stream_code_of(uint32_t code)
{
    static const struct stream_code_entry unknown = {0, "unknown", NPURT_ERROR_AICPU_FAULT,
                                                     "host library and AICPU program were not built together", NULL};
    for (uint32_t i = 0; i < ENTRIES; i++)
        if (entry[i].code == code) return &entry[i];
    return &unknown;
}

const struct stream_code_entry *stream_code_at(uint32_t n)
{
    return n < ENTRIES ? &entry[n] : NULL;
}
