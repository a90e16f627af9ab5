# file: src/aicpu/balance.c
# fault: a scheduler that is called to the shelf and has no core keeps the call to itself
# caught by: cross_scheduler_units a_call_that_comes_to_a_busy_*
/^static void pass_on_call/,/^}/s/if (count > 0) call_peers(.*;//
