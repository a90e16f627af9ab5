# file: include/npurt/tensor.h
# fault: a stride is cut to 32 bits
# caught by: test_graph_limits descriptors_*
s/if (n > UINT32_MAX) {/if (0) {/
