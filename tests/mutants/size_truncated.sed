# file: src/graph/submit.c
# fault: sizes of outputs have 32 bits
# caught by: test_stream_memory outputs_beyond_*
s/out->size = elements \* element;/out->size = (uint32_t)(elements * element);/
