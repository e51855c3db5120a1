#include "collectors/etw/account.h"

#include <windows.h>

#include <sddl.h>

#include <stdlib.h>
#include <string.h>

/* Units of a domain's and of an account's name, with a NUL. */
#define MAX_UNITS 257

bool account_look_up(char name[ACCOUNT_NAME_SIZE], const char *sid_text)
{
    wchar_t account[MAX_UNITS], domain[MAX_UNITS];
    DWORD account_units = MAX_UNITS, domain_units = MAX_UNITS;
    uint16_t *wide = NULL;
    PSID sid = NULL;
    SID_NAME_USE use;
    if (text_to_utf16(&wide, NULL, text_from(sid_text)) < 0)
        return false;
    bool is_known = ConvertStringSidToSidW((const wchar_t *)wide, &sid) &&
                    LookupAccountSidW(NULL, sid, account, &account_units, domain, &domain_units, &use);
    free(wide);
    LocalFree(sid);
    if (!is_known)
        return false;
    size_t used = domain_units == 0 ? 0 : text_from_utf16(name, (const uint16_t *)domain, domain_units).len;
    if (used > 0)
        name[used++] = '\\';
    (void)text_from_utf16(name + used, (const uint16_t *)account, account_units); /* what matters is in name */
    return true;
}
