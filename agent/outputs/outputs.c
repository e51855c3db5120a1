#include "agent/outputs/outputs.h"

#include "agent/config/config_internal.h"
#include "agent/config/secret.h"
#include "agent/log/messages.h"
#include "agent/outputs/secret_output.h"
#include "agent/system/file.h"
#include "agent/system/version.h"
#include "transport/document/document.h"
#include "transport/outputs/sender.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "sender " and an output's name. */
#define OUTPUT_THREAD_SIZE 96

/* A sender that promised a sign of life within some time may be so much later on a busy machine, ms. */
#define ALIVE_MARGIN_MS 60000u
/* How often the files that outputs were made from are checked for changes, s. */
#define LOOK_S 10

struct outputs {
    struct log *log;
    struct health *health;
    size_t count;
    const struct config *config;
    struct store *store;   /* once they are started */
    pthread_mutex_t mutex; /* guards each one's stamp */
    struct one_output {
        struct outputs *all;
        const struct config_output *config;
        struct output *output;           /* opened, until its sender has it */
        struct sender *sender;           /* with its output; the rest is for its thread alone */
        char stamp[SHA256_HEX_SIZE];     /* of what the output was made from; under the mutex */
        time_t looked;                   /* when that was last compared */
        bool has_trouble;                /* what changed can't be used: said once */
        char thread[OUTPUT_THREAD_SIZE]; /* its name in health: "sender NAME" */
    } list[CONFIG_MAX_OUTPUTS];
};

/* On a sender's thread. wait_ms 0: it works, without a wait of its own; each request tells of itself. */
static void alive(void *context, const char *name, unsigned wait_ms)
{
    struct one_output *one = context;
    (void)name;
    health_alive(one->all->health, one->thread, wait_ms + ALIVE_MARGIN_MS);
}

/* The same for each request and pause of one delivery, of which an output may need many: a token before the alerts,
 * other servers after the first, an indexer's acknowledgement for minutes. */
static void request_alive(void *context, unsigned wait_ms)
{
    alive(context, NULL, wait_ms);
}

/* What failed, with the collector's own words. */
#define TROUBLE_SIZE 800
static const char *trouble_of(char to[TROUBLE_SIZE], const struct sender_report *r)
{
    to[0] = '\0';
    if (r->fault != NULL)
        fault_text(r->fault, to, TROUBLE_SIZE);
    if (r->answer != NULL && *r->answer != '\0') {
        size_t used = strlen(to);
        snprintf(to + used, TROUBLE_SIZE - used, "; it says: %s", r->answer); /* cut where longer */
    }
    return to;
}

static size_t count_heartbeats(const struct sender_report *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += document_text_is_heartbeat(r->items[i].document);
    return count;
}

static void report_delivered(struct outputs *o, const struct sender_report *r)
{
    size_t heartbeats = count_heartbeats(r);
    health_output_delivered(o->health, r->output, r->count - heartbeats, heartbeats, r->status);
    for (size_t i = 0; i < r->count; i++)
        health_test_result(o->health, r->items[i].id, r->output, HEALTH_TEST_TAKEN, r->status);
    log_write(o->log, LOG_INFO, MESSAGE_DELIVERED, "output %s: delivered alerts=%llu heartbeats=%llu status=%ld",
              r->output, (unsigned long long)(r->count - heartbeats), (unsigned long long)heartbeats, r->status);
}

