# file: src/aicpu/scheduler.h
# fault: a run's first start together is not noticed in a pass that began before it was announced, and its scheduler falls asleep with it
# caught by: cross_scheduler_units a_pass_notices_*
/list = &s->sync_ready;/,/}/s/s->sync = true;//
