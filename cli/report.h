/* What `npurt run` has to tell: for people, or as one JSON object. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "subject.h"

#include <stdio.h>

/* What is wrong with one output. */
struct wrong_output {
    char name[64];
    struct comparison found;
};

struct run_report {
    uint64_t runs_done;
    uint32_t tasks;
    uint64_t wall_ns, wall_min_ns, device_wall_ns; /* medians over the runs; the fastest */
    uint64_t orchestration_ns, copy_ns;            /* of the run whose wall is the median */
    uint64_t image_bytes, register_loads;
    uint32_t template_records, template_replays;
    uint64_t outputs;      /* elements of the outputs, per run */
    uint64_t runs_checked; /* 0: the next two are of nothing */
    int64_t mismatches;
    double max_abs_error;
    uint64_t wrong_run;       /* the worst run, from 1; valid with mismatches */
    struct wrong_output *wrong; /* its outputs that are wrong; the report's owner frees it */
    uint32_t wrong_count;
    struct hbm_reading {
        bool known; /* it was reached, and the driver answered */
        uint64_t bytes;
    } hbm_before, hbm_after, hbm_first_run, hbm_last_run;
    bool shared; /* with other processes, whose HBM is in these figures too */
    bool trace_known;
    uint64_t trace_hash;
    npurt_device_info device;
};

bool report_is_right(const struct run_report *report);
/* A shared device's driver can not tell whose HBM is missing; npurt's ledger says at close what is its own. */
bool report_hbm_is_back(const struct run_report *report);
void report_text(const struct subject *subject, const struct run_report *report);
/* `error`: NULL, or what ended the runs early. What was not measured is null. */
void report_json(const struct subject *subject, const struct run_report *report, const npurt_error *error);
/* An error record as one JSON object: what it does not say is null. */
void report_json_error(const npurt_error *error);
/* The thread's error record for people. */
void report_error(FILE *to, const npurt_error *error);

#endif
