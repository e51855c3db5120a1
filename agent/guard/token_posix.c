#include "agent/guard/token.h"

#include "detect/base/text.h"
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

static char *number(unsigned long value)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%lu", value);
    return text_dup((struct text){text, (size_t)length});
}

/* Longest record of the user data base that is looked at; without a name the number stands. */
#define MAX_RECORD 4096

static char *user_name(uid_t id)
{
    char buffer[MAX_RECORD];
    struct passwd record, *found = NULL;
    if (getpwuid_r(id, &record, buffer, sizeof(buffer), &found) != 0 || found == NULL)
        return number(id);
    return text_dup(text_from(record.pw_name));
}

int token_read(struct token_facts **out, struct fault *fault)
{
    gid_t ids[TOKEN_MAX_GROUPS];
    struct token_facts *facts = calloc(1, sizeof(*facts));
    if (facts == NULL)
        return -ENOMEM;
    int count = getgroups(TOKEN_MAX_GROUPS, ids);
    if (count < 0) {
        int code = errno;
        fault_set(fault, "getgroups", code, text_from(NULL), NULL);
        token_free(facts);
        return -code;
    }
    facts->sid = number(geteuid());
    facts->account = user_name(geteuid());
    facts->is_administrator = geteuid() == 0;
    bool is_whole = facts->sid != NULL && facts->account != NULL;
    for (int i = 0; i < count && is_whole; i++) {
        struct token_group *group = &facts->groups[facts->group_count++];
        *group = (struct token_group){number(ids[i]), NULL, true};
        is_whole = group->sid != NULL;
    }
    if (!is_whole) {
        token_free(facts);
        return -ENOMEM;
    }
    *out = facts;
    return 0;
}

int token_drop_privileges(const char *const *keep, struct fault *fault)
{
    (void)keep;
    (void)fault;
    return 0;
}
