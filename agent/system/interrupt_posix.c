#include "agent/system/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static void wanted(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGUSR1);
}

int interrupt_prepare(void)
{
    sigset_t set;
    wanted(&set);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads inherit it, so that only interrupt_wait sees them */
}

enum interrupt interrupt_wait(unsigned ms)
{
    sigset_t set;
    struct timespec limit = {(time_t)(ms / 1000u), (long)(ms % 1000u) * 1000000L};
    wanted(&set);
    int which = sigtimedwait(&set, NULL, &limit);
    if (which < 0)
        return INTERRUPT_NONE; /* the time is over, or another signal came */
    return which == SIGUSR1 ? INTERRUPT_RELOAD : INTERRUPT_END;
}
