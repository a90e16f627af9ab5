# file: src/aicpu/completion.c
# fault: a join of an image lets its tasks go when one of its producers is still due
# caught by: cross_graph_run tasks_behind_joins_*
/^static void release_join/,/^}/s/if (!count_down(s, join)) return;/if (s->state[join].fanin_left == 2) s->state[join].fanin_left = 1;\n    if (!count_down(s, join)) return;/
