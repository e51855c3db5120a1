/* compiled: a Sigma rule out of text, and events for it, for tests. */
#ifndef TESTS_DETECT_SIGMA_COMPILED_H
#define TESTS_DETECT_SIGMA_COMPILED_H

#include "detect/sigma/sigma.h"
#include "tests/detect/sigma/slow.h"

struct compiled {
    int rc; /* of the compiling */
    struct arena *arena, *scratch;
    struct columns *columns;
    struct notes notes;
    struct rule rule;
    const struct node *root; /* NULL: it is no YAML */
};

/* Compiles a document. The caller calls compiled_clear(). No memory ends the test. */
struct compiled compiled_of(const char *yaml, const struct sigma_extras *extras);
void compiled_clear(struct compiled *compiled);

/* Is the event one that the rule's leg takes, and does its condition hold? A limit that is hit ends the test. */
bool compiled_matches(struct compiled *compiled, const struct event *event);

/* The notes as "line:column code" lines joined by blanks: errors, or warnings. */
const char *compiled_notes(const struct compiled *compiled, bool is_warnings);

/* Most names and values that compiled_event() takes. */
#define COMPILED_MAX_DATA 32

struct compiled_event {
    struct event event;
    struct event_datum data[COMPILED_MAX_DATA];
};

/* An event of that provider, channel and id with data "Name=value|Name=value"; the canonical fields are filled. */
void compiled_event(struct compiled_event *out, const char *provider, const char *channel, uint32_t id,
                    const char *data);

/* A process creation as Sysmon writes it. */
void compiled_process(struct compiled_event *out, const char *data);

/*
 * What the slow evaluator sees of an event, by Sigma's taxonomy, written from the specification and not from
 * detect/sigma: fields has room for 128. All texts borrow from the event or from storage, of size bytes.
 */
void compiled_slow(struct slow_event *out, struct slow_field *fields, char *storage, size_t size,
                   const struct event *event);

#endif
