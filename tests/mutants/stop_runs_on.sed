# file: src/emu/device/stream.c
# fault: what is queued behind a failure runs in stop mode too
# caught by: test_emu_abi_stream in_stop_mode_nothing_queued_behind_a_failure_runs
s/        atomic_store(&shared->stopped, 1);/        atomic_store(\&shared->stopped, 0);/
