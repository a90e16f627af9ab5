# file: src/graph/stream.c
# fault: edges of the pool are taken by their count, which wraps
# caught by: test_stream_rings the_count_of_edges_may_wrap
s/uint32_t at = s->edge_first\[r\] + ring->edge_at;/uint32_t at = s->edge_first[r] + ring->edge_head % s->edge_max[r];/
