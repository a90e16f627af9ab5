# file: src/graph/region.c
# fault: a range of bytes is looked for in the row before the first that reaches into it
# caught by: test_graph_boxes ranges_*
s|-end / pitch + 1|-end / pitch|
