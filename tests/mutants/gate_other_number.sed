# file: src/aicpu/gate.c
# fault: the task in a slot is staged for the one that was there before
# caught by: test_staging --target emu:a5?seed=1 --runtime tensormap_and_ringbuffer drawn_graphs
/^static bool begin(/,/^}/s/    uint64_t word = gate_word(number, GATE_SHUT);/    uint64_t word = gate_word((uint32_t)(port_observe64(\&s->gates[task].word) >> 32), GATE_SHUT);/
