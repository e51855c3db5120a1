#include "agent/health/monitor_internal.h"

#include "agent/health/metrics.h"
#include "agent/log/messages.h"
#include "agent/system/file.h"
#include "detect/event/event.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often the thread looks, ms. */
#define TICK_MS 1000u

/* The share of one core used since the oldest tick that is remembered. */
static void measure(struct monitor *m)
{
    process_read(&m->process);
    uint64_t now_ms = health_clock_ms();
    size_t oldest = m->cpu_count < CPU_TICKS ? 0 : m->cpu_next;
    uint64_t wall = m->cpu_count == 0 ? 0 : now_ms - m->cpu_at_ms[oldest];
    m->cpu_percent = wall == 0 ? 0 : 100.0 * (double)(m->process.cpu_ms - m->cpu_ms[oldest]) / (double)wall;
    m->cpu_ms[m->cpu_next] = m->process.cpu_ms;
    m->cpu_at_ms[m->cpu_next] = now_ms;
    m->cpu_next = (m->cpu_next + 1) % CPU_TICKS;
    if (m->cpu_count < CPU_TICKS)
        m->cpu_count++;
}

static void read_store(struct monitor *m, struct store_counts *counts)
{
    struct fault fault = {0};
    if (store_counts(m->set.store, counts, &fault) < 0)
        *counts = (struct store_counts){.waiting = 0};
    for (size_t i = 0; i < m->figures.output_count; i++) {
        struct health_output *o = &m->figures.outputs[i];
        if (store_waiting(m->set.store, o->name, &o->waiting, &fault) < 0)
            o->waiting = 0; /* it is just being taken away */
    }
}

/* Under the lock. */
static struct status_about about_now(const struct monitor *m, const char *state)
{
    return (struct status_about){.state = state,
                                 .agent_id = m->set.agent_id,
                                 .host = m->identity.host,
                                 .token = m->identity.token,
                                 .process_begin = m->identity.process_begin,
                                 .config_path = m->set.config_path,
                                 .config_sha256 = m->config_sha256,
                                 .config_loaded = m->config_loaded,
                                 .is_config_refused = m->is_config_refused,
                                 .max_alerts = m->max_alerts,
                                 .max_bytes = m->max_bytes};
}

static void write_metrics(struct monitor *m, const struct status_about *about, const struct status_now *now)
{
    if (m->metrics_path == NULL)
        return;
    char *text = metrics_text(about, now);
    int rc = text == NULL ? -ENOMEM : status_write_text(m->metrics_path, text);
    free(text);
    if (rc < 0 && rc != m->metrics_trouble)
        log_write(m->set.log, LOG_WARNING, MESSAGE_METRICS_FAILED, "%s can't be written: %s", m->metrics_path,
                  strerror(-rc));
    m->metrics_trouble = rc;
}

/* The store's place in the chain. False: it can't be read now. */
static bool read_chain(struct monitor *m)
{
    struct fault fault = {0};
    char *text = NULL;
    if (m->has_chain)
        return true;
    if (store_bookmark(m->set.store, HEARTBEAT_SOURCE, &text, &fault) < 0)
        return false;
    m->has_chain = heartbeat_chain_parse(&m->chain, text);
    if (!m->has_chain) /* somebody has written there: begin anew, which the central side sees */
        m->has_chain = heartbeat_chain_parse(&m->chain, NULL);
    free(text);
    return true;
}

static int keep_heartbeat(struct monitor *m, const struct status_about *about, const struct status_now *now,
                          struct fault *fault)
{
    struct heartbeat_chain next;
    char id[ALERT_ID_SIZE], mark[SHA256_HEX_SIZE + 24], *document = NULL;
    int rc = heartbeat_make(id, &document, &next, &m->chain, about, now, m->boot, m->skipped);
    if (rc < 0)
        return rc;
    heartbeat_chain_text(mark, &next);
    struct store_alert one = {id, document, strlen(document)};
    rc = store_keep(m->set.store, &one, 1, HEARTBEAT_SOURCE, mark, NULL, fault);
    free(document);
    if (rc < 0)
        return rc;
    m->chain = next;
    m->skipped = 0;
    health_receipt(m->set.health, now->figures);
    return 0;
}

bool monitor_is_crowded(const struct health_figures *f, const struct store_counts *store, uint64_t max_alerts,
                        uint64_t max_bytes)
{
    uint64_t least = store->waiting;
    for (size_t i = 0; i < f->output_count; i++)
        least = f->outputs[i].waiting < least ? f->outputs[i].waiting : least;
    return (store->waiting > max_alerts / 2 || store->bytes > max_bytes / 2) && least > store->waiting / 2;
}

