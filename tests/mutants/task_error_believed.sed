# file: src/graph/submit.c
# fault: the error of a task that was not initialised is the status of the call
# caught by: host_test_bad_input what_a_tasks_fields_*
/its error is/s/refuse_task(g, NPURT_ERROR_INVALID_ARGUMENT,/refuse_task(g, task->error,/
