# file: src/graph/region.c
# fault: of two boxes the row that reaches into the next one's place is left out
# caught by: test_graph_boxes small_boxes_*
s/row + 1 < a_rows/row + 2 < a_rows/
