#include "agent/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static void wanted(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int interrupt_prepare(void)
{
    sigset_t set;
    wanted(&set);
    return -pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads inherit it, so that only interrupt_wait sees them */
}

void interrupt_wait(void)
{
    sigset_t set;
    int which;
    wanted(&set);
    while (sigwait(&set, &which) == EINTR)
        ;
}
