# file: src/protocol/condition.h
# fault: all blocks of a task share a slab
# caught by: test_deferred what_is_behind_*
s/return block \* cores + (/return 0 * block * cores + (/
