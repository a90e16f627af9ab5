# file: src/graph/graph.c
# fault: a task may be staged when one of its producers lets it
# caught by: test_graph_special who_may_be_staged_*
s/if (open == 0 || open < t->fanin || /if (open == 0 || /
