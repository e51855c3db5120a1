/*
 * hardening: what the program forbids itself before it does anything else. On Windows (hardening_win.c): where
 * libraries may come from, what a hole in it could be used for. Elsewhere (hardening_posix.c) nothing. docs/security.md
 * says what each is for.
 */
#ifndef AGENT_GUARD_HARDENING_H
#define AGENT_GUARD_HARDENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One of SetProcessMitigationPolicy's policies, all of which are one word of flags. */
struct hardening_policy {
    int policy;     /* PROCESS_MITIGATION_POLICY of winnt.h */
    uint32_t flags; /* of that policy's structure */
    const char *name;
    bool is_for_agent; /* only of a process that watches: a verb that an administrator types may have to start others */
};

#define HARDENING_POLICY_COUNT 5

/* Source of numbers and flags: learn.microsoft.com/windows/win32/api/winnt, PROCESS_MITIGATION_*_POLICY. */
extern const struct hardening_policy hardening_policies[HARDENING_POLICY_COUNT];

/* The first thing that main() does, on its only thread. What a Windows does not know is left out and remembered. */
void hardening_start(void);

/*
 * The first thing that a process does which is to watch (the verbs service and run): what is_for_agent, besides. From
 * then on CreateProcess fails (ERROR_CHILD_PROCESS_BLOCKED, 367), so "selftest", which starts one, must not ask for it.
 */
void hardening_start_agent(void);

/* What the two could not have, as "name (code), name (code)"; "" when it had all. Static text. */
const char *hardening_missing(void);

/*
 * Sets the policies whose is_for_agent is for_agent by set(context, policy, flags), which returns 0 or the system's
 * error code, and appends to missing what was refused. Returns how many were taken. For the two above and their test.
 */
size_t hardening_set_policies(char *missing, size_t size, bool for_agent,
                              unsigned long (*set)(void *context, int policy, uint32_t flags), void *context);

#endif
