/* npurt's own statuses as a table, for `npurt explain`. */
#ifndef CLI_STATUSES_H
#define CLI_STATUSES_H

#include "driver/status.h"

extern const struct status_table statuses_npurt;

#endif
