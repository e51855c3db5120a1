#include "detect/base/winapi.h"

#include <errno.h>
#include <stdlib.h>

#include <windows.h>

int winapi_wide(wchar_t **out, const char *text)
{
    return text_to_utf16(out, NULL, text_from(text)); /* wchar_t is uint16_t here */
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
