# file: src/aicpu/dispatch.c
# fault: second tasks are staged whatever runs before them, and however few wait
# caught by: cross_scheduler_units a_second_task_*
/^static void stage_single/,/^}/s/any ? s->stageable : s->quick/s->stageable/
