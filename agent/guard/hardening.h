/*
 * hardening: what the program forbids itself before it does anything else. On Windows (hardening_win.c): where
 * libraries may come from, what a hole in it could be used for. Elsewhere (hardening_posix.c) nothing. docs/security.md
 * says what each is for.
 */
#ifndef AGENT_GUARD_HARDENING_H
#define AGENT_GUARD_HARDENING_H

#include <stddef.h>
#include <stdint.h>

/* One of SetProcessMitigationPolicy's policies, all of which are one word of flags. */
struct hardening_policy {
    int policy;     /* PROCESS_MITIGATION_POLICY of winnt.h */
    uint32_t flags; /* of that policy's structure */
    const char *name;
};

#define HARDENING_POLICY_COUNT 5

/* Source of numbers and flags: learn.microsoft.com/windows/win32/api/winnt, PROCESS_MITIGATION_*_POLICY. */
extern const struct hardening_policy hardening_policies[HARDENING_POLICY_COUNT];

/* The first thing that main() does, on its only thread. What a Windows does not know is left out and remembered. */
void hardening_start(void);

/* What hardening_start() could not have, as "name (code), name (code)"; "" when it had all. Static text. */
const char *hardening_missing(void);

/*
 * Sets every policy by set(context, policy, flags), which returns 0 or the system's error code, and appends to missing
 * what was refused. Returns how many were taken. For hardening_start() and its test.
 */
size_t hardening_set_policies(char *missing, size_t size,
                              unsigned long (*set)(void *context, int policy, uint32_t flags), void *context);

#endif
