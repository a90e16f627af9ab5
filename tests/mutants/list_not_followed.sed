# file: src/aicpu/completion.c
# fault: of a completed task's edges only the newest is followed
# caught by: test_rings random_graphs_*
/^static inline void complete_slot/,/^}/s/edge = e\.next;/edge = STREAM_EDGE_NONE;/
