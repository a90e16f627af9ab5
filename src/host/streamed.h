/* Runs whose graph is built on the device (runtime tensormap_and_ringbuffer; src/protocol/stream.h).
 *
 *     bind     arguments checked and staged as for every run, then control, stream_control and arguments in one copy
 *     settle   before the launch: the arena is what the run needs, or is made so and the stream_control sent again
 *     explain  after a run that the orchestration ended: what was refused, its code by name, what would do
 *     unload   the device closes the orchestration of a callable that has run
 */
#ifndef HOST_STREAMED_H
#define HOST_STREAMED_H

#include "dump.h"

/* Pre: arguments are checked and have their place in the bank; run->threads is chosen. */
npurt_status streamed_bind(npurt_run *run, const npurt_call_args *args);
/* Pre: no run of the device executes. */
npurt_status streamed_settle(npurt_run *run);

/* What the device is told of the run, as it was sent last. Pre: the run has its bank. */
const struct stream_control *streamed_control(const npurt_run *run);

/* Tasks and times of a run that ended well. */
void streamed_time(npurt_run *run, const struct stream_result *result);
/* Raises why the orchestration ended the run. */
npurt_status streamed_explain(const npurt_run *run, const struct outcome *outcome);

/* Adds the codes of a run in which nothing moved to the error raised. */
void streamed_tell_codes(const struct outcome *outcome);
/* True when nothing has ended but the limits, and the device is in the user's orchestration, or loads it. */
bool streamed_overran(const struct outcome *outcome);
/* Raises that, or that its time was up (outcome.overran), with what it had submitted. */
npurt_status streamed_explain_overrun(const struct dump *dump, const struct outcome *outcome);

/* Raises that the orchestration faulted on the device, with the driver's words; the same. */
npurt_status streamed_explain_fault(const struct dump *dump, const struct outcome *outcome);

/* Launches the entry that closes the callable's orchestration on the device, behind the executing run; waits for its end
 * when none executes. Nothing to do for a callable that the device has never loaded. */
npurt_status streamed_unload(npurt_callable *callable);
/* Waits for those that nobody has waited for. Before the device is taken down. */
npurt_status streamed_finish_unloads(npurt_device *device);

#endif