/* On a sender's thread. */
static void report(void *context, const struct sender_report *r)
{
    struct outputs *o = ((struct one_output *)context)->all;
    char room[TROUBLE_SIZE];
    const char *text = trouble_of(room, r);
    switch (r->event) {
    case SENDER_DELIVERED:
        report_delivered(o, r);
        break;
    case SENDER_RETRY:
        health_output_failed(o->health, r->output, r->status, text);
        log_write(o->log, LOG_WARNING, MESSAGE_RETRY, "output %s: not delivered, next try in %u ms: %s (status=%ld)",
                  r->output, r->wait_ms, text, r->status);
        break;
    case SENDER_FORBIDDEN:
        health_output_failed(o->health, r->output, r->status, text);
        log_write(o->log, LOG_ERROR, MESSAGE_FORBIDDEN,
                  "output %s: refused: the collector does not know us, does not let us, or lacks what this output "
                  "names; nothing is lost, next try in %u ms: %s",
                  r->output, r->wait_ms, text);
        break;
    case SENDER_DOUBTED:
        health_output_failed(o->health, r->output, r->status, text);
        log_write(o->log, LOG_ERROR, MESSAGE_DOUBTED,
                  "output %s: refuses one alert after another and takes none, so nothing more is given up; next try in "
                  "%u ms: %s",
                  r->output, r->wait_ms, text);
        break;
    case SENDER_EXPIRED:
        log_write(o->log, LOG_ERROR, MESSAGE_EXPIRED,
                  "output %s: kept as dead letters, for they waited for longer than max-age: alerts=%llu", r->output,
                  (unsigned long long)r->count);
        break;
    case SENDER_RENEWED:
        log_write(o->log, LOG_INFO, MESSAGE_RENEWED, "output %s: certificates and secrets were read anew", r->output);
        break;
    case SENDER_REFUSED:
        health_output_refused(o->health, r->output, r->status);
        health_test_result(o->health, r->id, r->output, HEALTH_TEST_REFUSED, r->status);
        log_write(o->log, LOG_ERROR, MESSAGE_REFUSED,
                  "output %s: refused for good, kept as a dead letter: alert=%s status=%ld: %s", r->output, r->id,
                  r->status, text);
        break;
    case SENDER_STORE:
        health_output_failed(o->health, r->output, 0, text);
        log_write(o->log, LOG_ERROR, MESSAGE_SENDER_STORE, "output %s: the outbox failed, next try in %u ms: %s",
                  r->output, r->wait_ms, text);
        break;
    }
}

