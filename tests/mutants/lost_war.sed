# file: src/graph/tensor_map.c
# fault: a writer does not wait for readers
# caught by: test_stream_oracle every_conflict_*
s/\.wait_readers = map->anti_edges,/.wait_readers = false,/
