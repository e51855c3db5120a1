/*
 * alert_maker: event -> the rules that it fulfils -> alerts with their ids -> documents. The one way of it, for what
 * comes live and what stands in files. A script block that PowerShell's log splits over several events is matched once,
 * when it has been put together (detect/powershell/powershell_blocks.h). One thread.
 */
#ifndef AGENT_ALERTS_ALERT_MAKER_H
#define AGENT_ALERTS_ALERT_MAKER_H

#include "detect/alert/alert.h"
#include "detect/powershell/powershell_blocks.h"
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
    /* A clock that never goes back, ms: what is split waits for its other parts for some time. NULL: it waits for them
     * until alert_maker_end(). */
    uint64_t (*clock_ms)(void);
    /* A rule whose answer to the event could not be had, as a limit was reached. NULL: nobody asks. */
    void (*failed)(void *context, const struct rule *rule, const struct event *event);
};

/* Script blocks that came in several events. */
struct alert_maker_blocks {
    uint64_t joined;     /* all parts came */
    uint64_t incomplete; /* matched as far as their parts came, or as a limit allowed */
    uint64_t encrypted;  /* blocks, split or not, that Protected Event Logging encrypted: no rule sees into them */
};

struct alert_maker;

/* Returns 0 or -ENOMEM. */
int alert_maker_new(struct alert_maker **out, const struct alert_maker_settings *settings);
void alert_maker_free(struct alert_maker *maker); /* NULL is allowed */

/* Is an event wanted? As collector_sink's. */
bool alert_maker_wants(const struct alert_maker *maker, const struct event *event);

/* Makes the alerts of event, and of what is whole with it. Returns 0, -ENOMEM, -EIO (no digest), or what take returned:
 * then event is to be given again. */
int alert_maker_event(struct alert_maker *maker, const struct event *event);

/* Makes the alerts of what has waited too long for its other parts. To be called every few seconds. Returns as
 * alert_maker_event(); what failed still waits. */
int alert_maker_idle(struct alert_maker *maker);

/* The same of all that waits: no more events come. */
int alert_maker_end(struct alert_maker *maker);

/* What waits for its other parts; its events are to be read again if it is lost. */
size_t alert_maker_waiting(const struct alert_maker *maker);

/* Hands out what waits, for another maker (the same file is read on by another thread); NULL: nothing does. */
struct powershell_blocks *alert_maker_give(struct alert_maker *maker);

/* Takes what another maker gave, and frees it; makes the alerts of what is whole with it. Returns as
 * alert_maker_event(). */
int alert_maker_adopt(struct alert_maker *maker, struct powershell_blocks *blocks);

/* Since the maker was made. */
struct alert_maker_blocks alert_maker_blocks(const struct alert_maker *maker);

/* alert's document, which the caller frees; of an alert that take has got. Returns as encode_ecs(). */
int alert_maker_document(struct alert_maker *maker, char **out, size_t *size, const struct alert *alert,
                         const char *id);

#endif
