# file: src/aicpu/core_state.h
# fault: dispatch numbers lose their parity where they wrap: two blocks on a core have the same payload
# caught by: cross_scheduler_units dispatch_numbers_*
s/: DISPATCH_NUMBER_FIRST + 1;/: DISPATCH_NUMBER_FIRST;/
