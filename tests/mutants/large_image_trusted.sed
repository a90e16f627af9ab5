# file: src/host/upload.c
# fault: after a large image whose upload failed the host believes that it arrived
# caught by: host_test_upload images_arrive_after_*
s/^    bank->shadowed = changes;$/    bank->shadowed = changes; if (status != NPURT_OK) memcpy(\&bank->large, image->segment[0].data, sizeof bank->large);/
/^static npurt_status upload_large/,/^}/s/^    if (status != NPURT_OK) return status;$//
s/^    memcpy(&bank->large, image->segment\[0\].data, sizeof bank->large);$/    memcpy(\&bank->large, image->segment[0].data, sizeof bank->large); if (status != NPURT_OK) return status;/
