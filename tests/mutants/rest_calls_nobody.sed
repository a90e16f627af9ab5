# file: src/aicpu/balance.c
# fault: a scheduler that puts a single task back on the shelf calls no hungry one
# caught by: cross_scheduler_units a_single_task_*
/^static bool pull/,/^}/s/if (list.count > 0 ||/if (list.count > 1 ||/