/* path NULL: there is none, *pem stays NULL. */
static int read_pem(char **pem, size_t *size, const char *path, struct fault *fault)
{
    int rc = path == NULL ? 0 : file_read(pem, size, path, CONFIG_MAX_PEM);
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

/* The files that an output's settings name. */
struct pem {
    char *text; /* NULL: none */
    size_t size;
};

struct pems {
    struct pem ca, certificate, key;
    const struct output_type *type;
    void *own; /* what the output's kind has of its own, with each file's text in the place of its path */
};

/* Where pems->own has the value of the kind's own setting i; NULL: that is no file. */
static char **own_file(const struct pems *pems, size_t i)
{
    const struct setting *s = &pems->type->settings[i];
    return s->kind == SETTING_FILE ? (char **)(void *)((char *)pems->own + s->offset) : NULL;
}

static int read_own(struct pems *pems, const struct config_output *c, struct fault *fault)
{
    const struct output_type *type = output_type_find(c->type);
    size_t size = 0;
    int rc = 0;
    pems->own = calloc(1, type->settings_size + 1);
    if (pems->own == NULL)
        return -ENOMEM;
    pems->type = type;
    memcpy(pems->own, c->own, type->settings_size);
    for (size_t i = 0; i < type->setting_count; i++) /* no path may be freed when the next line fails */
        if (own_file(pems, i) != NULL)
            *own_file(pems, i) = NULL;
    for (size_t i = 0; rc == 0 && i < type->setting_count; i++)
        if (own_file(pems, i) != NULL)
            rc = read_pem(own_file(pems, i), &size, *(char **)(void *)((char *)c->own + type->settings[i].offset),
                          fault);
    return rc;
}

static int read_pems(struct pems *pems, const struct config_output *c, struct fault *fault)
{
    const struct {
        struct pem *pem;
        const char *path;
    } files[] = {{&pems->ca, c->ca_file}, {&pems->certificate, c->client_certificate}, {&pems->key, c->client_key}};
    int rc = read_own(pems, c, fault);
    for (size_t i = 0; rc == 0 && i < sizeof(files) / sizeof(files[0]); i++)
        rc = read_pem(&files[i].pem->text, &files[i].pem->size, files[i].path, fault);
    return rc;
}

static void free_pems(struct pems *pems)
{
    for (size_t i = 0; pems->type != NULL && i < pems->type->setting_count; i++)
        if (own_file(pems, i) != NULL)
            config_wipe(*own_file(pems, i)); /* up to a NUL; PEM has none */
    free(pems->own);
    wipe(pems->key.text, pems->key.size);
    free(pems->certificate.text);
    free(pems->ca.text);
}

/* What is done with an output's settings while its secrets are open. */
typedef int use_settings(void *context, const struct output_settings *set, struct fault *fault);

/* c: with its secrets. */
static int with_settings(struct one_output *one, const struct config_output *c, const char *proxy_password,
                         use_settings *use, void *context, struct fault *fault)
{
    const struct config_proxy *proxy = &one->all->config->proxy;
    bool has_sender = one->all->health != NULL; /* not when it is only tried or probed */
    struct pems pems = {.ca = {NULL, 0}};
    int rc = read_pems(&pems, c, fault);
    if (rc == 0) {
        char agent[64] = "tripline/";
        (void)text_copy(agent + strlen(agent), sizeof(agent) - strlen(agent), text_from(version_number));
        struct output_settings set = {
            .name = c->name,
            .type = c->type,
            .https = {.url = c->url,
                      .ca_pem = pems.ca.text,
                      .ca_pem_size = pems.ca.size,
                      .certificate_pem = pems.certificate.text,
                      .certificate_pem_size = pems.certificate.size,
                      .key_pem = pems.key.text,
                      .key_pem_size = pems.key.size,
                      .key_password = c->client_key_password,
                      .pins = {c->pin, c->pin_next},
                      .wants_staple = c->ocsp_staple,
                      .allows_http = c->allow_plaintext,
                      .proxy = strcmp(proxy->url, "environment") == 0 ? NULL
                               : strcmp(proxy->url, "none") == 0      ? ""
                                                                      : proxy->url,
                      .no_proxy = proxy->bypass,
                      .proxy_login = proxy->login,
                      .proxy_user = proxy->user,
                      .proxy_password = proxy_password,
                      .headers = (const char *const *)c->headers,
                      .header_count = c->header_count,
                      .user_agent = agent,
                      .connect_timeout_ms = c->connect_timeout_ms,
                      .timeout_ms = c->timeout_ms,
                      .alive = has_sender ? request_alive : NULL,
                      .alive_context = one},
            .failover = (const char *const *)c->failover,
            .failover_count = c->failover_count,
            .encoding = c->encoding,
            .gzip = c->gzip,
            .max_batch_alerts = c->max_batch_alerts,
            .max_batch_bytes = c->max_batch_bytes,
            .max_batch_age_ms = c->max_batch_age_ms,
            .own = pems.own,
        };
        rc = use(context, &set, fault);
    }
    free_pems(&pems);
    return rc;
}

static bool is_stamped(struct one_output *one, const char stamp[SHA256_HEX_SIZE])
{
    pthread_mutex_lock(&one->all->mutex);
    bool is_same = strcmp(stamp, one->stamp) == 0;
    pthread_mutex_unlock(&one->all->mutex);
    return is_same;
}

/* Calls use with all that the output is made from as it is now. Unless is_needed, only when that has changed. */
static int open_output(struct one_output *one, bool is_needed, use_settings *use, void *context, struct fault *fault)
{
    const struct config_proxy *proxy = &one->all->config->proxy;
    struct config_output opened;
    char stamp[SHA256_HEX_SIZE], *password = NULL;
    int rc = secret_output_open(&opened, one->config, fault);
    if (rc < 0)
        return rc;
    rc = secret_output_stamp(stamp, &opened);
    if (rc == 0 && proxy->password != NULL)
        rc = secret_read(&password, proxy->password, fault);
    if (rc == 0 && (is_needed || !is_stamped(one, stamp))) {
        rc = with_settings(one, &opened, password, use, context, fault);
        pthread_mutex_lock(&one->all->mutex);
        if (rc == 0)
            memcpy(one->stamp, stamp, sizeof(stamp));
        pthread_mutex_unlock(&one->all->mutex);
    }
    config_wipe(password);
    secret_output_close(&opened);
    return rc;
}

/* context: struct output **. */
static int make_output(void *context, const struct output_settings *set, struct fault *fault)
{
    return output_open(context, set, fault);
}

/* On a sender's thread: certificates, keys and secrets that have changed. */
static struct output *renew(void *context, enum sender_renew why)
{
    struct one_output *one = context;
    struct output *fresh = NULL;
    struct fault fault = {.call = NULL};
    char text[512];
    time_t now = time(NULL);
    /* A clock that went back is no reason to look no more. */
    if (why == SENDER_RENEW_CHANGED && now >= one->looked && now - one->looked < LOOK_S)
        return NULL;
    one->looked = now;
    int rc = open_output(one, false, make_output, &fresh, &fault);
    if (rc < 0 && !one->has_trouble)
        log_write(one->all->log, LOG_ERROR, MESSAGE_NOT_RENEWED,
                  "output %s: a file or secret of it can't be read again, so the former is used: %s", one->config->name,
                  fault_text(&fault, text, sizeof(text)));
    one->has_trouble = rc < 0;
    return fresh;
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

int outputs_probe(struct https_facts *facts, const struct config *config, size_t place, const atomic_bool *cancel,
                  struct fault *fault)
{
    struct probe probe = {facts, cancel};
    struct outputs all = {.config = config, .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct one_output one = {.all = &all, .config = &config->outputs[place]};
    return open_output(&one, true, probe_one, &probe, fault);
}

int outputs_try(const struct config *config, size_t place, struct fault *fault)
{
    struct outputs all = {.config = config, .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct one_output one = {.all = &all, .config = &config->outputs[place]};
    int rc = open_output(&one, true, make_output, &one.output, fault);
    output_close(one.output); /* NULL is allowed */
    return rc;
}

int outputs_open(struct outputs **out, const struct config *config, struct log *log, struct health *health,
                 struct fault *fault)
{
    struct outputs *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return -ENOMEM;
    int rc = -pthread_mutex_init(&o->mutex, NULL);
    if (rc < 0) {
        free(o);
        return rc;
    }
    o->log = log;
    o->health = health;
    o->config = config;
    for (; o->count < config->output_count && rc == 0; o->count++) {
        struct one_output *one = &o->list[o->count];
        one->all = o;
        one->config = &config->outputs[o->count];
        one->looked = time(NULL);
        snprintf(one->thread, OUTPUT_THREAD_SIZE, "sender %s", one->config->name);
        rc = open_output(one, true, make_output, &one->output, fault);
    }
    if (rc < 0) {
        outputs_stop(o, 0);
        return rc;
    }
    *out = o;
    return 0;
}

static int start_one(struct one_output *one, struct fault *fault)
{
    struct sender_settings set = {.store = one->all->store,
                                  .output = one->output,
                                  .context = one,
                                  .report = report,
                                  .renew = renew,
                                  .alive = alive,
                                  .start_spread_ms = one->all->config->start_spread_ms};
    int rc = sender_start(&one->sender, &set);
    if (rc < 0)
        fault_set(fault, "starting the sender", -rc, text_from(one->config->name), strerror(-rc));
    else
        one->output = NULL; /* the sender's own now */
    return rc;
}

int outputs_start(struct outputs *o, struct store *store, struct fault *fault)
{
    const char *names[CONFIG_MAX_OUTPUTS];
    for (size_t i = 0; i < o->count; i++)
        names[i] = o->list[i].config->name;
    o->store = store;
    health_outputs_set(o->health, names, o->count);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < o->count; i++)
        rc = start_one(&o->list[i], fault);
    return rc;
}

int outputs_refresh(size_t *count, struct outputs *o, unsigned grace_ms, struct fault *fault)
{
    int rc = 0;
    *count = 0;
    for (size_t i = 0; rc == 0 && i < o->count; i++) {
        struct one_output *one = &o->list[i];
        struct output *fresh = NULL;
        rc = open_output(one, false, make_output, &fresh, fault);
        if (rc < 0 || fresh == NULL)
            continue;
        sender_stop(one->sender, grace_ms);
        one->sender = NULL;
        one->output = fresh;
        rc = start_one(one, fault);
        ++*count;
    }
    return rc;
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
    (void)pthread_mutex_destroy(&o->mutex); /* no sender is left to hold it */
    free(o);
}
