# file: src/graph/stream.c
# fault: a slot is reused although its task is not done
# caught by: test_stream_rings slots_come_back_*
/if (port_observe32(&s->words\[slot\]\.done) != s->words\[slot\]\.number) return;/d
