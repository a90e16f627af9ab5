# file: src/graph/stream.c
# fault: the retirement of a task gives back edges of later ones
# caught by: test_stream_rings edges_come_back_*
s/s->heap\[r\]\.edge_tail = s->slot_edges\[slot\];/s->heap[r].edge_tail = s->heap[r].edge_head;/
