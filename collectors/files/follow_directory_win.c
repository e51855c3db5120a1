#include "collectors/files/follow_directory.h"

#include "detect/base/winapi.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <fcntl.h>
#include <io.h>

/* directory\name, for Windows' calls. */
static int make_path(wchar_t **out, const char *directory, const char *name)
{
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (path == NULL)
        return -ENOMEM;
    (void)snprintf(path, size, "%s\\%s", directory, name);
    int rc = winapi_path(out, path);
    free(path);
    return rc;
}

static uint64_t changed_of(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static int add(struct follow_entries *out, const WIN32_FIND_DATAW *found)
{
    char *name = NULL;
    if ((found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
        return 0;
    int rc = winapi_text(&name, found->cFileName);
    if (rc == 0)
        rc = follow_entries_add(out, name, changed_of(found->ftLastWriteTime));
    free(name);
    return rc;
}

int follow_directory_list(struct follow_entries *out, const char *directory, struct fault *fault)
{
    WIN32_FIND_DATAW found;
    wchar_t *pattern = NULL;
    int rc = make_path(&pattern, directory, "*");
    if (rc < 0)
        return rc;
    HANDLE handle = FindFirstFileW(pattern, &found);
    DWORD error = handle == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
    free(pattern);
    if (handle == INVALID_HANDLE_VALUE) {
        fault_set(fault, "FindFirstFile", (long)error, text_from(directory), NULL);
        return error == ERROR_PATH_NOT_FOUND || error == ERROR_FILE_NOT_FOUND ? -ENOENT : winapi_error(error);
    }
    do
        rc = add(out, &found);
    while (rc == 0 && FindNextFileW(handle, &found));
    error = rc == 0 ? GetLastError() : ERROR_NO_MORE_FILES;
    (void)FindClose(handle); /* only read */
    if (error == ERROR_NO_MORE_FILES)
        return rc;
    fault_set(fault, "FindNextFile", (long)error, text_from(directory), NULL);
    return winapi_error(error);
}

int follow_directory_open(FILE **out, struct follow_file *is, const char *directory, const char *name)
{
    BY_HANDLE_FILE_INFORMATION about;
    wchar_t *path = NULL;
    int rc = make_path(&path, directory, name);
    if (rc < 0)
        return rc;
    HANDLE handle = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD error = GetLastError();
    free(path);
    if (handle == INVALID_HANDLE_VALUE)
        return winapi_error(error);
    if (!GetFileInformationByHandle(handle, &about)) {
        rc = winapi_last_error();
        (void)CloseHandle(handle); /* only read */
        return rc;
    }
    int fd = _open_osfhandle((intptr_t)handle, _O_RDONLY | _O_BINARY);
    if (fd < 0) {
        (void)CloseHandle(handle); /* only read */
        return -EMFILE;
    }
    FILE *file = _fdopen(fd, "rb");
    if (file == NULL) {
        (void)_close(fd); /* and with it the handle */
        return -EMFILE;
    }
    *is = (struct follow_file){.size = (uint64_t)about.nFileSizeHigh << 32 | about.nFileSizeLow,
                               .id = (uint64_t)about.nFileIndexHigh << 32 | about.nFileIndexLow};
    *out = file;
    return 0;
}
