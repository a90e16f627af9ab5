# file: src/aicpu/condition.c
# fault: the address of a condition is followed wherever it leads
# caught by: test_deferred a_condition_that_is_none_*
s/ \&\& port_is_memory(c->address, sizeof(uint32_t));/;/
