# file: src/aicpu/balance.c
# fault: a scheduler that becomes hungry does not look for kinds of tasks announced since its pass began, and sleeps beside them
# caught by: cross_scheduler_units a_pass_notices_*
/^static void become_hungry/,/^}/s/scheduler_learn_kinds(s);//
