# file: src/aicpu/sync.c
# fault: who holds blocks of a start together takes the next one's gathering for its own (ABA)
# caught by: test_sync_start blocks_that_wait_*
s/return (uint32_t)(word >> 32) != s->held_generation || (uint32_t)word == SLOT_FREE;/return (void)s, (uint32_t)word == SLOT_FREE;/
