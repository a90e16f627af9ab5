# file: src/host/args.c
# fault: what lies between the elements of a host tensor with strides is written over
# caught by: host_test_strides every_element_*
s/if (t->is_contiguous) return memory_read/if (t->size) return memory_read/
