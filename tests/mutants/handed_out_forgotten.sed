# file: src/graph/stream.c
# fault: a producer that was handed out before its consumer's submission counts as one that was not
# caught by: test_stream_staging a_task_is_staged_*
s/        handed += expected >> 31;/        (void)expected;/
