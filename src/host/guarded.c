#include "guarded.h"

#include <stdio.h>
#include <string.h>
#include "../symbol/cause.h"
#include "../symbol/symbol.h"
#include "error.h"
#include "reason.h"

enum { TEXT = 200 };

/* "it has submitted 3 tasks, the last of them task 2 "add"". */
static const char *put_submitted(const npurt_callable *c, const struct graph *graph, char text[TEXT])
{
    struct graph_glance g;
    graph_glance(graph, &g);
    if (g.tasks == 0) return strcpy(text, "it has submitted no task");
    int used = snprintf(text, TEXT, "it has submitted %u task%s, the last of them task %u", g.tasks,
                        g.tasks == 1 ? "" : "s", g.tasks - 1);
    const char *before = " ";
    for (int slot = 0; slot < 3; slot++) {
        if (g.kernel[slot] < 0) continue;
        used += snprintf(text + used, (size_t)(TEXT - used), "%s\"%.20s\"", before, callable_kernel_name(c, g.kernel[slot]));
        before = "+";
    }
    return text;
}

static npurt_status raise_fault(npurt_callable *c, const struct guard_call *call, const char *submitted)
{
    const struct guard_fault *f = &call->fault;
    struct symbol_place place;
    char cause[80], where[TEXT], from[TEXT] = "", hint[TEXT];
    cause_text(f->signal, f->code, f->address, f->overflow, cause, sizeof cause);
    symbol_find(f->pc, false, &place);
    symbol_text(&place, f->caller != 0, where, sizeof where);
    if (f->caller) {
        symbol_find(f->caller, true, &place);
        symbol_text(&place, false, from, sizeof from);
    }
    error_raise(NPURT_ERROR_ORCHESTRATION, "orchestration of \"%s\" faulted: %s in %s%s%s; %s", c->name, cause, where,
                *from ? ", called from " : "", from, submitted);
    error_hint("%s; its callable is not called again: unload it", reason_hint(cause, "orchestration", hint, sizeof hint));
    return NPURT_ERROR_ORCHESTRATION;
}

npurt_status guarded_explain(npurt_run *run, const struct guard_call *call)
{
    npurt_callable *c = run->callable;
    const bool cut = call->end == GUARD_INTERRUPTED, cancelled = call->why == GUARD_CANCEL;
    char submitted[TEXT];
    put_submitted(c, call->graph, submitted);
    c->broken = call->end != GUARD_STOPPED;
    if (call->end == GUARD_FAULTED) return raise_fault(c, call, submitted);
    const npurt_status status = cancelled ? NPURT_ERROR_CANCELLED : NPURT_ERROR_STALLED;
    if (cancelled)
        error_raise(status, "orchestration of \"%s\" was cancelled after %u ms; %s", c->name, call->ms, submitted);
    else
        error_raise(status, "orchestration of \"%s\" did not return within %u ms; %s", c->name, call->ms, submitted);
    error_hint("%s%s", cancelled ? "" : "the orchestration loops, or waits for something that does not come; one that needs "
                                        "longer has orchestration_timeout_ms (npurt run --timeout)",
               !cut        ? ""
               : cancelled ? "it was interrupted in its own code: its callable is not called again, unload it"
                           : "; it was interrupted: its callable is not called again, unload it");
    return status;
}

npurt_status guarded_check(const npurt_callable *c)
{
    if (!c->broken) return NPURT_OK;
    error_raise(NPURT_ERROR_INVALID_ARGUMENT,
                "callable \"%s\" is broken: its orchestration faulted, or was interrupted, in a call before", c->name);
    error_hint("what the orchestration held then, it holds still: unload the callable and load it again");
    return NPURT_ERROR_INVALID_ARGUMENT;
}
