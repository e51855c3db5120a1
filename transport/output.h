/*
 * output: where alerts go. One file a kind of central collector (output_webhook.c, ...), each with the same small
 * interface; the sender knows nothing else.
 */
#ifndef TRANSPORT_OUTPUT_H
#define TRANSPORT_OUTPUT_H

#include "detect/fault.h"
#include "transport/https.h"
#include "transport/store.h"
#include <stdbool.h>

enum output_format { OUTPUT_JSON_ARRAY, OUTPUT_NDJSON };

/* From the config; everything is copied by output_open(). */
struct output_settings {
    const char *name; /* [A-Za-z0-9_-]{1,64}, unique */
    const char *type; /* "webhook" */
    struct https_settings https;
    enum output_format format;
    bool gzip;
    size_t max_batch_alerts; /* 1..1000 */
    size_t max_batch_bytes;  /* before compression; a single larger alert is sent alone */
};

/* What the sender does next with the alerts it tried. */
enum output_outcome {
    OUTPUT_DELIVERED, /* 2xx: they leave the outbox */
    OUTPUT_RETRY,     /* no answer, or any other status (408, 425, 429, 5xx, and what an operator must mend: 3xx, 401,
                         403, 404 ...): try again */
    OUTPUT_SPLIT,     /* too large or malformed among several (400, 413, 422): try each half */
    OUTPUT_REFUSED    /* a single alert that the collector will never take (400, 413, 422): dead letter */
};

/* Most bytes of an answer's text that go into output_result. */
#define OUTPUT_MAX_ANSWER 255

struct output_result {
    enum output_outcome outcome;
    unsigned retry_after_ms; /* RETRY: what the collector asked for, or 0 */
    long status;             /* HTTP status, or 0 */
    struct fault fault;      /* set unless DELIVERED; no secret in it */
    /* The beginning of the collector's own words, printable, or empty. It may repeat what was sent: for the dead-letter
     * table, not for the log. */
    char answer[OUTPUT_MAX_ANSWER + 1];
};

struct output;

/* Returns 0; -EINVAL with fault (unknown type, URL, certificate ...); -ENOMEM. */
int output_open(struct output **out, const struct output_settings *settings, struct fault *fault);
void output_close(struct output *output);
const char *output_name(const struct output *output);
size_t output_max_batch_alerts(const struct output *output);
size_t output_max_batch_bytes(const struct output *output);

/* Sends items[0..count-1] (1 or more) in one request. One thread at a time. */
void output_send(struct output *output, const struct store_item *items, size_t count, struct output_result *result);

/* Makes a running output_send return soon with RETRY, and each later one at once. Any thread. */
void output_cancel(struct output *output);

#endif
