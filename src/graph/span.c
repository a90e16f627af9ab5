#include "span.h"

uint32_t span_below(const struct span *spans, uint32_t root, uint64_t address)
{
    uint32_t found = SPAN_NONE;
    while (root != SPAN_NONE) {
        if (spans[root].lo < address) {
            found = root;
            root = spans[root].right;
        } else {
            root = spans[root].left;
        }
    }
    return found;
}

/* A node has a higher rank than those below it. The hash is one-to-one: no two ranks are equal. */
static uint32_t rank(uint32_t i)
{
    i = (i ^ i >> 16) * 0x85ebca6bu;
    i = (i ^ i >> 13) * 0xc2b2ae35u;
    return i ^ i >> 16;
}

void span_insert(struct span *spans, uint32_t *root, uint32_t i)
{
    const uint64_t lo = spans[i].lo;
    uint32_t *at = root;
    while (*at != SPAN_NONE && rank(*at) > rank(i))
        at = lo < spans[*at].lo ? &spans[*at].left : &spans[*at].right;
    /* what lies here becomes its two subtrees */
    uint32_t tree = *at, *left = &spans[i].left, *right = &spans[i].right;
    *at = i;
    while (tree != SPAN_NONE) {
        if (spans[tree].lo < lo) {
            *left = tree;
            left = &spans[tree].right;
            tree = *left;
        } else {
            *right = tree;
            right = &spans[tree].left;
            tree = *right;
        }
    }
    *left = *right = SPAN_NONE;
}

void span_remove(struct span *spans, uint32_t *root, uint32_t i)
{
    uint32_t *at = root;
    while (*at != i)
        at = spans[i].lo < spans[*at].lo ? &spans[*at].left : &spans[*at].right;
    uint32_t left = spans[i].left, right = spans[i].right;
    while (left != SPAN_NONE && right != SPAN_NONE) {
        if (rank(left) > rank(right)) {
            *at = left;
            at = &spans[left].right;
            left = *at;
        } else {
            *at = right;
            at = &spans[right].left;
            right = *at;
        }
    }
    *at = left != SPAN_NONE ? left : right;
}
