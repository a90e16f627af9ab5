# file: src/graph/map_sweep.c
# fault: the tensor map never forgets a writer
# caught by: test_stream_scale a_million_tasks_*
/^bool map_region_forget/,/^}/s/if (r->writer != MAP_NONE \&\& !matters(e, r->writer)) r->writer = MAP_NONE;//
