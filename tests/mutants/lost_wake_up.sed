# file: src/graph/stream.c
# fault: a task whose producers complete while its edges are pushed is never ready
# caught by: test_stream_rings a_task_may_wait_*
s/port_fetch_sub32(&words->fanin, completed) == completed/port_fetch_sub32(\&words->fanin, completed) == 0/
