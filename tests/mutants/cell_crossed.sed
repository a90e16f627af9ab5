# file: src/graph/tensor_map.c
# fault: what meets a template's cells is not seen
# caught by: test_stream_template replayed_bodies_*
s/return a\.others == 0;/return true;/
