# file: src/graph/template_cell.c
# fault: a template's cells are taken to be where another use of it has found them
# caught by: test_graph_template_random gives_the_graph_*
/template_views(t, body)\[__builtin_ctzll(left)\]\.buffer = NULL;/s/\.buffer = NULL;/.buffer += 0;/
