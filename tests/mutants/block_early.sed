# file: src/aicpu/completion.c
# fault: a task counts as complete one block early
# caught by: test_rings random_graphs_*
s/if (left != 1 + NPURT_PLANTED_BLOCKS_OUT) return;/if (left > 2) return;/
