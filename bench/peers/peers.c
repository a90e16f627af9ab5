#include <stdio.h>

#include "peer.h"

const struct peer *const peers[] = {
    &peer_gomp,
#ifdef PEER_TBB
    &peer_tbb,
#endif
#ifdef PEER_STARPU
    &peer_starpu,
#endif
    NULL,
};

void peers_missing(void)
{
    static const char *const missing[] = {
#ifndef PEER_TBB
        "oneTBB (package libtbb-dev)",
#endif
#ifndef PEER_STARPU
        "StarPU (package libstarpu-dev)",
#endif
        NULL,
    };
    for (uint32_t i = 0; missing[i]; i++)
        fprintf(stderr, "not measured beside npurt, since it was not there at build time: %s\n", missing[i]);
}

void peers_begin(void)
{
    for (const struct peer *const *p = peers; *p; p++)
        if ((*p)->begin) (*p)->begin();
}

void peers_end(void)
{
    for (const struct peer *const *p = peers; *p; p++)
        if ((*p)->end) (*p)->end();
}

void peers_rest(void)
{
    const struct timespec pause = {.tv_nsec = 6000000};
    nanosleep(&pause, NULL);
}
