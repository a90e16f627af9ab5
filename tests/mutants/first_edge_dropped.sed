# file: src/graph/stream.c
# fault: the first producer of every task gets no edge
# caught by: test_stream_oracle every_conflict_*
/^uint32_t stream_push_edges/,/^}/s/uint32_t completed = 0;/uint32_t completed = count > 0;/;/^uint32_t stream_push_edges/,/^}/s/for (uint32_t i = 0; i < count; i++)/for (uint32_t i = 1; i < count; i++)/
