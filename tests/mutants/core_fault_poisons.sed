# file: src/emu/device/launch.c
# fault: a fault on a core poisons every machine
# caught by: test_emu_abi_launch a_core_that_faults_is_an_error_of_its_stream
s/ || device_shared->machine.core_fault_poisons;/ || true;/
