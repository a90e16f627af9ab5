# file: src/graph/stream_element.c
# fault: elements are read before tasks without dependencies have run
# caught by: test_stream_elements tasks_without_dependencies_*
s/if (g->untracks && .*) return NULL;//
