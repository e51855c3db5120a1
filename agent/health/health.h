/*
 * health: the one place that collects what the agent knows of itself: figures of sources, outputs, store and threads.
 * Whoever does the work writes here; status file, heartbeat, metrics and watchdog read. Any thread; nothing waits here
 * longer than for a copy.
 *
 * Counts run since the agent started. Times are as struct event's (100 ns since 1601 UTC); 0: never.
 */
#ifndef AGENT_HEALTH_HEALTH_H
#define AGENT_HEALTH_HEALTH_H

#include "transport/outbox/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Channels of the config and a few sources more (ETW). Beyond it a source is not counted. */
#define HEALTH_MAX_SOURCES 72
#define HEALTH_MAX_OUTPUTS STORE_MAX_OUTPUTS
#define HEALTH_MAX_THREADS (HEALTH_MAX_OUTPUTS + 8)

/* Bytes with the NUL; a longer text is cut at a character. */
#define HEALTH_NAME_SIZE 256
#define HEALTH_TEXT_SIZE 320

/* Ranges of lost records kept for one heartbeat; when there are more, the last one grows to hold them. */
#define HEALTH_MAX_RANGES 8

enum health_state { HEALTH_STARTING, HEALTH_READING, HEALTH_ABSENT, HEALTH_DENIED, HEALTH_BROKEN };

struct health_range {
    uint64_t first, last; /* record ids, both included */
};

/* What has become of the records of one source since a heartbeat last took it (health_receipt). */
struct health_coverage {
    bool has_begin, has_end; /* begin: where reading stood at the start, if there was a bookmark */
    uint64_t begin, end;     /* record ids: everything after begin, up to end, has been read and kept */
    uint64_t events, matches, empty_command_lines, bad_events;
    struct health_range lost[HEALTH_MAX_RANGES];
    size_t lost_count;
    bool has_restarted; /* the place reached could not be used, or record ids went back (log cleared) */
};

struct health_source {
    char name[HEALTH_NAME_SIZE];
    enum health_state state;
    uint64_t since;                 /* in this state */
    char trouble[HEALTH_TEXT_SIZE]; /* why it is not read, or empty */
    uint64_t events;                /* read; where the source does not count itself, those that reached the rules */
    uint64_t matches, empty_command_lines, bad_events;
    uint64_t gaps, lost, restarts; /* gaps reported, records in them, bookmarks that could not be used */
    uint64_t last_event;           /* time of the newest event read */
    uint64_t last_kept;            /* when its bookmark was last kept */
    bool has_record, has_backlog, has_wrap;
    uint64_t record;         /* id of the last record that was read and kept */
    uint64_t backlog;        /* records after it in the log */
    bool is_disabled;        /* Windows writes nothing into it */
    uint64_t process_events; /* of events: process creations, where the source tells them apart */
    double records_per_s;    /* read, over the last minute or so */
    double wrap_hours;       /* until the log is expected to overwrite what has not been read */
    struct health_coverage coverage;
};

struct health_output {
    char name[HEALTH_NAME_SIZE];
    uint64_t delivered, heartbeats; /* alerts and heartbeats that it took */
    uint64_t refused, failures;
    uint64_t overflowed; /* that waited for it, and became dead letters when the outbox was full */
    uint64_t waiting;    /* filled by the monitor from the store */
    unsigned failing;    /* tries that failed in a row; 0: the last one was good */
    uint64_t last_success, last_failure;
    long last_status;               /* HTTP status of the last answer, or 0 */
    char trouble[HEALTH_TEXT_SIZE]; /* of the last failure; empty since the last success */
};

/* A test alert (agent/run/selftest.h) on its way. */
#define HEALTH_MAX_TESTS 4

enum health_test_state { HEALTH_TEST_WAITS, HEALTH_TEST_TAKEN, HEALTH_TEST_REFUSED };

struct health_test {
    char alert[ALERT_ID_SIZE];
    char command_line[HEALTH_TEXT_SIZE];
    char source[HEALTH_NAME_SIZE];
    uint64_t event, matched, kept; /* when it happened, when a rule matched, when its alert was on disk */
    size_t output_count;
    struct {
        char name[HEALTH_NAME_SIZE];
        enum health_test_state state;
        uint64_t at; /* when it was taken or refused */
        long status;
    } outputs[HEALTH_MAX_OUTPUTS];
};

struct health_thread {
    char name[HEALTH_NAME_SIZE];
    uint64_t overdue_ms; /* since its next sign of life was due; 0: it is not */
};

