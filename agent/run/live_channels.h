/*
 * live_channels: which channels of the Event Log are read live and with which query: those of the config, and those
 * that the rules in force are about. One thread.
 */
#ifndef AGENT_RUN_LIVE_CHANNELS_H
#define AGENT_RUN_LIVE_CHANNELS_H

#include "agent/config/config.h"
#include "detect/event/kinds.h"
#include "detect/rule/rule_set.h"

/* Most event ids of a query: Windows refuses an expression with more than about 22 of them, so beyond that all events
 * of the channel are read. */
#define LIVE_CHANNELS_MAX_IDS 20u

struct live_channels;

/*
 * set: the loaded rules, or NULL. A channel with a query in the config keeps it; any other without a default query is
 * read whole; else the ids of the rules join those of the default. A rule that names no log reads all of them. What is
 * more than CONFIG_MAX_CHANNELS is left out (live_channels_left_out). Returns 0 or -ENOMEM.
 */
int live_channels_new(struct live_channels **out, const struct config *config, const struct rule_set *set);
void live_channels_free(struct live_channels *channels); /* NULL is allowed */

size_t live_channels_count(const struct live_channels *channels);
size_t live_channels_left_out(const struct live_channels *channels);

/* Of channel i, below the count; valid as long as channels and its config. query NULL: all events. */
const char *live_channels_name(const struct live_channels *channels, size_t i);
const char *live_channels_query(const struct live_channels *channels, size_t i);

#endif
