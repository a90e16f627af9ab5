# file: src/aicpu/sync.c
# fault: who gathers cores for a start together waits for the others in place
# caught by: test_sync_start a_run_is_cancelled_*
s/if (!gather(s, word)) return;/(void)gather(s, word);/
