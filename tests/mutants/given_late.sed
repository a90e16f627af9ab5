# file: src/aicpu/orchestrator.c
# fault: what is ready at its submission waits until its list is long, whoever has a core for it
# caught by: test_makespan decoder_layer_that_*
/^static void admit/,/^}/s/if (++o->admitted % LOOK_TASKS == 0) give_wanted(o);/++o->admitted;/
s/if (!hungry && o->given\[shape\] && list->count < GIVE_LENGTH) return;/if (!hungry \&\& list->count < GIVE_LENGTH) return;/
