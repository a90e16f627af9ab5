# file: src/aicpu/board.c
# fault: two schedulers claim the same block
# caught by: test_rings random_graphs_*
s/if (!slot_claim(slot, &word, &seen, count)) continue;/if (!slot_claim(slot, \&word, \&seen, count > 1 \&\& count < seen.left ? count - 1 : count)) continue;/
