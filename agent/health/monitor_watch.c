#include "agent/health/monitor_internal.h"

#include "agent/log/messages.h"
#include "agent/system/process.h"

/* A thread that is overdue is reported at once, and given so many looks, a second apart, to come back before the
 * process ends. Looks, not time: after a sleep of the whole machine every thread is overdue. */
#define STUCK_END_LOOKS 120u

/* Slowest pace, ms a round (collector.h: a second at most). */
#define SLOWEST_MS 1000u

unsigned monitor_pace(unsigned pace_ms, double cpu_percent, unsigned cpu_limit, uint64_t private_bytes,
                      uint64_t memory_limit)
{
    bool is_over = (cpu_limit < 100 && cpu_percent > cpu_limit) || private_bytes > memory_limit;
    if (!is_over)
        return pace_ms / 2;
    unsigned slower = pace_ms == 0 ? 10 : 2 * pace_ms;
    return slower > SLOWEST_MS ? SLOWEST_MS : slower;
}

static void watch_use(struct monitor *m)
{
    pthread_mutex_lock(&m->lock);
    unsigned cpu_limit = m->cpu_limit;
    uint64_t memory_limit = m->memory_limit;
    pthread_mutex_unlock(&m->lock);
    unsigned pace_ms = health_pace(m->set.health);
    /* Before a minute is over the average would be one of the start alone. */
    double cpu_percent = m->cpu_count < CPU_TICKS ? 0 : m->cpu_percent;
    unsigned next_ms = monitor_pace(pace_ms, cpu_percent, cpu_limit, m->process.private_bytes, memory_limit);
    if (next_ms != pace_ms)
        health_pace_set(m->set.health, next_ms);
    if (next_ms > 0 && !m->is_slowed)
        log_write(m->set.log, LOG_INFO, MESSAGE_SLOWED,
                  "reading is slowed: %.1f %% of one core (limit %u), %llu MB (limit %llu)", m->cpu_percent, cpu_limit,
                  (unsigned long long)(m->process.private_bytes >> 20), (unsigned long long)(memory_limit >> 20));
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
