#include "transport/outputs/append.h"

#include "detect/base/winapi.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

static int seek(HANDLE file, uint64_t to)
{
    LARGE_INTEGER at = {.QuadPart = (LONGLONG)to};
    return SetFilePointerEx(file, at, NULL, FILE_BEGIN) ? 0 : winapi_last_error();
}

static int cut(HANDLE file, uint64_t size)
{
    int rc = seek(file, size);
    if (rc == 0 && !SetEndOfFile(file))
        rc = winapi_last_error();
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
            rc = winapi_last_error();
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
            return winapi_last_error();
        bytes += wrote;
        size -= wrote;
    }
    return FlushFileBuffers(file) ? 0 : winapi_last_error();
}

/* In an open file: what append_bytes() says. */
static int append(HANDLE file, const char *bytes, size_t size)
{
    LARGE_INTEGER before;
    uint64_t end = 0;
    if (!GetFileSizeEx(file, &before))
        return winapi_last_error();
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
    int rc = winapi_path(&wide, path);
    if (rc < 0)
        return rc;
    HANDLE file =
        CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        rc = winapi_last_error();
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
    int rc = winapi_path(&wide, path);
    *size = 0;
    if (rc < 0)
        return rc;
    if (GetFileAttributesExW(wide, GetFileExInfoStandard, &data))
        *size = (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
    else
        rc = winapi_last_error();
    free(wide);
    return rc == -ENOENT ? 0 : rc;
}

int append_rename(const char *from, const char *to)
{
    wchar_t *wide_from = NULL, *wide_to = NULL;
    int rc = winapi_path(&wide_from, from);
    if (rc == 0)
        rc = winapi_path(&wide_to, to);
    if (rc == 0 && !MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING))
        rc = winapi_last_error();
    free(wide_to);
    free(wide_from);
    return rc == -ENOENT ? 0 : rc;
}

int append_remove(const char *path)
{
    wchar_t *wide = NULL;
    int rc = winapi_path(&wide, path);
    if (rc == 0 && !DeleteFileW(wide))
        rc = winapi_last_error();
    free(wide);
    return rc == -ENOENT ? 0 : rc;
}
