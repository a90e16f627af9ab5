# file: src/graph/stream.c
# fault: the end of a scope gives back what an outer one of the same ring holds
# caught by: test_stream_memory scopes_nest_*
/if (hold->scope != depth) continue;/d
