/*
 * output_type: what a kind of central collector must be able to do; output.c has the table of them. A new kind: its
 * file output_*.c with one of these, a line in that table, and its element in agent/config/config_settings_output.c.
 */
#ifndef TRANSPORT_OUTPUTS_OUTPUT_TYPE_H
#define TRANSPORT_OUTPUTS_OUTPUT_TYPE_H

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
    /* As output_open(), output_close(), output_send() and output_cancel(), for one server; *state is the kind's own.
     * result comes as RETRY with nothing in it but room for MIXED's items. cancel may be NULL: nothing takes long. */
    int (*open)(void **state, const struct output_settings *settings, struct fault *fault);
    void (*close)(void *state);
    void (*send)(void *state, const struct output_alert *alerts, size_t count, struct output_result *result);
    void (*cancel)(void *state);
};

extern const struct output_type output_webhook, output_clickhouse, output_elasticsearch, output_splunk_hec, output_file,
    output_alertmanager, output_otlp, output_azure_logs;

#endif
