# file: src/host/flight.c
# fault: memory is freed under a run whose argument begins inside of it
# caught by: host_test_flight memory_is_not_freed_*
s/- address < size)/- address < (size ? UINT64_C(1) : 0))/
