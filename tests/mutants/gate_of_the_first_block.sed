# file: src/aicpu/gate.c
# fault: consumers are staged when the first block of their producer has been sent, and take the cores that the others need
# caught by: test_staging --target emu:a5?clusters=2&seed=1 --aicpu-threads 4 no_producer_is_stranded_*
s/if (t->block_num > 1 && port_fetch_sub32(&s->gates\[task\].unsent, 1) != 1) return;/if (t->block_num > 1 \&\& port_fetch_sub32(\&s->gates[task].unsent, 1) != t->block_num) return;/
