# file: src/graph/store.h
# fault: a descriptor of an earlier engine serves
# caught by: test_stream_memory a_descriptor_*
s/ \&\& hold->era == (g->stream\.key & STREAM_ERA)//
