# file: src/graph/stream_join.c
# fault: a join is made anew while its tasks still wait
# caught by: test_stream_join more_sets_*
s/if (s->joins >= STREAM_JOINS \&\& .*return NULL;/(void)0;/
