# file: src/graph/stream.c
# fault: the capacity named leaves out what is lost where the heap closes
# caught by: test_stream_memory with_the_capacity_*
s/s->refusal\.capacity = need + (bytes > heap->largest ? bytes : heap->largest);/s->refusal.capacity = need == heap->size ? need + STREAM_HEAP_UNIT : need;/
