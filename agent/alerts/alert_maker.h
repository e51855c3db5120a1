/*
 * alert_maker: event -> the rules that it fulfils -> alerts with their ids -> documents. The one way of it, for what
 * comes live and what stands in files. One thread.
 */
#ifndef AGENT_ALERTS_ALERT_MAKER_H
#define AGENT_ALERTS_ALERT_MAKER_H

#include "detect/alert/alert.h"
#include "transport/document/alert_id.h"
#include "transport/document/encode_ecs.h"

struct alert_maker_settings {
    const struct rule_set *rules; /* all must outlive the maker */
    const struct encode_agent *agent;
    void *context;
    /*
     * Takes an alert, which is valid until it returns. Returns 0, or a negative errno value, which ends the event's
     * other alerts.
     */
    int (*take)(void *context, struct alert *alert, const char *id);
    /* A rule whose answer to the event could not be had, as a limit was reached. NULL: nobody asks. */
    void (*failed)(void *context, const struct rule *rule, const struct event *event);
};

struct alert_maker;

/* Returns 0 or -ENOMEM. */
int alert_maker_new(struct alert_maker **out, const struct alert_maker_settings *settings);
void alert_maker_free(struct alert_maker *maker); /* NULL is allowed */

/* Is an event wanted? As collector_sink's. */
bool alert_maker_wants(const struct alert_maker *maker, const struct event *event);

/* Makes the alerts of event. Returns 0, -ENOMEM, -EIO (no digest), or what take returned. */
int alert_maker_event(struct alert_maker *maker, const struct event *event);

/* alert's document, which the caller frees; of an alert that take has got. Returns as encode_ecs(). */
int alert_maker_document(struct alert_maker *maker, char **out, size_t *size, const struct alert *alert,
                         const char *id);

#endif
