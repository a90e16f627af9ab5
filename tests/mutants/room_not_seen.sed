# file: src/graph/stream.c
# fault: room that the last retirement made in the map is not looked for
# caught by: test_stream_oracle every_conflict_*
s/if (retire_all(g) > 0) return true; .*/(void)retire_all(g);/
