/* monitor_internal: the monitor, shared by monitor.c (what it tells) and monitor_watch.c (what it sees to). */
#ifndef AGENT_HEALTH_MONITOR_INTERNAL_H
#define AGENT_HEALTH_MONITOR_INTERNAL_H

#include "agent/health/heartbeat.h"
#include "agent/health/monitor.h"
#include "agent/health/status_file.h"
#include "agent/system/process.h"
#include "detect/base/condition.h"
#include "transport/document/sha256.h"

#include <pthread.h>

/* CPU time is averaged over so many ticks: a minute. */
#define CPU_TICKS 60u

/* 16 hexadecimal digits and a NUL. */
#define MONITOR_BOOT_SIZE 17

/* What does not change while the agent runs. */
struct identity {
    char host[PROCESS_NAME_SIZE];
    struct token_facts *token; /* NULL: it can't be read, which the log says */
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
    uint64_t config_loaded, max_alerts, max_bytes, heartbeat_s, memory_limit;
    unsigned cpu_limit;
    char *metrics_path; /* NULL: none */
    bool is_config_refused;
    json_t *doctor; /* its last report, or NULL */

    /* The thread's own. */
    struct health_figures figures;
    struct process_figures process;
    uint64_t cpu_ms[CPU_TICKS], cpu_at_ms[CPU_TICKS]; /* ring: CPU time used until then */
    size_t cpu_next, cpu_count;
    double cpu_percent;
    int status_trouble, metrics_trouble, heartbeat_trouble; /* what each failed with last: said once */
    uint64_t beat_ms, beat_interval_ms; /* when the next heartbeat is due; the interval that this was reckoned with */
    char boot[MONITOR_BOOT_SIZE];
    struct heartbeat_chain chain; /* once has_chain */
    bool has_chain;
    uint64_t skipped;                         /* heartbeats that were left out */
    uint64_t dropped;                         /* dead letters that had to go, as was last seen */
    unsigned stuck_looks[HEALTH_MAX_THREADS]; /* by place in figures: looks in a row that found it overdue */
    bool is_slowed, is_large;
    bool is_disk_full;
    bool is_disk_tight; /* the status file had to be written over */
};

/* Once a tick, after measuring: is a thread stuck, does the process use too much? */
void monitor_watch(struct monitor *m);

/* Is the outbox more than half full, and not merely since some outputs take nothing while others do? */
bool monitor_is_crowded(const struct health_figures *figures, const struct store_counts *store, uint64_t max_alerts,
                        uint64_t max_bytes);

/* The pace, ms a round, that follows from the one before and what is used. cpu_limit 100: CPU does not count. */
unsigned monitor_pace(unsigned pace_ms, double cpu_percent, unsigned cpu_limit);

/* Does the process hold more than it should? Once so, until it is an eighth below the limit: it is said once. */
bool monitor_is_large(bool was_large, uint64_t private_bytes, uint64_t memory_limit);

#endif
