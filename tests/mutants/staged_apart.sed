# file: src/host/staging.c
# fault: host tensors that overlap are staged apart
# caught by: host_test_arguments host_tensors_*
s/if (k == 0 || lo >= pieces\[last\]\.hi) {/{/