struct health_figures {
    struct health_source sources[HEALTH_MAX_SOURCES];
    size_t source_count;
    struct health_output outputs[HEALTH_MAX_OUTPUTS];
    size_t output_count;
    struct health_thread threads[HEALTH_MAX_THREADS];
    size_t thread_count;
    struct health_test tests[HEALTH_MAX_TESTS]; /* the newest last */
    size_t test_count;
    uint64_t started;   /* when health_new was called */
    uint64_t uptime_ms; /* by a clock that nobody sets */
    unsigned pace_ms;   /* what health_pace() makes a reader wait */
    uint64_t log_warnings, log_errors;
    uint64_t blocks_joined, blocks_incomplete, blocks_encrypted; /* PowerShell's script blocks: alert_maker.h */
    bool is_store_full, is_store_failing;
};

struct health;

int health_new(struct health **out); /* 0 or -ENOMEM */
void health_free(struct health *health);

/* Copies everything; *figures is large: on the heap. Asks the sources that registered. */
void health_read(struct health *health, struct health_figures *figures);

/*
 * A source that counts for itself: fill is called by health_read with what is known so far, on the reader's thread,
 * and must neither block nor call health. Unregistered by fill NULL, after which it is not called any more.
 */
void health_source_ask(struct health *health, const char *source, void (*fill)(void *context, struct health_source *to),
                       void *context);

/* Names the sources that are to be read (up to the first report of one its state is HEALTH_STARTING); others go. */
void health_sources_set(struct health *health, const char *const *names, size_t count);

/* trouble may be NULL. */
void health_source_state(struct health *health, const char *source, enum health_state state, const char *trouble);

/* Where reading of source begins: after record id record. Call before it starts. */
void health_source_begin(struct health *health, const char *source, uint64_t record);

/* A checkpoint was kept; what was counted since the one before. */
struct health_kept {
    uint64_t events, matches, empty_command_lines;
    uint64_t last_event;
    bool has_record;
    uint64_t record; /* that the bookmark stands on */
};
void health_source_kept(struct health *health, const char *source, const struct health_kept *kept);

void health_source_gap(struct health *health, const char *source, uint64_t first, uint64_t last);
/* A loss that has no record ids; count: of events, 0 where unknown. */
void health_source_lost(struct health *health, const char *source, uint64_t count);
void health_source_restart(struct health *health, const char *source);
void health_source_bad_event(struct health *health, const char *source);

/* Takes the coverage of all sources out of figures' origin: what comes from now on is counted anew. Call when the
 * heartbeat that speaks of figures is on disk. */
void health_receipt(struct health *health, const struct health_figures *figures);

/* The outputs that there are; others go. Counts of one that stays go on. */
void health_outputs_set(struct health *health, const char *const *names, size_t count);
void health_output_delivered(struct health *health, const char *output, size_t alerts, size_t heartbeats, long status);
void health_output_failed(struct health *health, const char *output, long status, const char *trouble);
void health_output_refused(struct health *health, const char *output, long status);
/* count of the alerts that waited for it gave way to others and are dead letters. */
void health_output_overflowed(struct health *health, const char *output, uint64_t count);

/* A test alert was made of an event of that time; it was kept; an output took it or refused it. Alerts that are not
 * known as tests are left alone. Each change makes health_test_changes() greater. */
void health_test_matched(struct health *health, const char *alert, const char *command_line, uint64_t event_time);
void health_test_kept(struct health *health, const char *alert, const char *source);
void health_test_result(struct health *health, const char *alert, const char *output, enum health_test_state state,
                        long status);
unsigned health_test_changes(struct health *health);

/* The store takes alerts (0), is full (-ENOSPC) or failed (another). */
void health_store(struct health *health, int rc);

/* So many more script blocks were joined of their parts, matched without some of them, or encrypted. */
void health_blocks(struct health *health, uint64_t joined, uint64_t incomplete, uint64_t encrypted);

/* A line of warning or error was logged. */
void health_logged(struct health *health, bool is_error);

/*
 * Threads give signs of life. due_ms: the next one comes within that time, or the thread is stuck. The first call of a
 * name registers it; health_gone() ends it.
 */
void health_alive(struct health *health, const char *thread, unsigned due_ms);
void health_gone(struct health *health, const char *thread);

/* How long a reader waits between two batches, ms: set by the monitor when the agent uses more than it may. */
void health_pace_set(struct health *health, unsigned ms);
unsigned health_pace(struct health *health);

/* A clock that only runs forward, ms. */
uint64_t health_clock_ms(void);

#endif
