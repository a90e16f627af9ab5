# file: src/graph/store.h
# fault: a descriptor serves after its scope while a task still holds the buffer
# caught by: test_stream_memory a_descriptor_*
s/hold->scope != STREAM_SCOPE_NONE \&\& //
