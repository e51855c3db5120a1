#include "transport/outputs/output_type.h"

#include "transport/document/document.h"
#include "transport/document/encode_ocsf.h"
#include "transport/document/encode_sentinel.h"
#include "transport/outputs/output_echo.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Texts of an alert that was too large for its collector are cut to so many bytes. What it must say (host, account,
 * rule, time, ids, how the command line begins) is within; a whole alert is below 16 KiB then, which every collector
 * takes. */
#define SHORT_TEXT 1024

/* Longest name of an output, characters. */
#define MAX_NAME 64

static const struct output_type *const types[] = {
    &output_webhook,      &output_clickhouse, &output_elasticsearch, &output_splunk_hec,
    &output_alertmanager, &output_otlp,       &output_azure_logs,    &output_file,
};
_Static_assert(sizeof(types) / sizeof(types[0]) == OUTPUT_TYPE_COUNT, "each kind has its place in the config");

const char *const output_no_yes[] = {"no", "yes", NULL};

struct output {
    const struct output_type *type;
    void *states[1 + OUTPUT_MAX_FAILOVER]; /* one for each server, the primary first */
    size_t state_count;
    enum output_encoding encoding;
    size_t max_batch_alerts, max_batch_bytes;
    unsigned max_batch_age_ms, failover_ms;
    char name[MAX_NAME + 1];
    pthread_mutex_t mutex; /* guards is_cancelled */
    bool is_cancelled;

    /* The sending thread's own. */
    size_t at;                    /* the server that is tried next */
    struct timespec failed_since; /* when the primary was last tried in vain */
    struct output_item *items;    /* room for MIXED: max_batch_alerts */
    struct output_echo *echo;     /* what may not be repeated in a log */
};

const struct output_type *output_type_at(size_t place)
{
    return types[place];
}

const struct output_type *output_type_find(const char *name)
{
    for (size_t i = 0; i < OUTPUT_TYPE_COUNT; i++)
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

static const char *wrong_with(const struct output_settings *settings)
{
    if (!is_name(settings->name))
        return "an output's name has 1 to 64 letters, digits, _ or -";
    if (output_type_find(settings->type) == NULL)
        return "there is no such type of output";
    if (settings->max_batch_alerts < 1 || settings->max_batch_alerts > OUTPUT_MAX_BATCH)
        return "a batch has 1 to 1000 alerts";
    if (settings->failover_count > OUTPUT_MAX_FAILOVER)
        return "more servers to fall back to than are allowed";
    return NULL;
}

/* One state for each server. */
static int open_states(struct output *output, const struct output_settings *settings, struct fault *fault)
{
    struct output_settings one = *settings;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i <= settings->failover_count; i++) {
        if (i > 0)
            one.https.url = settings->failover[i - 1];
        rc = output->type->open(&output->states[i], &one, fault);
        output->state_count += rc == 0 ? 1 : 0;
    }
    return rc;
}

int output_open(struct output **out, const struct output_settings *settings, struct fault *fault)
{
    const char *wrong = wrong_with(settings);
    if (wrong != NULL) {
        fault_set(fault, "output_open", EINVAL, text_from(settings->name), wrong);
        return -EINVAL;
    }
    struct output *output = calloc(1, sizeof(*output));
    if (output == NULL)
        return -ENOMEM;
    int rc = -pthread_mutex_init(&output->mutex, NULL);
    if (rc < 0) {
        free(output);
        return rc;
    }
    output->type = output_type_find(settings->type);
    output->encoding = settings->encoding;
    output->max_batch_alerts = settings->max_batch_alerts;
    output->max_batch_bytes = settings->max_batch_bytes;
    output->max_batch_age_ms = settings->max_batch_age_ms;
    output->failover_ms = settings->failover_ms == 0 ? OUTPUT_FAILOVER_MS : settings->failover_ms;
    (void)text_copy(output->name, sizeof(output->name), text_from(settings->name)); /* is_name() saw that it fits */
    output->items = calloc(output->max_batch_alerts, sizeof(*output->items));
    rc = output->items == NULL ? -ENOMEM : output_echo_new(&output->echo, output->type, settings);
    if (rc == 0)
        rc = open_states(output, settings, fault);
    if (rc < 0) {
        output_close(output);
        return rc;
    }
    *out = output;
    return 0;
}

