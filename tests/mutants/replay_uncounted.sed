# file: src/graph/template.c
# fault: uses of a template that are replayed are not counted
# caught by: test_template --target emu:a5 what_is_replayed_*
s|if (status == NPURT_OK) t->replays++;||
