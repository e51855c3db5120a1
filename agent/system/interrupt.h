/*
 * interrupt: waits until the operator wants the foreground agent to end: Ctrl-C, SIGTERM, a closed console.
 */
#ifndef AGENT_SYSTEM_INTERRUPT_H
#define AGENT_SYSTEM_INTERRUPT_H

/* Call before any thread is started. Returns 0 or a negative errno value. */
int interrupt_prepare(void);

enum interrupt { INTERRUPT_NONE, INTERRUPT_END, INTERRUPT_RELOAD };

/* Waits up to ms for what the operator wants. RELOAD: SIGUSR1, on systems that have it. */
enum interrupt interrupt_wait(unsigned ms);

#endif
