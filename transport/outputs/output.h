/*
 * output: where alerts go. One file a kind of central collector (output_webhook.c, ...), each with the same small
 * interface; the sender knows nothing else. What is the same for all kinds is done here: the encoding, and the way to
 * another server when one fails.
 */
#ifndef TRANSPORT_OUTPUTS_OUTPUT_H
#define TRANSPORT_OUTPUTS_OUTPUT_H

#include "detect/base/fault.h"
#include "transport/https/https.h"
#include "transport/outbox/store.h"
#include <stdbool.h>

/* What an alert looks like: the store's document as it is, or made of it (encode_ocsf.h, encode_sentinel.h). */
enum output_encoding { OUTPUT_ECS, OUTPUT_OCSF, OUTPUT_SENTINEL };

/* Most alerts that one request may carry. */
#define OUTPUT_MAX_BATCH 1000

/* Most servers that one output may fall back to. */
#define OUTPUT_MAX_FAILOVER 8

/* From the config; everything is copied by output_open(). Texts may be NULL where docs/configuration.md gives "none"
 * for the default. */
struct output_settings {
    const char *name; /* [A-Za-z0-9_-]{1,64}, unique */
    const char *type; /* "webhook", ... */
    struct https_settings https;
    const char *const *failover; /* URLs that are tried in turn while https.url can't be reached */
    size_t failover_count;       /* 0..OUTPUT_MAX_FAILOVER */
    unsigned failover_ms;        /* how long before https.url is tried again; 0: OUTPUT_FAILOVER_MS */
    enum output_encoding encoding;
    bool gzip;
    size_t max_batch_alerts;   /* 1..OUTPUT_MAX_BATCH */
    size_t max_batch_bytes;    /* before compression; a single larger alert is sent alone */
    unsigned max_batch_age_ms; /* how long alerts after a request may wait for more of them */
    const void *own; /* the struct of what this kind has beyond these (output_type.settings), secrets read; of a
                        SETTING_FILE the file's text */
};

#define OUTPUT_FAILOVER_MS 300000u

/* What the sender does next with the alerts it tried. */
enum output_outcome {
    OUTPUT_DELIVERED, /* 2xx, and the answer confirms them: they leave the outbox */
    OUTPUT_RETRY,     /* no answer, one that confirms nothing, or any other status (408, 425, 429, 5xx, and what an
                         operator must mend: 3xx, 401, 403, 404 ...): try again */
    OUTPUT_SPLIT,     /* too large or malformed among several (400, 413, 422): try each half */
    OUTPUT_REFUSED,   /* a single alert that the collector will never take (400, 413, 422): dead letter */
    OUTPUT_MIXED      /* the collector answered for each alert by itself: output_result.items */
};

/* Most bytes of an answer's text that go into output_result. */
#define OUTPUT_MAX_ANSWER 255

/* One alert's part of a MIXED answer. */
struct output_item {
    enum output_outcome outcome; /* DELIVERED, RETRY or REFUSED */
    long status;                 /* of this alert */
    char answer[OUTPUT_MAX_ANSWER + 1];
};

struct output_result {
    enum output_outcome outcome;
    unsigned retry_after_ms; /* RETRY: what the collector asked for, or 0 */
    bool is_for_operator;    /* RETRY: nothing but a changed setting will help, as after 401 and 403 */
    long status;             /* HTTP status, or 0 */
    struct fault fault;      /* set unless DELIVERED; no secret in it */
    /* The beginning of the collector's own words, printable, or empty. What they repeat of what was sent (credentials,
     * an alert's contents) stands there as "***". */
    char answer[OUTPUT_MAX_ANSWER + 1];
    struct output_item *items; /* MIXED: one for each alert; the output's own, until its next output_send() */
};

struct output;

/* Returns 0; -EINVAL with fault (unknown type, URL, certificate ...); -ENOMEM. */
int output_open(struct output **out, const struct output_settings *settings, struct fault *fault);
void output_close(struct output *output);
const char *output_name(const struct output *output);
size_t output_max_batch_alerts(const struct output *output);
size_t output_max_batch_bytes(const struct output *output);
unsigned output_max_batch_age_ms(const struct output *output);

/* Sends items[0..count-1] (1 or more, at most max_batch_alerts). It may need several requests, and wait for the
 * collector's confirmation. One thread at a time. */
void output_send(struct output *output, const struct store_item *items, size_t count, struct output_result *result);

/* Makes a running output_send return soon with RETRY, and each later one at once. Any thread. */
void output_cancel(struct output *output);

#endif
