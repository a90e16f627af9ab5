# file: src/emu/device/core.c
# fault: a block of a vector kernel takes both vector cores of a cluster
# caught by: test_emu_abi_launch a_vector_kernel_of_n_blocks_runs_n_times
s/return place ? AIV1 : AIV0;/return place ? 0 : AIV0 | AIV1;/
