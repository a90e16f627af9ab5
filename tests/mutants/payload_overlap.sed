# file: src/protocol/stream.h
# fault: payloads of tasks that need more lie where other slots have theirs
# caught by: test_stream_payloads payloads_of_all_sizes_*
s/slots \* NEAR + slot \* FAR;/slot * FAR;/
