# file: src/graph/join.c
# fault: a join of an image misses its first producer
# caught by: test_graph_join random_sets_*
/^uint32_t joins_make/,/^}/s/memcpy(log + count, old + wide\[i\]\.at, fanin \* sizeof \*log);/memcpy(log + count, old + wide[i].at + 1, (fanin - 1) * sizeof *log), log[count + fanin - 1] = old[wide[i].at + 1];/
