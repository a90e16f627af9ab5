# file: src/aicpu/condition.c
# fault: the task after a deferred one on the same core has its slab
# caught by: test_deferred --target emu:a5?clusters=1 a_task_that_is_not_*
s/^    condition_close(payload);.*//
