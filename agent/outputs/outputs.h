/*
 * outputs: opens the outputs that the config names and runs one sender for each.
 */
#ifndef AGENT_OUTPUTS_OUTPUTS_H
#define AGENT_OUTPUTS_OUTPUTS_H

#include "agent/config/config.h"
#include "agent/health/health.h"
#include "agent/log/log.h"
#include "transport/https/https_probe.h"
#include "transport/outbox/store.h"

struct outputs;

/*
 * Opens them, without sending: a mistake in a URL, a certificate or a key shows here. config, log and health must
 * outlive the outputs: files and secrets that config names are read again when they change. Returns 0 or a negative
 * errno value with fault.
 */
int outputs_open(struct outputs **out, const struct config *config, struct log *log, struct health *health,
                 struct fault *fault);

/* Opens the output of that place as outputs_open() does, and closes it. Returns 0 or a negative errno value with fault.
 */
int outputs_try(const struct config *config, size_t place, struct fault *fault);

/* Asks the server of the config's output of that place how it is, without sending an alert; cancel as in https_probe().
 * Returns 0 or a negative errno value with fault. */
int outputs_probe(struct https_facts *facts, const struct config *config, size_t place, const atomic_bool *cancel,
                  struct fault *fault);

/* Starts a sender for each; store must outlive them. Returns 0 or a negative errno value with fault; outputs_stop()
 * then too. */
int outputs_start(struct outputs *outputs, struct store *store, struct fault *fault);

/*
 * Begins anew each output whose secrets, certificates or keys have changed outside the config, and no other. A running
 * request gets at most grace_ms. *count: how many were begun. Returns 0, or a negative errno value with fault: one
 * can't be begun and goes on as it was.
 */
int outputs_refresh(size_t *count, struct outputs *outputs, unsigned grace_ms, struct fault *fault);

/* Stops the senders, all within grace_ms and a little, and frees. NULL is allowed. */
void outputs_stop(struct outputs *outputs, unsigned grace_ms);

#endif
