# file: src/host/bank.c
# fault: the host believes that the image is in a buffer that was exchanged for a larger one
# caught by: host_test_upload images_arrive_whatever_*
/^npurt_status bank_grow(/,/^}/s/^    bank_distrust(bank);$//
