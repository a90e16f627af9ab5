# file: src/graph/template_cell.c
# fault: a template's first writer of a cell does not wait for readers before the body, when the body reads it as well
# caught by: test_stream_template replayed_bodies_*
s/cell->count > 0 ? MAP_WAIT_READERS :/cell->count > 0 ? 0 :/
