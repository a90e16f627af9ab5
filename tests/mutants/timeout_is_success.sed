# file: src/aicpu/scheduler.c
# fault: a run that does not move any more ends as a success
# caught by: planted_run emu:a5?engine=thread late
s/scheduler_end(s, on_limit, detail);/scheduler_end(s, RUN_OK, 0);/
