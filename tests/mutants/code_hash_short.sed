# file: src/host/code.c
# fault: hashes of code are compared in 32 bits
# caught by: host_test_arguments code_whose_hash_*
s/c->hash != hash/(uint32_t)c->hash != (uint32_t)hash/
