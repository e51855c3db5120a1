/*
 * eventlog_figures: how each channel of the Event Log reader is doing, for status and heartbeats (eventlog_win.c;
 * Windows only).
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_FIGURES_H
#define COLLECTORS_EVENTLOG_EVENTLOG_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eventlog;

enum eventlog_state {
    EVENTLOG_STARTING, /* not opened yet */
    EVENTLOG_READING,  /* Windows has answered a read since the channel was opened */
    EVENTLOG_ABSENT,   /* there is no such channel: not a fault (no Sysmon, say) */
    EVENTLOG_DENIED,   /* no right to read it */
    EVENTLOG_BROKEN    /* reading failed; it will be opened again */
};

/* Counts are since the agent's start. */
struct eventlog_figures {
    enum eventlog_state state;
    long last_code;       /* Windows' error code of the last trouble; 0: none since it is being read */
    bool is_waiting;      /* nothing is read: the outbox has no room */
    bool is_disabled;     /* Windows writes nothing into the channel */
    uint64_t records;     /* records read that the query let through */
    uint64_t matches;     /* of them handed on because a rule matches */
    uint64_t last_record; /* record id of the last one read, in the log itself; 0: none */
    uint64_t last_time;   /* when it happened, 100 ns since 1601 (struct event); 0: not known */
    uint64_t backlog;     /* records in the log that are still to be looked at; as of about 10 s ago */
    double records_per_s; /* read, over the last minute or so */
    double written_per_s; /* written into the log by all, over some ten minutes; negative: not known */
    double hours_to_wrap; /* until the log overwrites what was not read; negative: not known */
    uint64_t commands;    /* process creations read */
    uint64_t no_command;  /* of them without a command line: above a few percent, auditing lacks it */
    uint64_t lost;        /* records gone before they were read */
    uint64_t gaps;        /* occasions on which that was so */
    uint64_t skipped;     /* events that could not be read and were left out */
    uint64_t values_only; /* alerts made of an event's values, since its XML could not be read */
    uint64_t clears;      /* times that a log was cleared, as told by events 1102 and 104 read here */
    uint64_t reopened;    /* times that reading failed and the channel was opened again */
    uint64_t origins;     /* (Computer, Channel) that forwarded events came from */
};

/* Channels of the reader: their names stay valid as long as it; NULL beyond the last. */
const char *eventlog_channel_name(const struct eventlog *log, size_t channel);

/* Fills *out. Any thread, while the reader lives. Returns 0, or -EINVAL: no such channel. */
int eventlog_figures(struct eventlog *log, size_t channel, struct eventlog_figures *out);

#endif
