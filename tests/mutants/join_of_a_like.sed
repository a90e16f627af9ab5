# file: src/graph/join.c
# fault: sets of as many producers that begin alike are taken for the same
# caught by: test_graph_join sets_that_differ_*
s/memcmp(e->producers + first->at, set, count \* sizeof \*set) != 0)/memcmp(e->producers + first->at, set, sizeof *set) != 0)/; s/^    for (uint32_t i = 0; i < count; i++)$/    for (uint32_t i = 0; i < 1; i++)/
