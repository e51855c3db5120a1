#include "transport/outputs/append.h"

#include "detect/base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

static const struct {
    DWORD code;
    int error;
} known[] = {
    {ERROR_FILE_NOT_FOUND, ENOENT},       {ERROR_PATH_NOT_FOUND, ENOENT}, {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_SHARING_VIOLATION, EBUSY},     {ERROR_LOCK_VIOLATION, EBUSY},  {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},          {ERROR_DISK_FULL, ENOSPC},      {ERROR_HANDLE_DISK_FULL, ENOSPC},
    {ERROR_WRITE_PROTECT, EROFS},         {ERROR_INVALID_NAME, EINVAL},   {ERROR_BAD_PATHNAME, EINVAL},
    {ERROR_FILENAME_EXCED_RANGE, EINVAL},
};

/* Must be the first call after the failed one: any other may change GetLastError(). */
static int last_error(void)
{
    DWORD code = GetLastError();
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].code == code)
            return -known[i].error;
    return -EIO;
}

static int wide_path(wchar_t **out, const char *path)
{
    uint16_t *units = NULL;
    size_t count = 0;
    int rc = text_to_utf16(&units, &count, text_from(path));
    if (rc < 0)
        return rc;
    wchar_t *wide = calloc(count + 1, sizeof(*wide));
    if (wide != NULL)
        memcpy(wide, units, count * sizeof(*wide));
    free(units);
    *out = wide;
    return wide == NULL ? -ENOMEM : 0;
}

static int seek(HANDLE file, uint64_t to)
{
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)to};
    return SetFilePointerEx(file, at, NULL, FILE_BEGIN) ? 0 : last_error();
}

static int cut(HANDLE file, uint64_t size)
{
    int rc = seek(file, size);
    if (rc == 0 && !SetEndOfFile(file))
        rc = last_error();
    return rc;
}

/* Where the last whole line of the file's size bytes ends. Returns 0 or a negative errno value. */
static int end_of_lines(uint64_t *end, HANDLE file, uint64_t size)
{
    char block[4096];
    while (size > 0) {
        uint64_t begin = size > sizeof(block) ? size - sizeof(block) : 0;
        DWORD got = 0;
        int rc = seek(file, begin);
        if (rc == 0 && !ReadFile(file, block, (DWORD)(size - begin), &got, NULL))
            rc = last_error();
        if (rc == 0 && got != size - begin)
            rc = -EIO;
        if (rc < 0)
            return rc;
        for (; got > 0; got--)
            if (block[got - 1] == '\n') {
                *end = begin + got;
                return 0;
            }
        size = begin;
    }
    *end = 0;
    return 0;
}

static int write_all(HANDLE file, const char *bytes, size_t size)
{
    while (size > 0) {
        DWORD wrote = 0, part = size > 1u << 20 ? 1u << 20 : (DWORD)size;
        if (!WriteFile(file, bytes, part, &wrote, NULL))
            return last_error();
        bytes += wrote;
        size -= wrote;
    }
    return FlushFileBuffers(file) ? 0 : last_error();
}

/* In an open file: what append_bytes() says. */
static int append(HANDLE file, const char *bytes, size_t size)
{
    LARGE_INTEGER before;
    uint64_t end = 0;
    if (!GetFileSizeEx(file, &before))
        return last_error();
    int rc = end_of_lines(&end, file, (uint64_t)before.QuadPart);
    if (rc == 0)
        rc = cut(file, end);
    if (rc < 0)
        return rc;
    rc = write_all(file, bytes, size);
    if (rc < 0)
        (void)cut(file, end); /* the first failure is the one to tell; a rest of a line goes next time */
    return rc;
}

int append_bytes(const char *path, const char *bytes, size_t size)
{
    wchar_t *wide = NULL;
    int rc = wide_path(&wide, path);
    if (rc < 0)
        return rc;
    HANDLE file =
        CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        rc = last_error();
        free(wide);
        return rc;
    }
    free(wide);
    rc = append(file, bytes, size);
    if (!CloseHandle(file) && rc == 0)
        rc = -EIO;
    return rc;
}

int append_size(uint64_t *size, const char *path)
{
    wchar_t *wide = NULL;
    WIN32_FILE_ATTRIBUTE_DATA data;
    int rc = wide_path(&wide, path);
    *size = 0;
    if (rc < 0)
        return rc;
    if (GetFileAttributesExW(wide, GetFileExInfoStandard, &data))
        *size = (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
    else
        rc = last_error();
    free(wide);
    return rc == -ENOENT ? 0 : rc;
}

int append_rename(const char *from, const char *to)
{
    wchar_t *wide_from = NULL, *wide_to = NULL;
    int rc = wide_path(&wide_from, from);
    if (rc == 0)
        rc = wide_path(&wide_to, to);
    if (rc == 0 && !MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING))
        rc = last_error();
    free(wide_to);
    free(wide_from);
    return rc == -ENOENT ? 0 : rc;
}

int append_remove(const char *path)
{
    wchar_t *wide = NULL;
    int rc = wide_path(&wide, path);
    if (rc == 0 && !DeleteFileW(wide))
        rc = last_error();
    free(wide);
    return rc == -ENOENT ? 0 : rc;
}
