# file: src/graph/stream_edges.h
# fault: the oldest task in flight counts as completed
# caught by: test_stream_oracle every_conflict_*
s/return edges_index(task) >= e->ring/return edges_index(task) > e->ring/
