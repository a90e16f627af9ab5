# file: src/aicpu/scheduler.c
# fault: a scheduler waits although it has not looked at all conditions
# caught by: test_deferred --target emu:a5?clusters=2&explore=uniform more_tasks_*
s/return looked && !again ?/return !again ?/
