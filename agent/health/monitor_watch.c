#include "agent/health/monitor_internal.h"

#include "agent/log/messages.h"
#include "agent/system/process.h"

/* A thread that is overdue is reported at once, and given so many looks, a second apart, to come back before the
 * process ends. Looks, not time: after a sleep of the whole machine every thread is overdue. */
#define STUCK_END_LOOKS 120u

/* Slowest pace, ms a round (collector.h: a second at most). */
#define SLOWEST_MS 1000u

unsigned monitor_pace(unsigned pace_ms, double cpu_percent, unsigned cpu_limit)
{
    if (cpu_limit >= 100 || cpu_percent <= cpu_limit)
        return pace_ms / 2;
    unsigned slower = pace_ms == 0 ? 10 : 2 * pace_ms;
    return slower > SLOWEST_MS ? SLOWEST_MS : slower;
}

bool monitor_is_large(bool was_large, uint64_t private_bytes, uint64_t memory_limit)
{
    return private_bytes > (was_large ? memory_limit - memory_limit / 8 : memory_limit);
}

/* Reading slower would free nothing, and lose events: so it is said, and no more. */
static void watch_memory(struct monitor *m, uint64_t limit)
{
    bool is_large = monitor_is_large(m->is_large, m->process.private_bytes, limit);
    if (is_large != m->is_large)
        log_write(m->set.log, is_large ? LOG_WARNING : LOG_INFO, MESSAGE_MEMORY,
                  "the process has %llu MB of memory of its own, memory-megabytes is %llu: %s",
                  (unsigned long long)(m->process.private_bytes >> 20), (unsigned long long)(limit >> 20),
                  is_large ? "reading goes on at full pace; \"tripline status --json\" shows what is held"
                           : "within the limit again");
    m->is_large = is_large;
}

static void watch_use(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    unsigned cpu_limit = m->cpu_limit;
    uint64_t memory_limit = m->memory_limit;
    pthread_mutex_unlock(&m->lock);
    watch_memory(m, memory_limit);
    unsigned pace_ms = health_pace(m->set.health);
    /* Before a minute is over the average would be one of the start alone. */
    double cpu_percent = m->cpu_count < CPU_TICKS ? 0 : m->cpu_percent;
    unsigned next_ms = monitor_pace(pace_ms, cpu_percent, cpu_limit);
    if (next_ms != pace_ms)
        health_pace_set(m->set.health, next_ms);
    if (next_ms > 0 && !m->is_slowed)
        log_write(m->set.log, LOG_INFO, MESSAGE_SLOWED, "reading is slowed: %.1f %% of one core (limit %u)",
                  m->cpu_percent, cpu_limit);
    m->is_slowed = next_ms > 0;
}

static void watch_thread(struct monitor *m, size_t place, const struct health_thread *t)
{
    if (t->overdue_ms == 0) {
        if (m->stuck_looks[place] != 0)
            log_write(m->set.log, LOG_INFO, MESSAGE_THREAD_WORKS, "thread %s goes on", t->name);
        m->stuck_looks[place] = 0;
        return;
    }
    if (m->stuck_looks[place] == 0)
        log_write(m->set.log, LOG_ERROR, MESSAGE_THREAD_STUCK,
                  "thread %s gives no sign of life; the process "
                  "ends in %u s if that stays so",
                  t->name, STUCK_END_LOOKS);
    if (++m->stuck_looks[place] < STUCK_END_LOOKS)
        return;
    log_write(m->set.log, LOG_ERROR, MESSAGE_STUCK_END,
              "thread %s is stuck: the process ends with code %d, the service manager starts it anew", t->name,
              PROCESS_EXIT_STUCK);
    process_end(PROCESS_EXIT_STUCK);
}

void monitor_watch(struct monitor *m)
{
    watch_use(m);
    health_read(m->set.health, &m->figures);
    for (size_t i = 0; i < m->figures.thread_count; i++)
        watch_thread(m, i, &m->figures.threads[i]);
}
