# file: src/graph/stream.c
# fault: an edge is written although the pool is full
# caught by: test_stream_oracle every_conflict_*
s/if (ring->edge_head - ring->edge_tail == max) { .* closed, and the pool as full.*/if (false) {/
