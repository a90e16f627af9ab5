# file: src/graph/stream_join.c
# fault: producers that complete while a join is made are not taken off
# caught by: test_stream_join what_has_completed_*
s/^    if (completed == 0 || port_fetch_sub32(&words->fanin, completed) != completed) return true;/    return true;/
