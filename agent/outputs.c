#include "agent/outputs.h"

#include "agent/file.h"
#include "agent/messages.h"
#include "agent/version.h"
#include "transport/sender.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "sender " and an output's name. */
#define OUTPUT_THREAD_SIZE 96

/* Largest certificate or key file. */
#define MAX_PEM (1024u * 1024u)

/* A sender that promised a sign of life within some time may be so much later on a busy machine, ms. */
#define ALIVE_MARGIN_MS 60000u

struct outputs {
    struct log *log;
    struct health *health;
    size_t count;
    struct {
        struct output *output;
        struct sender *sender;
        char thread[OUTPUT_THREAD_SIZE]; /* its name in health: "sender NAME" */
        unsigned send_ms;                /* longest that one request may take */
    } list[CONFIG_MAX_OUTPUTS];
};

/* On a sender's thread. */
static void alive(void *context, const char *name, unsigned wait_ms)
{
    struct outputs *o = context;
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(output_name(o->list[i].output), name) == 0)
            health_alive(o->health, o->list[i].thread, (wait_ms > 0 ? wait_ms : o->list[i].send_ms) + ALIVE_MARGIN_MS);
}

/* On a sender's thread. */
static void report(void *context, const struct sender_report *r)
{
    struct outputs *o = context;
    char text[512] = "";
    if (r->fault != NULL)
        fault_text(r->fault, text, sizeof(text));
    switch (r->event) {
    case SENDER_DELIVERED:
        health_output_delivered(o->health, r->output, r->count, r->status);
        for (size_t i = 0; i < r->count; i++)
            health_test_result(o->health, r->items[i].id, r->output, HEALTH_TEST_TAKEN, r->status);
        log_write(o->log, CONFIG_LOG_INFO, MESSAGE_DELIVERED, "output %s: delivered alerts=%llu status=%ld", r->output,
                  (unsigned long long)r->count, r->status);
        break;
    case SENDER_RETRY:
        health_output_failed(o->health, r->output, r->status, text);
        log_write(o->log, CONFIG_LOG_WARNING, MESSAGE_RETRY,
                  "output %s: not delivered, next try in %u ms: %s (status=%ld)", r->output, r->wait_ms, text,
                  r->status);
        break;
    case SENDER_REFUSED:
        health_output_refused(o->health, r->output, r->status);
        health_test_result(o->health, r->id, r->output, HEALTH_TEST_REFUSED, r->status);
        log_write(o->log, CONFIG_LOG_ERROR, MESSAGE_REFUSED,
                  "output %s: refused for good, kept as a dead letter: alert=%s status=%ld: %s", r->output, r->id,
                  r->status, text);
        break;
    case SENDER_STORE:
        health_output_failed(o->health, r->output, 0, text);
        log_write(o->log, CONFIG_LOG_ERROR, MESSAGE_SENDER_STORE, "output %s: the outbox failed, next try in %u ms: %s",
                  r->output, r->wait_ms, text);
        break;
    }
}

/* path NULL: there is none, *pem stays NULL. */
static int read_pem(char **pem, size_t *size, const char *path, struct fault *fault)
{
    int rc = path == NULL ? 0 : file_read(pem, size, path, MAX_PEM);
    if (rc < 0)
        fault_set(fault, "reading the file", -rc, text_from(path), strerror(-rc));
    return rc;
}

static void wipe(char *secret, size_t size)
{
    volatile char *p = secret; /* the compiler must not leave it out */
    for (size_t i = 0; secret != NULL && i < size; i++)
        p[i] = 0;
    free(secret);
}

