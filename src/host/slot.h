/* What the process remembers of a device id between handles: which AICPU programs it has installed there, and how often
 * the device was force-reset. The only state of the library that outlives a device handle.
 *
 * Installing is once per (provider, device id, fingerprint): concurrent first users wait for the one that installs.
 * What is installed stays on the device's file system, through resets, for the life of the process.
 */
#ifndef HOST_SLOT_H
#define HOST_SLOT_H

#include <stdbool.h>
#include <stdint.h>

struct device_slot;

/* The slot of a device id, made at first use; NULL: host memory is exhausted. Thread-safe, like everything here. */
struct device_slot *slot_get(const char *provider, int32_t device);

enum slot_install { SLOT_INSTALLED, SLOT_INSTALL_NOW, SLOT_NO_MEMORY };
/* SLOT_INSTALL_NOW: the caller installs and must call slot_install_end. Blocks while another thread installs. */
enum slot_install slot_install_begin(struct device_slot *slot, uint64_t fingerprint);
void slot_install_end(struct device_slot *slot, uint64_t fingerprint, bool installed);

/* What was installed turned out to be of no use: the next user installs again. */
void slot_install_forget(struct device_slot *slot, uint64_t fingerprint);

/* Runs of the handles of one device take turns, first come first served: a run that has cores and waits for AICPU threads
 * would wait for ever on one that has the threads and waits for cores. begin blocks until it is the caller's turn, and
 * returns its ticket; started tells the streams that the run has been launched on. A turn ends with slot_run_end, or,
 * once it has started, when somebody whose turn is next finds its streams drained: the run of another handle may have
 * ended with nobody looking. Before that its streams are empty, and say nothing. */
struct slot_streams {
    void *core, *cpu;
};
typedef bool (*slot_drained)(void *context, const struct slot_streams *holder);
uint64_t slot_run_begin(struct device_slot *slot, slot_drained drained, void *context);
/* A turn that has ended already is left alone, by both. */
void slot_run_started(struct device_slot *slot, uint64_t ticket, const struct slot_streams *own);
void slot_run_end(struct device_slot *slot, uint64_t ticket);

/* Number of force resets of the device by this process. A handle that remembers another number is out of date. */
uint64_t slot_resets(struct device_slot *slot);
uint64_t slot_count_reset(struct device_slot *slot);

/* Forgets every installation. For tests. */
void slot_forget(void);

#endif
