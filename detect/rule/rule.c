#include "detect/rule/rule.h"

#include <string.h>

/* A new rule: its file in detect/rules/, its name in rule.h, a line here. */
static const struct rule *const all[] = {
    &rule_email_access_active_sync,
};

const struct rule *const *rules_all(size_t *count)
{
    *count = sizeof(all) / sizeof(all[0]);
    return all;
}

static const struct {
    const char *word;
    unsigned ecs; /* as Elastic's detection engine numbers them (elastic.co/guide/en/security, "Create a detection rule") */
} severities[] = {{"Informational", 10}, {"Low", 21}, {"Medium", 47}, {"High", 73}, {"Critical", 99}};

int rule_severity_rank(struct text word)
{
    for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
        if (text_equal_nocase(word, text_from(severities[i].word)))
            return (int)i;
    return -1;
}

bool rule_severity_set(struct rule *rule, struct text word)
{
    int rank = rule_severity_rank(word);
    if (rank < 0)
        return false;
    rule->severity = severities[rank].word;
    rule->severity_ecs = severities[rank].ecs;
    return true;
}

void rule_free(struct rule *rule)
{
    if (rule != NULL)
        arena_free(rule->arena);
}
