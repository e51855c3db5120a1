/*
 * run_guard: what run_start() looks after before it trusts its files, and which rights the process keeps.
 */
#ifndef AGENT_RUN_RUN_GUARD_H
#define AGENT_RUN_RUN_GUARD_H

#include "agent/config/config.h"
#include "agent/guard/state_guard.h"
#include "agent/log/log.h"

/*
 * Makes the state directory where it is missing, sees that nobody else could change it, and takes it for this process.
 * Returns 0 and *out; -EBUSY: another agent has it; other negative errno values. reason says why.
 */
int run_guard_state(struct state_guard **out, const struct config *config, bool is_foreground,
                    char reason[STATE_GUARD_MAX_REASON]);

/*
 * Gives away every privilege that what config reads does not need, and logs the rights that are left (T1101), the
 * hardening that this Windows does not have (T1102), and a program that others could change (T1104). Failing to is
 * logged and no reason to stay away.
 */
void run_guard_rights(const struct config *config, struct log *log);

#endif