void output_close(struct output *output)
{
    if (output == NULL)
        return;
    for (size_t i = 0; i < output->state_count; i++)
        output->type->close(output->states[i]);
    output_echo_free(output->echo);
    free(output->items);
    (void)pthread_mutex_destroy(&output->mutex); /* fails only while it is held */
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

unsigned output_max_batch_age_ms(const struct output *output)
{
    return output->max_batch_age_ms;
}

static bool is_cancelled(struct output *output)
{
    pthread_mutex_lock(&output->mutex);
    bool cancelled = output->is_cancelled;
    pthread_mutex_unlock(&output->mutex);
    return cancelled;
}

static long ms_since(const struct timespec *then)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails only for an unknown clock */
    return (long)(now.tv_sec - then->tv_sec) * 1000L + (now.tv_nsec - then->tv_nsec) / 1000000L;
}

/* Did the server itself fail, so that another may do better? One that answers sensibly is not gone round. */
static bool is_server_down(const struct output_result *result)
{
    return result->outcome == OUTPUT_RETRY && (result->status == 0 || result->status >= 500);
}

/* Tries the present server, and while that is down each other one once. items: room for MIXED. */
static void send_somewhere(struct output *output, const struct output_alert *alerts, size_t count,
                           struct output_item *items, struct output_result *result)
{
    if (output->at > 0 && ms_since(&output->failed_since) >= (long)output->failover_ms)
        output->at = 0;
    for (size_t tried = 0; tried < output->state_count; tried++) {
        *result = (struct output_result){.outcome = OUTPUT_RETRY, .items = items};
        output->type->send(output->states[output->at], alerts, count, result);
        if (!is_server_down(result) || output->state_count == 1 || is_cancelled(output))
            return;
        if (output->at == 0)
            (void)clock_gettime(CLOCK_MONOTONIC, &output->failed_since);
        output->at = (output->at + 1) % output->state_count;
    }
}

/* Fills in the rest of alert from its ecs, which it takes over. */
static int encode(struct output_alert *alert, enum output_encoding encoding)
{
    alert->data = encoding == OUTPUT_ECS    ? json_incref(alert->ecs)
                  : encoding == OUTPUT_OCSF ? encode_ocsf(alert->ecs)
                                            : encode_sentinel(alert->ecs);
    bool is_as_stored = encoding == OUTPUT_ECS && !alert->is_shortened;
    if (!is_as_stored)
        alert->document = alert->data == NULL ? NULL : json_dumps(alert->data, JSON_COMPACT);
    if (alert->document == NULL) {
        json_decref(alert->data);
        json_decref(alert->ecs);
        return -ENOMEM;
    }
    if (!is_as_stored)
        alert->size = strlen(alert->document);
    return 0;
}

/* Fills alert from item. Returns 0; -ENOMEM; -EBADMSG: the store's document is no JSON object. */
static int prepare(struct output_alert *alert, enum output_encoding encoding, const struct store_item *item)
{
    json_t *ecs = document_parse(item->document, item->size);
    if (ecs == NULL)
        return -EBADMSG;
    *alert = (struct output_alert){.id = item->id, .ecs = ecs, .document = item->document, .size = item->size};
    return encode(alert, encoding);
}

/* The alerts of one output_send(). */
struct sending {
    struct output_alert *alerts;
    size_t *places; /* each one's among the items */
    size_t count;
};

static void release(struct sending *sending, const struct store_item *items)
{
    for (size_t i = 0; i < sending->count; i++) {
        if (sending->alerts[i].document != items[sending->places[i]].document)
            free((char *)sending->alerts[i].document);
        json_decref(sending->alerts[i].data);
        json_decref(sending->alerts[i].ecs);
    }
    free(sending->places);
    free(sending->alerts);
}

/* OCSF's findings and the rule's row have no place for a heartbeat: such an output gets none. */
static int prepare_all(struct sending *sending, enum output_encoding encoding, const struct store_item *items,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = prepare(&sending->alerts[sending->count], encoding, &items[i]);
        if (rc < 0)
            return rc;
        sending->places[sending->count++] = i;
        if (encoding == OUTPUT_ECS || !document_is_heartbeat(sending->alerts[sending->count - 1].ecs))
            continue;
        struct output_alert *left_out = &sending->alerts[--sending->count];
        free((char *)left_out->document); /* it was encoded */
        json_decref(left_out->data);
        json_decref(left_out->ecs);
    }
    return 0;
}

/* What was said of the alerts that were sent, as what was said of all items: the others are done with. */
static void spread(struct output *output, const struct sending *sending, size_t count, struct output_result *result)
{
    struct output_item *items = output->items, refused = {.outcome = result->outcome, .status = result->status};
    if (sending->count == count || (result->outcome != OUTPUT_REFUSED && result->outcome != OUTPUT_MIXED))
        return;
    memcpy(refused.answer, result->answer, sizeof(refused.answer));
    size_t left = sending->count;
    for (size_t i = count; i > 0; i--) {
        if (left == 0 || sending->places[left - 1] != i - 1) {
            items[i - 1] = (struct output_item){.outcome = OUTPUT_DELIVERED};
            continue;
        }
        left--;
        items[i - 1] = result->outcome == OUTPUT_MIXED ? items[left] : refused;
    }
    result->outcome = OUTPUT_MIXED;
    result->items = items;
}

