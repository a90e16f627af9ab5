#include "engine.h"

/* What both places of the engine have in common: refusals, scopes, and what is asked of a graph. */

npurt_orch *graph_orch(struct graph *graph)
{
    return &graph->orch;
}

npurt_status graph_refuse_words(struct graph *g, npurt_status status, const struct word *words, uint32_t count)
{
    if (g->latched == NPURT_OK) {
        g->latched = status;
        problem_write(g->problem, sizeof g->problem, words, count);
    }
    return g->latched;
}

npurt_status graph_scope_begin(struct graph *g, npurt_scope_mode mode)
{
    if (g->latched) return g->latched;
    if (g->state != GRAPH_OPEN)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("scope begun outside of a graph"));
    if (mode != NPURT_SCOPE_AUTO && mode != NPURT_SCOPE_MANUAL)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("scope mode "), NUMBER(mode),
                            WORD(" is neither NPURT_SCOPE_AUTO nor NPURT_SCOPE_MANUAL"));
    if (g->depth == NPURT_MAX_SCOPE_DEPTH)
        return graph_refuse(g, NPURT_ERROR_LIMIT, WORD("scope begun after task "), NUMBER(g->task_count),
                            WORD(": scopes nest at most "), NUMBER(NPURT_MAX_SCOPE_DEPTH), WORD(" deep"));
    if (mode == NPURT_SCOPE_AUTO && g->manual)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("scope begun after task "), NUMBER(g->task_count),
                            WORD(": an AUTO scope can not be inside a MANUAL one, whose tasks it does not know"));
    g->around[g->depth++] = g->manual;
    g->manual = mode == NPURT_SCOPE_MANUAL;
    store_scope_begin(g);
    if (g->templates->recording) template_record_scope(g, true, mode);
    return NPURT_OK;
}

npurt_status graph_scope_end(struct graph *g)
{
    if (g->latched) return g->latched;
    if (g->state != GRAPH_OPEN || g->depth == 0)
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("scope ended after task "), NUMBER(g->task_count),
                            WORD(": there is none open"));
    if (template_scope_is_own(g))
        return graph_refuse(g, NPURT_ERROR_INVALID_ARGUMENT, WORD("scope ended after task "), NUMBER(g->task_count),
                            WORD(": it was not begun in the template "), NUMBER(g->templates->key),
                            WORD(", which is open"));
    if (g->templates->recording) template_record_scope(g, false, NPURT_SCOPE_AUTO);
    store_scope_end(g, g->depth);
    g->manual = g->around[--g->depth];
    return NPURT_OK;
}

const char *graph_problem(const struct graph *g)
{
    return g->problem;
}

int32_t graph_user_code(const struct graph *g)
{
    return g->user_code;
}

uint32_t graph_task_count(const struct graph *g)
{
    return g->task_count;
}

uint64_t graph_probes(const struct graph *g)
{
    return g->map.probes;
}
