# file: src/aicpu/slot.h
# fault: a start together is taken for the one before (ABA)
# caught by: test_sync_start blocks_that_wait_*
s/((word >> 32) + 1) << 32 | SLOT_FILLING/(word >> 32) << 32 | SLOT_FILLING/
