/* A line of an emulated card's log, as it travels from the device process to the host. The vendor's driver has no such
 * way: there the device's lines go to its own log (dlog).
 *
 * Route: npuemu_log_route names a sink and the least level for all cards of the process, present and to come; from then
 * on the device processes put their lines into a ring that the host process shares, instead of writing them to standard
 * error. The ring is emptied into the sink by whichever thread waits for the device, and before any call tells it that a
 * stream has come to an end: so the lines of a launch arrive before the launch is known to have ended.
 */
#ifndef DRIVER_CARD_LOG_H
#define DRIVER_CARD_LOG_H

#include <stdint.h>

enum card_log_level {
    CARD_LOG_DEBUG, CARD_LOG_INFO, CARD_LOG_WARN, CARD_LOG_ERROR,
    CARD_LOG_PRINT,         /* npurt_kernel_printf: passes every level but off */
    CARD_LOG_OFF,
    /* Of a route: */
    CARD_LOG_BY_ENVIRONMENT, /* what NPUEMU_LOG says */
    CARD_LOG_STANDARD_ERROR, /* lines go there again; those that are on their way still come to the sink */
};
enum card_log_source { CARD_LOG_DEVICE, CARD_LOG_AICPU, CARD_LOG_CORE };

#define CARD_LOG_NO_TASK UINT32_MAX
enum { CARD_LOG_TEXT = 968 };

/* Writer: the device process, under its lock; reader: the host, once it is published. */
struct card_log_line {
    uint64_t time_ns;         /* CLOCK_MONOTONIC, or the virtual time of a simulated card */
    uint64_t image;           /* device address of the kernel's struct kernel_image, 0: no kernel was running */
    uint64_t lost;            /* not 0: this line stands for so many that found the ring full */
    uint8_t level, source, virtual_time, core_type; /* core_type: npurt_core, of a core */
    uint32_t unit;            /* AICPU thread or physical core */
    uint32_t task, block;     /* of the kernel */
    uint32_t size;            /* of text, without the NUL at its end */
    char text[CARD_LOG_TEXT];
};
_Static_assert(sizeof(struct card_log_line) == 1016, "card_log_line");

/* NULL as a sink is CARD_LOG_STANDARD_ERROR, and what is on its way goes there too.
 *
 * `device` is the driver's id, as the hal calls take it. Called without any lock of the card's, by one thread per device
 * at a time. It must make no driver call. */
typedef void (*card_log_sink)(int32_t device, const struct card_log_line *line);

#endif
