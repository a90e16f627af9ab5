/* npurt: builds task graphs and runs them on Ascend NPUs, real or emulated. This header is all that a host program
 * needs; orchestrations include <npurt/orchestration.h>, kernels <npurt/kernel.h>. */
#ifndef NPURT_NPURT_H
#define NPURT_NPURT_H

#include <npurt/version.h>
#include <npurt/status.h>
#include <npurt/log.h>
#include <npurt/tensor.h>
#include <npurt/orchestration.h>
#include <npurt/device.h>
#include <npurt/callable.h>
#include <npurt/bundle.h>

#endif
