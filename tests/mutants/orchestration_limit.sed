# file: src/host/wait.c
# fault: an orchestration on the device that submits has no limit of its own
# caught by: host_test_card_guard the_limit_ends_*
s/^    return ms >= limit + (o->stream.stage == STREAM_WAITING ? RETURN_MS : 0);$/    return false;/
