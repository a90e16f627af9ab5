# file: src/graph/template_replay.c
# fault: what a replay gives without dependencies does not count for elements
# caught by: test_graph_element replayed_tasks_*
/graph_note_untracked(g, i,/d
