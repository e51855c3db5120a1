/*
 * scenario: what a test wants to go wrong, one directive a line (README.md lists them). Parsed here; scenario_win.c
 * reads the file.
 */
#ifndef TESTS_WINSIM_SCENARIO_H
#define TESTS_WINSIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Directives of a channel: looked up by scenario_number. */
enum scenario_kind {
    SCENARIO_DENIED,
    SCENARIO_MISSING,
    SCENARIO_DIRECT,
    SCENARIO_STRICT_MISSING,
    SCENARIO_OLDEST,
    SCENARIO_CLEARED_LINES,
    SCENARIO_FIRST_RECORD,
    SCENARIO_DISABLED,
    SCENARIO_RETENTION,
    SCENARIO_AUTO_BACKUP,
    SCENARIO_MAX_SIZE,
    SCENARIO_BROKEN_XML,
    SCENARIO_KIND_COUNT
};

struct scenario_channel {
    enum scenario_kind kind;
    char *channel; /* "*": all */
    uint64_t number;
};

/* fail FUNCTION CHANNEL code=N ... */
struct scenario_failure {
    char *line; /* as written: the counters below live as long as it stands in the file */
    char *function, *channel;
    uint32_t code;
    uint64_t after, times; /* calls that go well first; then how many fail (UINT64_MAX: all) */
    uint64_t min_batch;    /* EvtNext: only calls that ask for at least so many */
    bool is_advancing;     /* EvtNext: the position moves all the same */
    uint64_t calls, failed;
};

struct scenario {
    struct scenario_channel *channels;
    size_t channel_count, channel_room;
    struct scenario_failure *failures;
    size_t failure_count, failure_room;
    uint32_t service_code; /* not 0: the Event Log service is down and calls fail so */
    bool is_first_signalled;
    uint32_t poll_ms, next_delay_ms, search_ms, render_grow, extra_properties;
    uint8_t pointer_type; /* EVT_VARIANT_TYPE of win:Pointer data */
};

/* Parses text (may be changed). before: the scenario until now, or NULL. A line that is not known ends the process. */
struct scenario *scenario_new(char *text, const struct scenario *before);
void scenario_free(struct scenario *s);

/* Is there such a directive for channel? number may be NULL. */
bool scenario_number(const struct scenario *s, enum scenario_kind kind, const char *channel, uint64_t *number);

/* Counts one call; returns the failure that it must give, or NULL. batch: 0 if the function has none. */
struct scenario_failure *scenario_failure(struct scenario *s, const char *function, const char *channel,
                                          uint64_t batch);

#endif
