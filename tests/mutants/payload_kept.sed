# file: src/graph/template_replay.c
# fault: a replayed task is told about the tensors that its template was recorded with
# caught by: test_stream_payloads replayed_tasks_are_told_*
s/op->payload != 0 && (op->tensors & t->changed) == 0;/op->payload != 0;/
