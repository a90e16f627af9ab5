# file: src/graph/stream_join.c
# fault: who waits for some of the producers of a join waits for all of them
# caught by: test_stream_join who_waits_for_less_*
s/^    return same == e->count;/    return same >= e->count;/; s/if (e->mark\[edges_slot(e, wide->number\[i\])\]\.consumer != e->consumer) return false;//
