/*
 * eventlog: the Windows Event Log as a source (eventlog_win.c; Windows only). One thread reads all channels by pull
 * subscriptions: values first, XML only for an event that a rule matches.
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_H
#define COLLECTORS_EVENTLOG_EVENTLOG_H

#include "collectors/collector.h"
#include "detect/rule/rule_set.h"
#include <stdbool.h>

/* One wait takes 64 handles (learn.microsoft.com: WaitForMultipleObjects); one is the stop signal. */
#define EVENTLOG_MAX_CHANNELS 63

/* lookback_s: every record that is still in the log. */
#define EVENTLOG_LOOKBACK_ALL UINT64_MAX

struct eventlog_channel {
    struct text name;     /* "Security" */
    struct text query;    /* XPath, or absent for all events */
    struct text bookmark; /* what the sink last kept for this channel (eventlog_bookmark.h), or absent */
};

struct eventlog_settings {
    const struct eventlog_channel *channels; /* read during eventlog_new only */
    size_t channel_count;                    /* 1..EVENTLOG_MAX_CHANNELS */
    uint64_t lookback_s;                     /* without a bookmark: older events are left out; 0: only new ones */
    unsigned retry_ms; /* absent and denied channels are tried again, settings of channels looked at, this often;
                          backlogs too, but at least each 10 s */
    const struct rule_set *rules; /* must outlive the reader */
    struct collector_sink sink;
};

struct eventlog;

/* Returns 0, -EINVAL (channel_count), -ENOMEM, or -EIO with fault. */
int eventlog_new(struct eventlog **out, const struct eventlog_settings *settings, struct fault *fault);

/* Reads until eventlog_stop(); faults of channels are reported and retried, never returned. Runs on the caller's
 * thread. */
void eventlog_run(struct eventlog *log);

/* Makes eventlog_run return soon, after a last checkpoint. Any thread, any number of times. */
void eventlog_stop(struct eventlog *log);

/* Closes every handle. Only after eventlog_run has returned. NULL is allowed. */
void eventlog_free(struct eventlog *log);

#endif
