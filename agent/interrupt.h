/*
 * interrupt: waits until the operator wants the foreground agent to end: Ctrl-C, SIGTERM, a closed console.
 */
#ifndef AGENT_INTERRUPT_H
#define AGENT_INTERRUPT_H

/* Call before any thread is started. Returns 0 or a negative errno value. */
int interrupt_prepare(void);

/* Returns when the agent is to end. */
void interrupt_wait(void);

#endif
