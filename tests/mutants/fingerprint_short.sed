# file: src/host/slot.c
# fault: fingerprints of device programs are compared in 32 bits
# caught by: host_test_slot fingerprints_*
s/(\*at)->fingerprint != fingerprint/(uint32_t)(*at)->fingerprint != (uint32_t)fingerprint/
