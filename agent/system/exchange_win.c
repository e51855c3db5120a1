#include "agent/system/exchange.h"

#include "detect/base/winapi.h"
#include <errno.h>
#include <string.h>
#include <windows.h>

int exchange_directory(char **out)
{
    wchar_t wide[1024];
    DWORD size = sizeof(wide);
    LSTATUS status = RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\ExchangeServer\\v15\\Setup",
                                  L"MsiInstallPath", RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY, NULL, wide, &size);
    if (status == ERROR_FILE_NOT_FOUND || status == ERROR_PATH_NOT_FOUND)
        return -ENOENT;
    if (status != ERROR_SUCCESS)
        return winapi_error((unsigned long)status);
    return winapi_text(out, wide);
}
