#include "agent/guard/token.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Traverse checking is off for everybody; without it, not even C:\ProgramData could be walked through. */
static const char *const eventlog_privileges[] = {"SeChangeNotifyPrivilege", NULL};

/* A system trace session: SeSystemProfilePrivilege (learn.microsoft.com: Configuring and Starting a SystemTraceProvider
 * Session). */
static const char *const etw_privileges[] = {"SeChangeNotifyPrivilege", "SeSystemProfilePrivilege", NULL};

const char *const *token_privileges_needed(bool reads_etw)
{
    return reads_etw ? etw_privileges : eventlog_privileges;
}

void token_free(struct token_facts *facts)
{
    if (facts == NULL)
        return;
    for (size_t i = 0; i < facts->group_count; i++) {
        free(facts->groups[i].sid);
        free(facts->groups[i].name);
    }
    for (size_t i = 0; i < facts->privilege_count; i++)
        free(facts->privileges[i].name);
    free(facts->account);
    free(facts->sid);
    free(facts);
}

const char *token_integrity(unsigned long level)
{
    static const struct {
        unsigned long least;
        const char *name;
    } levels[] = {{0x5000, "protected"}, {0x4000, "system"}, {0x3000, "high"}, {0x2000, "medium"}, {0x1000, "low"}};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (level >= levels[i].least)
            return levels[i].name;
    return "untrusted";
}

/* A text that grows; once memory is short it stays NULL. */
struct growing {
    char *text;
    size_t used;
    bool has_failed;
};

static void add(struct growing *to, const char *separator, const char *word)
{
    size_t first = strlen(separator), second = strlen(word);
    char *larger = to->has_failed ? NULL : realloc(to->text, to->used + first + second + 1);
    if (larger == NULL) {
        to->has_failed = true;
        return;
    }
    snprintf(larger + to->used, first + second + 1, "%s%s", separator, word);
    to->text = larger;
    to->used += first + second;
}

char *token_text(const struct token_facts *facts)
{
    struct growing line = {NULL, 0, false};
    add(&line, "account=", facts->account);
    if (strcmp(facts->account, facts->sid) != 0)
        add(&line, " sid=", facts->sid);
    if (facts->integrity != NULL)
        add(&line, " integrity=", facts->integrity);
    add(&line, " administrator=", facts->is_administrator ? "yes" : "no");
    add(&line, " privileges=", facts->privilege_count == 0 ? "none" : "");
    for (size_t i = 0; i < facts->privilege_count; i++) {
        add(&line, i == 0 ? "" : ",", facts->privileges[i].name);
        add(&line, "", facts->privileges[i].is_enabled ? "" : "(off)");
    }
    add(&line, " groups=", facts->group_count == 0 ? "none" : "");
    for (size_t i = 0; i < facts->group_count; i++) {
        const struct token_group *group = &facts->groups[i];
        add(&line, i == 0 ? "" : ",", group->name != NULL ? group->name : group->sid);
        add(&line, "", group->is_enabled ? "" : "(deny only)");
    }
    if (facts->more_groups > 0) {
        char more[40];
        snprintf(more, sizeof(more), ",and %zu more", facts->more_groups);
        add(&line, "", more);
    }
    if (!line.has_failed)
        return line.text;
    free(line.text);
    return NULL;
}
