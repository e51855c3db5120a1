#include "detect/base/condition.h"

#include <errno.h>

int condition_init(struct condition *condition)
{
    pthread_condattr_t attributes;
    int rc = pthread_condattr_init(&attributes);
    if (rc != 0)
        return -rc;
    /* winpthreads refuses any clock but the real one; there it does no harm: a wait that has begun is counted in
     * milliseconds from its start (mingw-w64, winpthreads/src/cond.c). */
    condition->clock = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
    rc = pthread_cond_init(&condition->cond, &attributes);
    (void)pthread_condattr_destroy(&attributes); /* fails only for what is no attribute object */
    return -rc;
}

void condition_destroy(struct condition *condition)
{
    (void)pthread_cond_destroy(&condition->cond); /* fails only if somebody waits, which is our own bug */
}

struct timespec condition_deadline(const struct condition *condition, unsigned ms)
{
    struct timespec at;
    (void)clock_gettime(condition->clock, &at); /* fails only for an unknown clock */
    at.tv_sec += (time_t)(ms / 1000u);
    at.tv_nsec += (long)(ms % 1000u) * 1000000L;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_nsec -= 1000000000L;
        at.tv_sec++;
    }
    return at;
}

bool condition_wait(struct condition *condition, pthread_mutex_t *mutex, const struct timespec *deadline)
{
    return pthread_cond_timedwait(&condition->cond, mutex, deadline) != ETIMEDOUT;
}

void condition_signal(struct condition *condition)
{
    (void)pthread_cond_broadcast(&condition->cond); /* fails only for what is no condition */
}
