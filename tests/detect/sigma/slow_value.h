/* slow_value: one value of a Sigma rule against a field's text, for slow.c. */
#ifndef TESTS_DETECT_SIGMA_SLOW_VALUE_H
#define TESTS_DETECT_SIGMA_SLOW_VALUE_H

#include "detect/base/text.h"

/* modifiers: "|contains|all|", or "|". */
bool slow_value_test(struct text field, struct text value, bool is_plain, bool is_keyword, const char *modifiers);

/* Is field the same as other, or does it begin with it, end with it, contain it? */
bool slow_value_compare(struct text field, struct text other, const char *modifiers);

#endif
