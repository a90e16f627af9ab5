# file: src/aicore/worker.c
# fault: a core does not wait at a gate
# caught by: test_staging --target emu:a5?seed=1 a_chain_through_gates
s/        if (port_core_doorbell() == number) return true;/        if (port_core_dmb() \& DMB_GATED) return true;/
