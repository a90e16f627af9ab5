# file: src/graph/tensor_map.c
# fault: a reader does not wait for the writer
# caught by: test_stream_oracle every_conflict_*
s/\.wait_writers = (reads \&\& map->read_edges) || (writes \&\& map->write_edges),/.wait_writers = writes,/
