/*
 * outputs: opens the outputs that the config names and runs one sender for each.
 */
#ifndef AGENT_OUTPUTS_H
#define AGENT_OUTPUTS_H

#include "agent/config.h"
#include "agent/log.h"
#include "transport/store.h"

struct outputs;

/* config, store and log must outlive the outputs: files and secrets that config names are read again when they change.
 * Returns 0 or a negative errno value with fault. */
int outputs_start(struct outputs **out, const struct config *config, struct store *store, struct log *log,
                  struct fault *fault);

/* Stops the senders, all within grace_ms and a little. NULL is allowed. */
void outputs_stop(struct outputs *outputs, unsigned grace_ms);

#endif
