# file: src/host/dump_file.c
# fault: a process counts the dumps of all as its own
# caught by: host_test_dump_file a_busy_process_*
s/one->own = strstr(entry->d_name, mark) != NULL;/one->own = true;/
