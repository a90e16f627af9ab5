# file: src/graph/template_cell.c
# fault: the tensor map is not told who has read a template's cells
# caught by: test_stream_template replayed_bodies_*
/tensor_map_read(&g->map, cell->region/s/^.*$/            (void)readers;/