/* Looks at the dead letters that are gone. */
static void look_at_dropped(struct monitor *m, uint64_t dropped)
{
    if (dropped > m->dropped)
        log_write(m->set.log, LOG_ERROR, MESSAGE_DEAD_DROPPED, "dead letters beyond the newest %d are dropped: %llu",
                  STORE_MAX_DEAD, (unsigned long long)(dropped - m->dropped));
    m->dropped = dropped;
}

static void look_at_disk(struct monitor *m, const struct store_counts *store)
{
    if (store->is_disk_full && !m->is_disk_full)
        log_write(
            m->set.log, LOG_ERROR, MESSAGE_DISK_FULL,
            "the disk of the outbox is full: alerts wait in memory, at most %d, and are handed to outputs from there; "
            "bookmarks stay where they are; make room",
            STORE_MAX_AFLOAT);
    else if (!store->is_disk_full && m->is_disk_full)
        log_write(m->set.log, LOG_INFO, MESSAGE_STORE_WORKS,
                  "the disk of the outbox has room again; what waited in memory is on it");
    m->is_disk_full = store->is_disk_full;
}

/* Alerts come first: in a crowded outbox heartbeats are left out, and the next one says how many. */
static void send_heartbeat(struct monitor *m, const struct status_about *about, const struct status_now *now)
{
    struct fault fault = {0};
    char text[512];
    bool is_left_out =
        monitor_is_crowded(now->figures, &now->store, about->max_alerts, about->max_bytes) || !read_chain(m);
    int rc = is_left_out ? 0 : keep_heartbeat(m, about, now, &fault);
    if (is_left_out || rc < 0)
        m->skipped++;
    if (rc < 0 && rc != m->heartbeat_trouble)
        log_write(m->set.log, LOG_WARNING, MESSAGE_HEARTBEAT_FAILED, "a heartbeat could not be kept: %s (%s)",
                  strerror(-rc), fault_text(&fault, text, sizeof(text)));
    m->heartbeat_trouble = rc;
}

/* Reads all figures and tells them: to the status file, the metrics, and with is_beat to every output. */
static void tell(struct monitor *m, const char *state, bool is_beat)
{
    struct status_now now = {.figures = &m->figures, .process = m->process, .cpu_percent = m->cpu_percent};
    health_read(m->set.health, &m->figures);
    read_store(m, &now.store);
    look_at_dropped(m, now.store.dropped);
    now.store.is_disk_full |= m->is_disk_tight;
    look_at_disk(m, &now.store);
    pthread_mutex_lock(&m->lock);
    struct status_about about = about_now(m, state);
    now.doctor = m->doctor;
    json_t *document = status_json(&about, &now);
    write_metrics(m, &about, &now);
    if (is_beat)
        send_heartbeat(m, &about, &now);
    pthread_mutex_unlock(&m->lock);
    int rc = document == NULL ? -ENOMEM : status_write(m->status_path, document);
    m->is_disk_tight = rc == 1;
    json_decref(document);
    if (rc != m->status_trouble && rc < 0)
        log_write(m->set.log, LOG_WARNING, MESSAGE_STATUS_FAILED, "%s can't be written: %s", m->status_path,
                  strerror(-rc));
    m->status_trouble = rc;
}

/* Waits for the next tick; false: the monitor is to end. */
static bool wait_for_tick(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    struct timespec deadline = condition_deadline(&m->changed, TICK_MS);
    while (!m->is_stopping && condition_wait(&m->changed, &m->lock, &deadline))
        ;
    bool is_stopping = m->is_stopping;
    pthread_mutex_unlock(&m->lock);
    return !is_stopping;
}

static uint64_t heartbeat_ms(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    uint64_t ms = m->heartbeat_s * 1000u;
    pthread_mutex_unlock(&m->lock);
    return ms;
}

/* Is the next heartbeat due? The first comes at any moment of the first interval, so that agents that a power cut or a
 * rollout has started together do not send theirs together for ever. */
static bool is_beat_due(struct monitor *m, uint64_t now_ms)
{
    uint64_t interval_ms = heartbeat_ms(m), random = now_ms;
    if (interval_ms != m->beat_interval_ms) {
        (void)RAND_bytes((unsigned char *)&random, sizeof(random)); /* fails: the time does as well */
        m->beat_interval_ms = interval_ms;
        m->beat_ms = interval_ms == 0 ? 0 : now_ms + random % interval_ms;
    }
    if (interval_ms == 0 || now_ms < m->beat_ms)
        return false;
    m->beat_ms += interval_ms;
    if (m->beat_ms <= now_ms) /* the machine slept */
        m->beat_ms = now_ms + interval_ms;
    return true;
}

