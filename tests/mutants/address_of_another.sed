# file: src/host/memory.c
# fault: an address of another device is taken for a host pointer
# caught by: host_test_bad_input an_address_of_another_*
s/if (!address_is_of_a_device(address)) return NPURT_OK;/if (address < device->address_low || address >= device->address_high) return NPURT_OK;/
