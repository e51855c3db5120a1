#include "detect/base/fault.h"

#include <stdio.h>

void fault_set(struct fault *fault, const char *call, long code, struct text object, const char *detail)
{
    if (fault == NULL)
        return;
    fault->call = call;
    fault->code = code;
    (void)text_copy(fault->object, sizeof(fault->object), object); /* cut where longer, as the header says */
    (void)text_copy(fault->detail, sizeof(fault->detail), text_from(detail));
}

const char *fault_text(const struct fault *fault, char *to, size_t size)
{
    if (fault->call == NULL) {
        snprintf(to, size, "unknown failure");
        return to;
    }
    snprintf(to, size, "%s failed%s%s%s%s (%ld)", fault->call, fault->object[0] != '\0' ? " on " : "", fault->object,
             fault->detail[0] != '\0' ? ": " : "", fault->detail, fault->code);
    return to;
}
