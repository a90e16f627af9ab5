# file: src/graph/submit.c
# fault: a view under another address is taken to begin where its buffer does
# caught by: test_graph_oracle the_same_bytes_*
s/box_moved(box, t->addr - buffer->addr)/box_moved(box, 0)/
