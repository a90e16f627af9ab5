# file: src/aicpu/condition.c
# fault: a block that waits for a condition is counted at once
# caught by: test_deferred what_is_behind_*
s/^    if (advance(slab)) return true;/    return true;/
