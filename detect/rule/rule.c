#include "detect/rule/rule.h"

/* A new rule: its file in detect/rules/, its name in rule.h, a line here. */
static const struct rule *const all[] = {
    &rule_email_access_active_sync,
};

const struct rule *const *rules_all(size_t *count)
{
    *count = sizeof(all) / sizeof(all[0]);
    return all;
}
