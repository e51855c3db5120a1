#include "agent/system/directory.h"

#include "agent/system/file.h"
#include "detect/base/winapi.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <windows.h>

static int add(struct directory *to, const WIN32_FIND_DATAW *found)
{
    uint16_t units[MAX_PATH];
    char name[TEXT_UTF16_MAX_BYTES(MAX_PATH)];
    size_t count = wcslen(found->cFileName); /* below MAX_PATH, its size */
    memcpy(units, found->cFileName, count * sizeof(units[0]));
    (void)text_from_utf16(name, units, count); /* into name */
    /* A reparse point (link, junction) that leads to its own parent is not followed. */
    struct directory_entry what = {.is_directory = (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
                                                   (found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0,
                                   .size = (uint64_t)found->nFileSizeHigh << 32 | found->nFileSizeLow,
                                   .changed = (uint64_t)found->ftLastWriteTime.dwHighDateTime << 32 |
                                              found->ftLastWriteTime.dwLowDateTime};
    return directory_add(to, name, &what);
}

int directory_scan(struct directory *to, const char *path)
{
    char *pattern = NULL;
    wchar_t *wide = NULL;
    WIN32_FIND_DATAW found;
    int rc = file_join(&pattern, path, "*");
    if (rc == 0)
        rc = winapi_path(&wide, pattern);
    free(pattern);
    if (rc < 0)
        return rc;
    HANDLE search = FindFirstFileW(wide, &found);
    DWORD code = search == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
    free(wide);
    if (search == INVALID_HANDLE_VALUE)
        return winapi_error(code);
    do {
        rc = add(to, &found);
    } while (rc == 0 && FindNextFileW(search, &found));
    code = rc == 0 ? GetLastError() : ERROR_SUCCESS;
    (void)FindClose(search); /* only read */
    return rc < 0 ? rc : code == ERROR_NO_MORE_FILES ? 0 : winapi_error(code);
}
