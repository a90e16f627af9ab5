# file: src/graph/stream_element.c
# fault: the last element has no initial value
# caught by: test_stream_elements initial_values_*
s/for (uint64_t i = 0; i < t->size; i += element)/for (uint64_t i = 0; i + element < t->size; i += element)/
