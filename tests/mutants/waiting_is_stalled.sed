# file: src/aicpu/scheduler.c
# fault: a lone scheduler takes waiting for a condition for the end
# caught by: test_deferred the_host_may_*
s/s->busy_count == 0 \&\& s->waiting_count == 0 \&\& /s->busy_count == 0 \&\& /
