# file: src/aicpu/balance.c
# fault: a list given to a scheduler takes the place of one that it has not fetched
# caught by: test_rings random_graphs_*
/^void balance_give/,/^}/s/state\[list->last\]\.link = .*;/state[list->last].link = TASK_NONE;/
