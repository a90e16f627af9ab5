# file: src/graph/stream_edges.h
# fault: a task of a higher ring counts as the later one
# caught by: test_stream_oracle every_conflict_*
s/return task > other \&\& (other == 0 || (task ^ other) >> STREAM_INDEX_BITS == 0);/return task > other;/
