#include "agent/guard/hardening.h"

#include <stdio.h>
#include <string.h>

const struct hardening_policy hardening_policies[HARDENING_POLICY_COUNT] = {
    {2, 0x1, "no dynamic code", false},     /* ProcessDynamicCodePolicy: ProhibitDynamicCode */
    {3, 0x3, "strict handles", false},      /* ProcessStrictHandleCheckPolicy: raise, and for good */
    {6, 0x1, "no extension points", false}, /* ProcessExtensionPointDisablePolicy */
    {10, 0x7, "libraries from System32",
     false},                               /* ProcessImageLoadPolicy: no remote, no low integrity, System32 first */
    {13, 0x1, "no child processes", true}, /* ProcessChildProcessPolicy: NoChildProcessCreation */
};

size_t hardening_set_policies(char *missing, size_t size, bool for_agent,
                              unsigned long (*set)(void *context, int policy, uint32_t flags), void *context)
{
    size_t taken = 0;
    for (size_t i = 0; i < HARDENING_POLICY_COUNT; i++) {
        const struct hardening_policy *p = &hardening_policies[i];
        if (p->is_for_agent != for_agent)
            continue;
        unsigned long code = set(context, p->policy, p->flags);
        size_t used = strlen(missing);
        if (code == 0)
            taken++;
        else
            snprintf(missing + used, size - used, "%s%s (%lu)", used == 0 ? "" : ", ", p->name, code);
    }
    return taken;
}
