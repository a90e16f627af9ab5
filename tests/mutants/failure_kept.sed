# file: src/host/bind.c
# fault: a heap that could not grow by what it wanted, and then grew by what it needed, leaves its failure in the record
# caught by: host_test_arguments a_heap_that_grows_*
s/^    run->status = status;$/    if (status != NPURT_OK) run->status = status;/
