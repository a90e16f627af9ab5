# file: src/host/upload.c
# fault: after a small image whose upload failed the host believes that it arrived
# caught by: host_test_upload images_arrive_after_*
s/if (status == NPURT_OK) bank->small_size = image->size;/bank->small_size = image->size;/
