# file: src/aicpu/completion.c
# fault: a core that has become free is taken for that of the next cluster
# caught by: test_rings random_graphs_*
s/s->idle\[slot\]\.word\[cluster \/ 64\] |= bit;/s->idle[slot].word[cluster \/ 64] |= bit << 1;/
