#include "detect/rule/rule.h"

#include <string.h>

static const struct {
    const char *word;
    unsigned
        ecs; /* as Elastic's detection engine numbers them (elastic.co/guide/en/security, "Create a detection rule") */
} severities[] = {{"Informational", 10}, {"Low", 21}, {"Medium", 47}, {"High", 73}, {"Critical", 99}};

int rule_severity_rank(struct text word)
{
    for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++)
        if (text_equal_nocase(word, text_from(severities[i].word)))
            return (int)i;
    return -1;
}

bool rule_severity_word(const char **severity, unsigned *ecs, struct text word)
{
    int rank = rule_severity_rank(word);
    if (rank < 0)
        return false;
    *severity = severities[rank].word;
    *ecs = severities[rank].ecs;
    return true;
}

bool rule_severity_set(struct rule *rule, struct text word)
{
    return rule_severity_word(&rule->severity, &rule->severity_ecs, word);
}

/* Adds attack to a list of the rule's arena, unless it is there. */
static bool add_attack(struct rule *rule, const struct rule_attack **list, size_t *count,
                       const struct rule_attack *attack)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp((*list)[i].id, attack->id) == 0)
            return true;
    struct rule_attack *bigger = arena_zeroed(rule->arena, *count + 1, sizeof(*bigger));
    if (bigger == NULL)
        return false;
    if (*count > 0)
        memcpy(bigger, *list, *count * sizeof(*bigger));
    bigger[(*count)++] = *attack;
    *list = bigger;
    return true;
}

bool rule_attack_add(struct rule *rule, struct text word)
{
    const struct rule_attack *attack = attack_tactic(word);
    if (attack != NULL)
        return add_attack(rule, &rule->tactics, &rule->tactic_count, attack);
    attack = attack_technique(word);
    struct rule_attack unnamed = {NULL, NULL};
    if (attack == NULL && attack_is_technique(word)) { /* newer than our table */
        unnamed.id = arena_text(rule->arena, word).bytes;
        unnamed.name = unnamed.id;
        attack = unnamed.id == NULL ? NULL : &unnamed;
    }
    return attack != NULL && add_attack(rule, &rule->techniques, &rule->technique_count, attack);
}

void rule_free(struct rule *rule)
{
    if (rule != NULL)
        arena_free(rule->arena);
}
