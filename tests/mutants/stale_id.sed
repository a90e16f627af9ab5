# file: src/graph/submit.c
# fault: the id of a task that has retired stands for whoever has its place now
# caught by: test_stream_rings a_dependency_on_a_task_that_has_long_retired_*
/^npurt_status graph_submit/,/^}/s/^        edges_add(&g->edges, number);/&\
#if defined(NPURT_GRAPH_STREAM)\
        if (!edges_live(\&g->edges, number)) g->edges.producers[g->edges.count++] = edges_slot(\&g->edges, number);\
#endif/
