# file: src/graph/store.h
# fault: the memory of slabs comes back at the end of the scope only
# caught by: test_deferred --runtime tensormap_and_ringbuffer slabs_come_back_*
s/^    hold->scope = STREAM_SCOPE_NONE;//;s/^    hold->refs--;//