/* May the collector have refused an alert for its size? 0: an output's own limit; 201: taken, but put aside. */
static bool may_be_size(enum output_outcome outcome, long status)
{
    return outcome == OUTPUT_REFUSED &&
           (status == 0 || status == 201 || status == 400 || status == 413 || status == 422);
}

/* The alert of item once more with its long texts cut: who starts a process chooses how long its command line is, and
 * so could choose that the alert about it is refused. Returns what became of it; REFUSED: nothing could be cut, or that
 * is not taken either. */
static enum output_outcome send_shortened(struct output *output, const struct store_item *item,
                                          struct output_result *result)
{
    struct output_alert alert = {
        .id = item->id, .ecs = document_parse(item->document, item->size), .is_shortened = true};
    struct output_item one = {.outcome = OUTPUT_REFUSED};
    bool is_shorter = false;
    result->outcome = OUTPUT_REFUSED;
    if (alert.ecs == NULL)
        return OUTPUT_REFUSED;
    if (document_shorten(&is_shorter, alert.ecs, SHORT_TEXT) < 0 || !is_shorter) {
        json_decref(alert.ecs);
        return OUTPUT_REFUSED;
    }
    if (encode(&alert, output->encoding) < 0)
        return OUTPUT_REFUSED;
    send_somewhere(output, &alert, 1, &one, result);
    free((char *)alert.document); /* it was made above */
    json_decref(alert.data);
    json_decref(alert.ecs);
    return result->outcome == OUTPUT_MIXED ? one.outcome : result->outcome;
}

/* Each that was refused, perhaps for its size, is tried shortened, until one is not taken like that either. */
static void shorten_refused(struct output *output, const struct sending *sending, const struct store_item *items,
                            struct output_result *result)
{
    struct output_result again;
    enum output_outcome outcome = OUTPUT_DELIVERED;
    if (sending->count == 1 && may_be_size(result->outcome, result->status)) {
        outcome = send_shortened(output, &items[sending->places[0]], &again);
        if (outcome != OUTPUT_REFUSED)
            *result = again;
        result->outcome = outcome;
    }
    for (size_t i = 0; result->outcome == OUTPUT_MIXED && i < sending->count && outcome == OUTPUT_DELIVERED; i++) {
        if (!may_be_size(result->items[i].outcome, result->items[i].status))
            continue;
        outcome = send_shortened(output, &items[sending->places[i]], &again);
        result->items[i].outcome = outcome;
    }
}

static void hide_echoes(struct output *output, const struct sending *sending, struct output_result *result)
{
    output_echo_hide(result->answer, output->echo, sending->alerts, sending->count);
    for (size_t i = 0; result->outcome == OUTPUT_MIXED && i < sending->count; i++)
        output_echo_hide(result->items[i].answer, output->echo, sending->alerts, sending->count);
}

void output_send(struct output *output, const struct store_item *items, size_t count, struct output_result *result)
{
    struct sending sending = {calloc(count, sizeof(struct output_alert)), calloc(count, sizeof(size_t)), 0};
    int rc = sending.alerts == NULL || sending.places == NULL ? -ENOMEM
                                                              : prepare_all(&sending, output->encoding, items, count);
    *result = (struct output_result){.outcome = OUTPUT_RETRY};
    if (rc == 0 && sending.count == 0) {
        result->outcome = OUTPUT_DELIVERED;
    } else if (rc == 0) {
        send_somewhere(output, sending.alerts, sending.count, output->items, result);
        shorten_refused(output, &sending, items, result);
        hide_echoes(output, &sending, result);
        spread(output, &sending, count, result);
    } else {
        if (rc == -EBADMSG)
            result->outcome = count > 1 ? OUTPUT_SPLIT : OUTPUT_REFUSED;
        fault_set(&result->fault, "output_send", -rc, text_from(output->name),
                  rc == -EBADMSG ? "the stored document is no JSON object" : "no memory");
    }
    release(&sending, items);
}

void output_cancel(struct output *output)
{
    pthread_mutex_lock(&output->mutex);
    output->is_cancelled = true;
    pthread_mutex_unlock(&output->mutex);
    for (size_t i = 0; i < output->state_count && output->type->cancel != NULL; i++)
        output->type->cancel(output->states[i]);
}
