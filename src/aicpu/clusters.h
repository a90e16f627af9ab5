/* Sets of a partition's clusters. */
#ifndef NPURT_AICPU_CLUSTERS_H
#define NPURT_AICPU_CLUSTERS_H

#include "scheduler.h"

static inline uint32_t clusters_count(const struct cluster_set *set)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++)
        n += (uint32_t)__builtin_popcountll(set->word[w]);
    return n;
}

/* Clusters of which all cores of the mask are idle. */
static inline struct cluster_set clusters_idle(const struct scheduler *s, unsigned mask)
{
    struct cluster_set set;
    for (uint32_t w = 0; w < CLUSTER_WORDS; w++) {
        set.word[w] = UINT64_MAX;
        for (unsigned slot = 0; slot < CORE_SLOTS; slot++)
            if (mask >> slot & 1) set.word[w] &= s->idle[slot].word[w];
    }
    return set;
}

/* Brings *set to `wanted` clusters: those of which most cores of the mask are idle already, none that is held. */
static inline void clusters_choose(const struct scheduler *s, unsigned mask, uint32_t wanted, struct cluster_set *set)
{
    uint32_t kept = clusters_count(set);
    if (kept > wanted) {
        *set = (struct cluster_set){{0}};
        kept = 0;
    }
    for (int idle = __builtin_popcount(mask); idle >= 0 && kept < wanted; idle--) {
        for (uint32_t c = 0; c < s->cluster_count && kept < wanted; c++) {
            uint64_t bit = UINT64_C(1) << c % 64;
            bool held = false;
            int n = 0;
            for (unsigned slot = 0; slot < CORE_SLOTS; slot++) {
                n += (mask >> slot & 1) && (s->idle[slot].word[c / 64] & bit);
                held |= (s->held[slot].word[c / 64] & bit) != 0;
            }
            if (n != idle || held || (set->word[c / 64] & bit)) continue;
            set->word[c / 64] |= bit;
            kept++;
        }
    }
}

#endif
