#include "agent/monitor.h"

#include "agent/file.h"
#include "agent/messages.h"
#include "agent/process.h"
#include "agent/status_file.h"
#include "detect/event.h"
#include "transport/condition.h"
#include "transport/sha256.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* How often the thread looks, ms. */
#define TICK_MS 1000u

/* CPU time is averaged over so many ticks: a minute. */
#define CPU_TICKS 60u

/* What does not change while the agent runs. */
struct identity {
    char host[PROCESS_NAME_SIZE], account[PROCESS_NAME_SIZE], integrity[PROCESS_NAME_SIZE];
    char privileges[PROCESS_PRIVILEGES_SIZE];
    uint64_t process_begin;
};

struct monitor {
    struct monitor_settings set; /* agent_id and config_path are its own copies */
    struct identity identity;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the next */
    struct condition changed;
    bool is_stopping;
    char *status_path;
    char config_sha256[SHA256_HEX_SIZE];
    uint64_t config_loaded, max_alerts, max_bytes;
    bool is_config_refused;
    json_t *doctor; /* its last report, or NULL */

    /* The thread's own. */
    struct health_figures figures;
    struct process_figures process;
    uint64_t cpu_ms[CPU_TICKS], cpu_at_ms[CPU_TICKS]; /* ring: CPU time used until then */
    size_t cpu_next, cpu_count;
    double cpu_percent;
    int status_trouble; /* what writing the status failed with last: said once */
};

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
        *counts = (struct store_counts){0, 0, 0};
    for (size_t i = 0; i < m->figures.output_count; i++) {
        struct health_output *o = &m->figures.outputs[i];
        if (store_waiting(m->set.store, o->name, &o->waiting, &fault) < 0)
            o->waiting = 0; /* it is just being taken away */
    }
}

static void write_status(struct monitor *m, const char *state)
{
    struct status_now now = {.figures = &m->figures, .process = m->process, .cpu_percent = m->cpu_percent};
    health_read(m->set.health, &m->figures);
    read_store(m, &now.store);
    pthread_mutex_lock(&m->lock);
    struct status_about about = {.state = state,
                                 .agent_id = m->set.agent_id,
                                 .host = m->identity.host,
                                 .account = m->identity.account,
                                 .integrity = m->identity.integrity,
                                 .privileges = m->identity.privileges,
                                 .process_begin = m->identity.process_begin,
                                 .config_path = m->set.config_path,
                                 .config_sha256 = m->config_sha256,
                                 .config_loaded = m->config_loaded,
                                 .is_config_refused = m->is_config_refused,
                                 .max_alerts = m->max_alerts,
                                 .max_bytes = m->max_bytes};
    now.doctor = m->doctor;
    json_t *document = status_json(&about, &now);
    pthread_mutex_unlock(&m->lock);
    int rc = document == NULL ? -ENOMEM : status_write(m->status_path, document);
    json_decref(document);
    if (rc != m->status_trouble && rc < 0)
        log_write(m->set.log, CONFIG_LOG_WARNING, MESSAGE_STATUS_FAILED, "%s can't be written: %s", m->status_path,
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

static void *run(void *context)
{
    struct monitor *m = context;
    uint64_t status_ms = health_clock_ms();
    unsigned tests = 0;
    measure(m);
    write_status(m, "running");
    while (wait_for_tick(m)) {
        uint64_t now_ms = health_clock_ms();
        measure(m);
        bool is_due = now_ms - status_ms >= STATUS_INTERVAL_S * 1000u || health_test_changes(m->set.health) != tests;
        if (!is_due)
            continue;
        tests = health_test_changes(m->set.health);
        status_ms = now_ms;
        write_status(m, "running");
    }
    write_status(m, "stopped");
    return NULL;
}

static void take_config(struct monitor *m, const struct config *config, const char *config_sha256)
{
    (void)text_copy(m->config_sha256, sizeof(m->config_sha256), text_from(config_sha256)); /* same size */
    m->config_loaded = event_time_now();
    m->is_config_refused = false;
    m->max_alerts = config->store_max_alerts;
    m->max_bytes = config->store_max_bytes;
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

static void free_texts(struct monitor *m)
{
    free((char *)m->set.agent_id); /* its own copies */
    free((char *)m->set.config_path);
    json_decref(m->doctor);
    free(m->status_path);
    free(m);
}

int monitor_start(struct monitor **out, const struct monitor_settings *settings, const struct config *config,
                  const char *config_sha256)
{
    struct monitor *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return -ENOMEM;
    m->set = *settings;
    m->set.agent_id = text_dup(text_from(settings->agent_id));
    m->set.config_path = text_dup(text_from(settings->config_path));
    int rc = m->set.agent_id == NULL || m->set.config_path == NULL
                 ? -ENOMEM
                 : file_join(&m->status_path, config->state_directory, STATUS_FILE_NAME);
    process_host(m->identity.host);
    process_account(m->identity.account);
    process_integrity(m->identity.integrity);
    process_privileges(m->identity.privileges);
    m->identity.process_begin = process_begin();
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
