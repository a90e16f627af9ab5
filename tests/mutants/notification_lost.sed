# file: src/emu/device/kernel_wait.c
# fault: a notification wakes nobody
# caught by: test_explore --what workloads --count 2
s/^    if (self) port_kick(PORT_AGENT_ALL_AICPU);//