/* Calls use with what c says, its files read; their contents are gone afterwards. */
static int with_settings(const struct config_output *c,
                         int (*use)(void *context, const struct output_settings *set, struct fault *fault),
                         void *context, struct fault *fault)
{
    char *ca = NULL, *certificate = NULL, *key = NULL;
    size_t ca_size = 0, certificate_size = 0, key_size = 0;
    int rc = read_pem(&ca, &ca_size, c->ca_file, fault);
    if (rc == 0)
        rc = read_pem(&certificate, &certificate_size, c->client_certificate, fault);
    if (rc == 0)
        rc = read_pem(&key, &key_size, c->client_key, fault);
    if (rc == 0) {
        char agent[64] = "tripline/";
        (void)text_copy(agent + strlen(agent), sizeof(agent) - strlen(agent), text_from(version_number));
        struct output_settings set = {
            .name = c->name,
            .type = c->type,
            .https = {.url = c->url,
                      .ca_pem = ca,
                      .ca_pem_size = ca_size,
                      .certificate_pem = certificate,
                      .certificate_pem_size = certificate_size,
                      .key_pem = key,
                      .key_pem_size = key_size,
                      .key_password = c->client_key_password,
                      .headers = (const char *const *)c->headers,
                      .header_count = c->header_count,
                      .user_agent = agent,
                      .connect_timeout_ms = c->connect_timeout_ms,
                      .timeout_ms = c->timeout_ms},
            .format = c->format,
            .gzip = c->gzip,
            .max_batch_alerts = c->max_batch_alerts,
            .max_batch_bytes = c->max_batch_bytes,
        };
        rc = use(context, &set, fault);
    }
    wipe(key, key_size);
    free(certificate);
    free(ca);
    return rc;
}

static int open_one(void *context, const struct output_settings *set, struct fault *fault)
{
    return output_open(context, set, fault);
}

struct probe {
    struct https_facts *facts;
    const atomic_bool *cancel;
};

static int probe_one(void *context, const struct output_settings *set, struct fault *fault)
{
    const struct probe *probe = context;
    struct https *https = NULL;
    int rc = https_open(&https, &set->https, fault);
    if (rc == 0)
        rc = https_probe(https, probe->facts, probe->cancel, fault);
    https_close(https);
    return rc;
}

int outputs_probe(struct https_facts *facts, const struct config_output *output, const atomic_bool *cancel,
                  struct fault *fault)
{
    struct probe probe = {facts, cancel};
    return with_settings(output, probe_one, &probe, fault);
}

int outputs_open(struct outputs **out, const struct config *config, struct log *log, struct health *health,
                 struct fault *fault)
{
    struct outputs *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return -ENOMEM;
    o->log = log;
    o->health = health;
    int rc = 0;
    for (; o->count < config->output_count && rc == 0; o->count++) {
        const struct config_output *c = &config->outputs[o->count];
        snprintf(o->list[o->count].thread, OUTPUT_THREAD_SIZE, "sender %s", c->name);
        o->list[o->count].send_ms = c->timeout_ms;
        rc = with_settings(c, open_one, &o->list[o->count].output, fault);
    }
    if (rc < 0) {
        outputs_stop(o, 0);
        return rc;
    }
    *out = o;
    return 0;
}

int outputs_start(struct outputs *o, struct store *store, struct fault *fault)
{
    const char *names[CONFIG_MAX_OUTPUTS];
    for (size_t i = 0; i < o->count; i++)
        names[i] = output_name(o->list[i].output);
    health_outputs_set(o->health, names, o->count);
    for (size_t i = 0; i < o->count; i++) {
        struct sender_settings set = {
            .store = store, .output = o->list[i].output, .context = o, .report = report, .alive = alive};
        int rc = sender_start(&o->list[i].sender, &set);
        if (rc < 0) {
            fault_set(fault, "starting the sender", -rc, text_from(names[i]), strerror(-rc));
            return rc;
        }
    }
    return 0;
}

void outputs_stop(struct outputs *o, unsigned grace_ms)
{
    if (o == NULL)
        return;
    uint64_t end_ms = health_clock_ms() + grace_ms;
    for (size_t i = o->count; i > 0; i--) {
        uint64_t now_ms = health_clock_ms(); /* one time for all of them */
        sender_stop(o->list[i - 1].sender, now_ms < end_ms ? (unsigned)(end_ms - now_ms) : 0);
        health_gone(o->health, o->list[i - 1].thread);
        output_close(o->list[i - 1].output);
    }
    free(o);
}
