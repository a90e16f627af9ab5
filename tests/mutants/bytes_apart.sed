# file: src/graph/map_outside.c
# fault: the same bytes under another address are another buffer
# caught by: test_stream_oracle the_same_bytes_*
s/if (last == SPAN_NONE || map->spans\[last\]\.hi <= lo) return make/return make/
