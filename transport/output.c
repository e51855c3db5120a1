#include "transport/output_type.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longest name of an output, characters. */
#define MAX_NAME 64

/* Most alerts that one request may carry. */
#define MAX_BATCH 1000

static const struct output_type *const types[] = {&output_webhook};

struct output {
    const struct output_type *type;
    void *state;
    size_t max_batch_alerts, max_batch_bytes;
    char name[MAX_NAME + 1];
};

static const struct output_type *find_type(const char *name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i]->name, name) == 0)
            return types[i];
    return NULL;
}

static bool is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = strlen(name);
    return len >= 1 && len <= MAX_NAME && strspn(name, allowed) == len;
}

int output_open(struct output **out, const struct output_settings *settings, struct fault *fault)
{
    const struct output_type *type = find_type(settings->type);
    const char *wrong = NULL;
    if (!is_name(settings->name))
        wrong = "an output's name has 1 to 64 letters, digits, _ or -";
    else if (type == NULL)
        wrong = "there is no such type of output";
    else if (settings->max_batch_alerts < 1 || settings->max_batch_alerts > MAX_BATCH)
        wrong = "a batch has 1 to 1000 alerts";
    if (wrong != NULL) {
        fault_set(fault, "output_open", EINVAL, text_from(settings->name), wrong);
        return -EINVAL;
    }
    struct output *output = calloc(1, sizeof(*output));
    if (output == NULL)
        return -ENOMEM;
    output->type = type;
    output->max_batch_alerts = settings->max_batch_alerts;
    output->max_batch_bytes = settings->max_batch_bytes;
    (void)text_copy(output->name, sizeof(output->name), text_from(settings->name)); /* is_name() saw that it fits */
    int rc = type->open(&output->state, settings, fault);
    if (rc < 0) {
        free(output);
        return rc;
    }
    *out = output;
    return 0;
}

void output_close(struct output *output)
{
    if (output == NULL)
        return;
    output->type->close(output->state);
    free(output);
}

const char *output_name(const struct output *output)
{
    return output->name;
}

size_t output_max_batch_alerts(const struct output *output)
{
    return output->max_batch_alerts;
}

size_t output_max_batch_bytes(const struct output *output)
{
    return output->max_batch_bytes;
}

void output_send(struct output *output, const struct store_item *items, size_t count, struct output_result *result)
{
    *result = (struct output_result){.outcome = OUTPUT_RETRY};
    output->type->send(output->state, items, count, result);
}

void output_cancel(struct output *output)
{
    output->type->cancel(output->state);
}
