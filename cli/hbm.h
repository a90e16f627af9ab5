/* Device memory in use, asked of the driver beside npurt, before it opens the device and after it has closed it.
 *
 * The probe holds a reference of its own to the device from hbm_open to hbm_close, so that the device is not reset in
 * between: what npurt leaves behind is still there to be counted. A forced reset, after a failure, takes the reference too;
 * hbm_in_use then binds the device anew. */
#ifndef CLI_HBM_H
#define CLI_HBM_H

#include <stdbool.h>
#include <stdint.h>

struct hbm_probe {
    struct driver *driver;
    int32_t device;
};

/* The target's device. false: it can not be asked (opening it will say why). */
bool hbm_open(struct hbm_probe *probe, const char *target);
bool hbm_in_use(struct hbm_probe *probe, uint64_t *bytes);
void hbm_close(struct hbm_probe *probe);

/* Other processes may use the device: what it has in use says nothing of one of them. */
bool hbm_is_shared(const char *target);

#endif
