#include "detect/base/winapi.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

int winapi_wide(wchar_t **out, const char *text)
{
    return text_to_utf16(out, NULL, text_from(text)); /* wchar_t is uint16_t here */
}

int winapi_path(wchar_t **out, const char *path)
{
    static const wchar_t plain[] = L"\\\\?\\", share[] = L"\\\\?\\UNC";
    wchar_t *wide = NULL, *full = NULL;

    int rc = *path == '\0' ? -ENOENT : winapi_wide(&wide, path);
    if (rc < 0)
        return rc;
    /* 12: room that CreateDirectory wants for an 8.3 name in it (same page). */
    if (wcslen(wide) < MAX_PATH - 12 || wcsncmp(wide, plain, 4) == 0) {
        *out = wide;
        return 0;
    }
    full = calloc(WINAPI_MAX_PATH_UNITS + 8, sizeof(*full));
    if (full == NULL) {
        free(wide);
        return -ENOMEM;
    }
    DWORD size = GetFullPathNameW(wide, WINAPI_MAX_PATH_UNITS, full + 8, NULL);
    if (size == 0 || size >= WINAPI_MAX_PATH_UNITS) {
        rc = size == 0 ? winapi_last_error() : -EINVAL;
        free(full);
        free(wide);
        return rc;
    }
    bool is_share = full[8] == L'\\' && full[9] == L'\\'; /* \\server\x becomes \\?\UNC\server\x */
    const wchar_t *prefix = is_share ? share : plain;
    size_t prefix_size = wcslen(prefix);
    memmove(full + prefix_size, full + 8 + (is_share ? 1 : 0), (size + 1) * sizeof(*full));
    memcpy(full, prefix, prefix_size * sizeof(*full));
    free(wide);
    *out = full;
    return 0;
}

int winapi_text(char **out, const wchar_t *wide)
{
    size_t count = wcslen(wide);
    char *copy = malloc(TEXT_UTF16_MAX_BYTES(count));
    if (copy == NULL)
        return -ENOMEM;
    (void)text_from_utf16(copy, wide, count); /* the text is copy itself */
    *out = copy;
    return 0;
}

void winapi_copy(char *to, size_t size, const wchar_t *wide)
{
    char *copy = NULL;
    (void)winapi_text(&copy, wide);             /* stays NULL */
    (void)text_copy(to, size, text_from(copy)); /* cut where longer */
    free(copy);
}

int winapi_error(unsigned long code)
{
    static const struct {
        DWORD code;
        int error;
    } known[] = {
        {ERROR_FILE_NOT_FOUND, ENOENT},   {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_ACCESS_DENIED, EACCES},    {ERROR_SHARING_VIOLATION, EBUSY},
        {ERROR_LOCK_VIOLATION, EBUSY},    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
        {ERROR_OUTOFMEMORY, ENOMEM},      {ERROR_DISK_FULL, ENOSPC},
        {ERROR_HANDLE_DISK_FULL, ENOSPC}, {ERROR_FILE_EXISTS, EEXIST},
        {ERROR_ALREADY_EXISTS, EEXIST},   {ERROR_INVALID_NAME, EINVAL},
        {ERROR_BAD_PATHNAME, EINVAL},     {ERROR_FILENAME_EXCED_RANGE, EINVAL},
        {ERROR_DIRECTORY, ENOTDIR},       {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
        {ERROR_WRITE_PROTECT, EROFS},     {ERROR_BAD_NETPATH, ENOENT},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].code == code)
            return -known[i].error;
    return -EIO;
}

int winapi_last_error(void)
{
    return winapi_error(GetLastError());
}
