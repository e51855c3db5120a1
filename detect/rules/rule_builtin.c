#include "detect/rules/rule_builtin.h"

bool rule_builtin_at(struct text *out, size_t i)
{
    (void)out;
    (void)i;
    return false;
}
