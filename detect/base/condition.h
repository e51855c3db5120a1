/*
 * condition: a pthread condition variable whose time limits a change of the system clock does not move.
 */
#ifndef DETECT_BASE_CONDITION_H
#define DETECT_BASE_CONDITION_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

struct condition {
    pthread_cond_t cond;
    clockid_t clock; /* that its time limits are measured by */
};

/* Returns 0, -ENOMEM or -EAGAIN. */
int condition_init(struct condition *condition);
void condition_destroy(struct condition *condition);

/* The moment ms from now. */
struct timespec condition_deadline(const struct condition *condition, unsigned ms);

/*
 * Waits, with mutex held by the caller, until condition_signal() or the deadline; may also return for no reason, so ask
 * again for what was waited for. Returns false when the deadline has passed.
 */
bool condition_wait(struct condition *condition, pthread_mutex_t *mutex, const struct timespec *deadline);

/* Wakes all that wait. The caller holds their mutex. */
void condition_signal(struct condition *condition);

#endif
