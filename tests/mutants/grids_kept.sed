# file: src/graph/map_sweep.c
# fault: grids of buffers that were given back are lost
# caught by: test_stream_scale what_the_map_*
/map->grid_free = grid;/d
