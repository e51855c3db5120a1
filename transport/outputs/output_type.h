/*
 * output_type: what a kind of central collector must be able to do; output.c has the table of them. A new kind: its
 * file output_*.c with one of these, which has its settings too, and a line in that table; config/tripline.xml and
 * config/tripline.xsd, which a test holds to it.
 */
#ifndef TRANSPORT_OUTPUTS_OUTPUT_TYPE_H
#define TRANSPORT_OUTPUTS_OUTPUT_TYPE_H

#include "detect/base/setting.h"
#include "transport/outputs/output.h"

#include <jansson.h>

/* One alert on its way out. */
struct output_alert {
    const char *id;
    json_t *ecs;          /* the store's document; see document.h. To be read only */
    json_t *data;         /* the same in the output's encoding. To be read only */
    const char *document; /* data as text, on one line */
    size_t size;          /* of document, bytes */
    bool is_shortened;    /* its long texts are cut: another body of the same id */
};

struct output_type {
    const char *name; /* as in the config */
    /* What it has beyond the settings of all outputs, kept in a struct of settings_size bytes: output_settings.own. */
    const struct setting *settings;
    size_t setting_count, settings_size;
    bool speaks_http;           /* it has a url, certificates, headers, timeouts */
    const char *encoding;       /* the default of "encoding"; NULL: it has no such setting */
    const char *gzip;           /* the same of "gzip" */
    size_t max_batch_kilobytes; /* the largest that "max-batch-kilobytes" may be */
    /* What is wrong with its own settings together, each being good by itself: "what is wrong; what would be right",
     * and the setting to name (or NULL). NULL: all is good. May be NULL itself. Files are paths here. */
    const char *(*check)(const void *own, const char **setting);
    /* As output_open(), output_close(), output_send() and output_cancel(), for one server; *state is the kind's own.
     * result comes as RETRY with nothing in it but room for MIXED's items. cancel may be NULL: nothing takes long. */
    int (*open)(void **state, const struct output_settings *settings, struct fault *fault);
    void (*close)(void *state);
    void (*send)(void *state, const struct output_alert *alerts, size_t count, struct output_result *result);
    void (*cancel)(void *state);
};

/* How many kinds there are. */
#define OUTPUT_TYPE_COUNT 8

/* Most kilobytes of a batch where the collector sets no limit of its own. */
#define OUTPUT_MAX_KILOBYTES 16384

/* place: below OUTPUT_TYPE_COUNT. */
const struct output_type *output_type_at(size_t place);

/* NULL: there is none of that name. */
const struct output_type *output_type_find(const char *name);

extern const struct output_type output_webhook, output_clickhouse, output_elasticsearch, output_splunk_hec, output_file,
    output_alertmanager, output_otlp, output_azure_logs;

/* Words that several kinds use: "no", "yes". */
extern const char *const output_no_yes[];

#endif
