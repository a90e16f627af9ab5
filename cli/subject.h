/* What `npurt run` runs: an example of npurt's own, or a user's bundle.
 *
 * Life: subject_of_example / subject_of_bundle → prepare → load → [ restore → call → check ]… → finish → release. */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include "options.h"

struct subject;

struct subject_ops {
    /* Makes the arguments. Others return OK or the status of a failure, with the reason in `problem`; an empty reason
     * leaves it to npurt_error_last. */
    npurt_status (*prepare)(struct subject *subject, char *problem, size_t size);
    npurt_status (*load)(struct subject *subject, npurt_device *device, npurt_callable **out);
    void (*restore)(struct subject *subject); /* inputs as at first, outputs a pattern that no result holds */
    /* Compares the outputs of a subject that is `checked`. The wrong elements of all; -1: no host memory. */
    int64_t (*check)(struct subject *subject, double *max_abs_error);
    /* Of the last check: what was found of argument i, and the argument's name in a buffer of 64. */
    const struct comparison *(*found)(const struct subject *subject, uint32_t i, char name[64]);
    npurt_status (*finish)(struct subject *subject, char *problem, size_t size); /* after the last right run */
    void (*release)(struct subject *subject);
};

struct subject {
    const struct subject_ops *ops;
    const struct run_options *options;
    const char *kind; /* "example", "bundle" */
    const char *name;
    const char *detail; /* the case's summary, the bundle's folder */
    /* valid once prepared; owned by the subject */
    npurt_call_args args;
    const npurt_param *param;
    npurt_runtime runtime;
    bool checked; /* there is something to compare the outputs with */
    void *own;
};

/* 0, or -1 without host memory. */
int subject_of_example(const struct run_options *options, struct subject *subject);
int subject_of_bundle(const struct run_options *options, struct subject *subject);

#endif
