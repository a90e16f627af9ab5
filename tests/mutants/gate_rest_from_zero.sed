# file: src/aicpu/board.c
# fault: a task of which some blocks were staged is sent whole when it is ready
# caught by: test_staging --target emu:a5?seed=1 drawn_graphs
s/const uint32_t first = t->flags & IMAGE_GATED ? s->gates\[task\].staged : 0;/const uint32_t first = 0;/
