# file: src/aicpu/condition.c
# fault: of several conditions only the first is waited for
# caught by: test_deferred all_of_64_*
s/return slab->at == slab->head.count;/return slab->at > 0;/
