#include "detect/rules/rule_builtin.h"

#include "detect/rules/rule_file.h"

#include <errno.h>

/* Memory for what there is to say of one text, bytes. */
#define MAX_NOTES ((size_t)16 << 20)

bool rule_builtin_at(struct text *out, size_t i)
{
    for (size_t at = 0; at <= i; at++)
        if (rule_builtin_texts[at].bytes == NULL)
            return false;
    *out = rule_builtin_texts[i];
    return true;
}

static int add(struct rule_set *set, struct text text)
{
    struct notes notes = {.arena = NULL};
    struct rule *rule = NULL;
    const struct rule *other;
    int rc = arena_new(&notes.arena, MAX_NOTES);
    if (rc == 0)
        rc = rule_file_compile(&rule, rule_set_columns(set), text, RULE_BUILTIN_SOURCE, NULL, &notes);
    arena_free(notes.arena);
    if (rc == 0 && !rule->is_disabled && (rc = rule_set_add(set, rule, &other)) == 0)
        return 0;
    rule_free(rule);
    return rc == -EEXIST ? -EINVAL : rc;
}

int rule_builtin_set(struct rule_set **out, const struct rule_set_options *options)
{
    static const struct rule_set_options none = {.is_plain = false};
    struct rule_set *set = NULL;
    struct text text;
    int rc = rule_set_new(&set);
    for (size_t i = 0; rc == 0 && rule_builtin_at(&text, i); i++)
        rc = add(set, text);
    if (rc == 0)
        rc = rule_set_seal(set, options == NULL ? &none : options);
    if (rc < 0) {
        rule_set_free(set);
        return rc;
    }
    *out = set;
    return 0;
}
