# file: src/aicpu/dispatch.c
# fault: second tasks are staged whatever runs before them, and however few wait
# caught by: test_makespan decoder_layer_comes_*
/^static void stage_single/,/^}/s/any ? s->stageable : s->quick/s->stageable/
