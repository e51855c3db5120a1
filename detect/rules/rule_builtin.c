#include "detect/rules/rule_builtin.h"

bool rule_builtin_at(struct text *out, size_t i)
{
    for (size_t at = 0; at <= i; at++)
        if (rule_builtin_texts[at].bytes == NULL)
            return false;
    *out = rule_builtin_texts[i];
    return true;
}
