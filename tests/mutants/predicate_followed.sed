# file: src/aicpu/evaluate.c
# fault: a predicate's element is read wherever its address leads
# caught by: test_predicate an_element_*
/^bool predicate_is_readable/,/^}/s/if (port_is_memory(.*)) return true;/return true;/
