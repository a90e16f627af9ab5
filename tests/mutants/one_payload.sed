# file: src/aicpu/send.h
# fault: the payload of a running task is written over by the staged one
# caught by: test_rings random_graphs_*
s/&core->payload\[number & 1\]/\&core->payload[0]/
