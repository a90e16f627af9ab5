# file: src/graph/stream.c
# fault: an output at the heap's begin may run into the oldest
# caught by: test_stream_memory outputs_go_round_*
/^static bool heap_place/,/^}/s/return size <= tail;/return size <= heap->size;/
