# file: src/aicpu/condition.c
# fault: a slab keeps the conditions of the run before
# caught by: test_deferred a_run_knows_nothing_*
s/^    slab->head = (struct condition_head){0};//
