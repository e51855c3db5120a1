/* recorder: a sink for tests. It keeps copies of what a collector hands over. */
#ifndef TESTS_COLLECTORS_RECORDER_H
#define TESTS_COLLECTORS_RECORDER_H

#include "collectors/collector.h"

/* Most events and reports kept; the counts go on. */
#define RECORDER_MAX 400

struct recorder {
    struct event events[RECORDER_MAX]; /* the texts are copies */
    size_t event_count;
    struct {
        enum collector_report_kind kind;
        uint64_t offset;
        char source[64];
        struct fault fault;
    } reports[RECORDER_MAX];
    size_t report_count;
    int answer;     /* what event() returns */
    bool wants_all; /* events of any kind, not process creations alone */
};

/* A sink that writes to r, which starts as all zero. */
struct collector_sink recorder_sink(struct recorder *r);

/* Forgets everything, so that r can record anew. */
void recorder_clear(struct recorder *r);

/* Is field of event number i exactly want? NULL: is it absent? */
bool recorder_has(const struct recorder *r, size_t i, enum event_field field, const char *want);

/* The bytes of a file, NUL-terminated, which the caller frees; a failure ends the test program. */
char *recorder_read_file(const char *path, size_t *size);

#endif
