/* config_compare: what has changed between two configs, so that a reload touches nothing else. */
#ifndef AGENT_CONFIG_CONFIG_COMPARE_H
#define AGENT_CONFIG_CONFIG_COMPARE_H

#include "agent/config/config.h"

bool config_same_directory(const struct config *a, const struct config *b); /* where state lies */
bool config_same_limits(const struct config *a, const struct config *b);    /* of the store */
bool config_same_log(const struct config *a, const struct config *b);
bool config_same_outputs(const struct config *a, const struct config *b); /* settings of each, in the same order */

/* The names alone: what the store was opened for. */
bool config_same_output_names(const struct config *a, const struct config *b);

/* What is read: every setting of struct config itself that is not of state, log, doctor, heartbeat, metrics or limits,
 * and the channels. An element with a struct of its own that concerns sources is to be added there. */
bool config_same_sources(const struct config *a, const struct config *b);

#endif
