# file: src/graph/stream.c
# fault: elements are read before tasks of MANUAL scopes have run
# caught by: test_stream_elements tasks_of_manual_*
s/s->unmapped |= g->manual;//
