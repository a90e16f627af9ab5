# file: src/graph/submit.c
# fault: a buffer goes before its last reader
# caught by: test_stream_memory a_buffer_lives_while_a_task_*
s/^        store_hold(g, buffer);//
