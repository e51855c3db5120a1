#include "detect/rule/attack.h"

const char attack_version[] = "19";

static const struct rule_attack tactics[] = {
    {"TA0043", "Reconnaissance"},
    {"TA0042", "Resource Development"},
    {"TA0001", "Initial Access"},
    {"TA0002", "Execution"},
    {"TA0003", "Persistence"},
    {"TA0004", "Privilege Escalation"},
    {"TA0005", "Stealth"},
    {"TA0112", "Defense Impairment"},
    {"TA0006", "Credential Access"},
    {"TA0007", "Discovery"},
    {"TA0008", "Lateral Movement"},
    {"TA0009", "Collection"},
    {"TA0011", "Command and Control"},
    {"TA0010", "Exfiltration"},
    {"TA0040", "Impact"},
    {"TA0005", "Defense Evasion"}, /* TA0005 until version 18, where rules still name it so */
};
#define TACTICS (sizeof tactics / sizeof tactics[0])

static bool is_between_words(char c)
{
    return c == ' ' || c == '-' || c == '_';
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* The same but for the case, and for spaces, hyphens and underscores. */
static bool is_same(struct text word, const char *name)
{
    size_t at = 0;
    for (; *name != '\0'; name++) {
        if (is_between_words(*name))
            continue;
        while (at < word.len && is_between_words(word.bytes[at]))
            at++;
        if (at == word.len || lower(word.bytes[at++]) != lower(*name))
            return false;
    }
    return at == word.len;
}

const struct rule_attack *attack_tactic(struct text word)
{
    for (size_t i = 0; i < TACTICS; i++)
        if (text_equal_nocase(word, text_from(tactics[i].id)) || is_same(word, tactics[i].name))
            return &tactics[i];
    return NULL;
}

bool attack_is_technique(struct text id)
{
    static const char form[] = "Tdddd.ddd";
    if (id.len != 5 && id.len != 9)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.bytes[i];
        if (form[i] == 'd' ? c < '0' || c > '9' : lower(c) != lower(form[i]))
            return false;
    }
    return true;
}

const struct rule_attack *attack_technique(struct text id)
{
    char upper[] = "T0000.000";
    size_t low = 0, high = attack_technique_count;
    if (!attack_is_technique(id))
        return NULL;
    memcpy(upper + 1, id.bytes + 1, id.len - 1);
    upper[id.len] = '\0';
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(upper, attack_techniques[middle].id);
        if (order == 0)
            return &attack_techniques[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
