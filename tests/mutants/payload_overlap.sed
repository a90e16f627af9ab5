# file: src/protocol/stream.h
# fault: payloads of tasks that need more lie where other slots have theirs
# caught by: test_stream_payloads payloads_of_all_sizes_*
s/(uint64_t)slots \* STREAM_PAYLOAD_NEAR + (uint64_t)slot \* STREAM_PAYLOAD;/(uint64_t)slot * STREAM_PAYLOAD;/
