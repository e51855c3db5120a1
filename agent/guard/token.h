/*
 * token: with which rights this process really runs (token_win.c, token_posix.c), as values and as text (token.c).
 * For the log at start, and for whatever reports the agent's state.
 */
#ifndef AGENT_GUARD_TOKEN_H
#define AGENT_GUARD_TOKEN_H

#include "detect/base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Most groups and privileges that are kept; what is beyond is counted, not kept. Windows gives a token at most 1024
 * groups, and there are 35 privileges (learn.microsoft.com: Privilege Constants). */
#define TOKEN_MAX_GROUPS 128
#define TOKEN_MAX_PRIVILEGES 40

struct token_group {
    char *sid;       /* "S-1-5-32-573"; elsewhere the number */
    char *name;      /* "BUILTIN\Event Log Readers", or NULL where nobody knows it */
    bool is_enabled; /* false: it only denies */
};

struct token_privilege {
    char *name;      /* "SeChangeNotifyPrivilege" */
    bool is_enabled; /* false: could be enabled at any time */
};

struct token_facts {
    char *account;         /* "NT SERVICE\Tripline"; the SID where nobody knows a name */
    char *sid;             /* of the account */
    const char *integrity; /* "untrusted", "low", "medium", "high", "system", "protected"; NULL: no such thing here */
    bool is_administrator; /* the group Administrators is enabled in it; elsewhere: root */
    struct token_group groups[TOKEN_MAX_GROUPS];
    size_t group_count, more_groups;
    struct token_privilege privileges[TOKEN_MAX_PRIVILEGES];
    size_t privilege_count;
};

/* The group Event Log Readers; its name is another one in each language of Windows. */
#define TOKEN_EVENT_LOG_READERS "S-1-5-32-573"

/* Reads it anew. Returns 0, or a negative errno value with fault. The caller frees *out with token_free(). */
int token_read(struct token_facts **out, struct fault *fault);
void token_free(struct token_facts *facts); /* NULL is allowed */

/* What the agent keeps of its privileges, by what it reads; ends with NULL. Static. */
const char *const *token_privileges_needed(bool reads_etw);

/*
 * Takes every privilege but those in keep (ends with NULL) out of this process's token, for good: not even code that
 * was injected can enable it again. A privilege in keep that the token does not have is no error.
 * Returns how many went, or a negative errno value with fault. Elsewhere there are none: 0.
 */
int token_drop_privileges(const char *const *keep, struct fault *fault);

/* "high" for 0x3000 (learn.microsoft.com: Mandatory Integrity Control); the word of the highest level not above it. */
const char *token_integrity(unsigned long level);

/* One line: account, integrity, privileges and the groups that give rights; the caller frees it. NULL: no memory. */
char *token_text(const struct token_facts *facts);

#endif
