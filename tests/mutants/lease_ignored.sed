# file: src/graph/store.h
# fault: a descriptor serves for whatever lies in its place
# caught by: test_stream_memory a_descriptor_*
s/(t->lease == 0 || hold->lease == t->lease)/true/