static void *run(void *context)
{
    struct monitor *m = context;
    uint64_t told_ms = health_clock_ms();
    unsigned tests = 0;
    measure(m);
    tell(m, "running", false);
    while (wait_for_tick(m)) {
        uint64_t now_ms = health_clock_ms();
        unsigned tests_now = health_test_changes(m->set.health);
        bool is_beat = is_beat_due(m, now_ms);
        measure(m);
        monitor_watch(m);
        if (!is_beat && tests == tests_now && now_ms - told_ms < STATUS_INTERVAL_S * 1000u)
            continue;
        told_ms = now_ms;
        tests = tests_now;
        tell(m, "running", is_beat);
    }
    tell(m, "stopped", false);
    return NULL;
}

static void take_config(struct monitor *m, const struct config *config, const char *config_sha256)
{
    (void)text_copy(m->config_sha256, sizeof(m->config_sha256), text_from(config_sha256)); /* same size */
    m->config_loaded = event_time_now();
    m->is_config_refused = false;
    m->max_alerts = config->store_max_alerts;
    m->max_bytes = config->store_max_bytes;
    m->heartbeat_s = config->heartbeat_s;
    m->cpu_limit = config->cpu_percent;
    m->memory_limit = config->memory_bytes;
    free(m->metrics_path);
    m->metrics_path = config->metrics_file == NULL ? NULL : text_dup(text_from(config->metrics_file));
}

void monitor_config(struct monitor *m, const struct config *config, const char *config_sha256)
{
    pthread_mutex_lock(&m->lock);
    take_config(m, config, config_sha256);
    pthread_mutex_unlock(&m->lock);
}

void monitor_config_refused(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    m->is_config_refused = true;
    pthread_mutex_unlock(&m->lock);
}

void monitor_doctor(struct monitor *m, json_t *report)
{
    pthread_mutex_lock(&m->lock);
    json_decref(m->doctor);
    m->doctor = report;
    pthread_mutex_unlock(&m->lock);
}

static int init_lock(struct monitor *m)
{
    int rc = condition_init(&m->changed);
    if (rc < 0)
        return rc;
    rc = -pthread_mutex_init(&m->lock, NULL);
    if (rc < 0)
        condition_destroy(&m->changed);
    return rc;
}

/* A word of its own for this run; without randomness the time does as well. */
static void make_boot(char boot[MONITOR_BOOT_SIZE])
{
    unsigned char random[8];
    uint64_t now = event_time_now();
    if (RAND_bytes(random, sizeof(random)) != 1)
        memcpy(random, &now, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(boot + 2 * i, 3, "%02x", random[i]);
}

static void free_texts(struct monitor *m)
{
    free((char *)m->set.agent_id); /* its own copies */
    free((char *)m->set.config_path);
    json_decref(m->doctor);
    token_free(m->identity.token);
    free(m->metrics_path);
    free(m->status_path);
    free(m);
}

int monitor_start(struct monitor **out, const struct monitor_settings *settings, const struct config *config,
                  const char *config_sha256)
{
    struct monitor *m = calloc(1, sizeof(*m));
    struct fault fault = {0};
    if (m == NULL)
        return -ENOMEM;
    m->set = *settings;
    m->set.agent_id = text_dup(text_from(settings->agent_id));
    m->set.config_path = text_dup(text_from(settings->config_path));
    int rc = m->set.agent_id == NULL || m->set.config_path == NULL
                 ? -ENOMEM
                 : file_join(&m->status_path, config->state_directory, STATUS_FILE_NAME);
    process_host(m->identity.host);
    if (token_read(&m->identity.token, &fault) < 0)
        m->identity.token = NULL; /* the log said why when the agent started */
    m->identity.process_begin = process_begin();
    make_boot(m->boot);
    take_config(m, config, config_sha256);
    if (rc == 0)
        rc = init_lock(m);
    if (rc < 0) {
        free_texts(m);
        return rc;
    }
    rc = -pthread_create(&m->thread, NULL, run, m);
    if (rc < 0) {
        (void)pthread_mutex_destroy(&m->lock); /* nobody holds it */
        condition_destroy(&m->changed);
        free_texts(m);
        return rc;
    }
    *out = m;
    return 0;
}

void monitor_stop(struct monitor *m)
{
    if (m == NULL)
        return;
    pthread_mutex_lock(&m->lock);
    m->is_stopping = true;
    condition_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    (void)pthread_join(m->thread, NULL);   /* fails only for a thread that is not ours */
    (void)pthread_mutex_destroy(&m->lock); /* fails only while it is held */
    condition_destroy(&m->changed);
    free_texts(m);
}
