# file: src/graph/stream.c
# fault: indices of tasks run over into the ring's number
# caught by: test_stream_rings the_last_index_*
s/if (unlikely(index == STREAM_INDEX_MASK))/if (unlikely(index == UINT32_MAX))/
