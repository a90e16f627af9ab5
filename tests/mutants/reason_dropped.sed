# file: src/host/blame.c
# fault: the reason of a kernel's fault is left to the log
# caught by: host_test_card_faults a_kernel_that_faults_*
s/^    if (fault) reason_text(o->said, reason, sizeof reason);$/    (void)reason;/
