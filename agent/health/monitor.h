/*
 * monitor: one thread that looks at the agent from beside: writes the status file, and sees to it that nothing is stuck
 * or uses more than it may.
 */
#ifndef AGENT_HEALTH_MONITOR_H
#define AGENT_HEALTH_MONITOR_H

#include "agent/config/config.h"
#include "agent/health/health.h"
#include "agent/log/log.h"
#include "transport/outbox/store.h"
#include <jansson.h>

struct monitor_settings {
    struct health *health; /* these three must outlive the monitor */
    struct store *store;
    struct log *log;
    const char *agent_id, *config_path; /* copied */
};

struct monitor;

/* Starts the thread. Returns 0 or a negative errno value. */
int monitor_start(struct monitor **out, const struct monitor_settings *settings, const struct config *config,
                  const char *config_sha256);

/* config (read during the call only) is in force from now on. */
void monitor_config(struct monitor *monitor, const struct config *config, const char *config_sha256);

/* The config file was changed to one with mistakes; what is in force stays. */
void monitor_config_refused(struct monitor *monitor);

/* Takes over what the doctor found (doctor_json) for the status. */
void monitor_doctor(struct monitor *monitor, json_t *report);

/* Ends the thread after a last status that says "stopped". NULL is allowed. */
void monitor_stop(struct monitor *monitor);

#endif
