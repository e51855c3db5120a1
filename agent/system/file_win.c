#include "agent/system/file.h"
#include "agent/system/file_internal.h"
#include "detect/base/text.h"
#include "detect/base/winapi.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <shlobj.h>

const char file_separator = '\\';

bool file_is_separator(char c)
{
    return c == '\\' || c == '/';
}

/* "C:x" means the current directory of drive C and "\x" the current drive, so neither is absolute in our sense; both
 * are left to Windows all the same, since they can't be put after another path. */
bool file_is_absolute(const char *path)
{
    return file_is_separator(path[0]) || (path[0] != '\0' && path[1] == ':');
}

static bool is_directory(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* A C stream on handle, which it then owns. */
static int stream_open(FILE **out, HANDLE handle, char mode)
{
    int flags = mode == 'r' ? _O_RDONLY : mode == 'o' ? _O_RDWR : mode == 'a' ? _O_WRONLY | _O_APPEND : _O_WRONLY;
    int descriptor = _open_osfhandle((intptr_t)handle, flags | _O_BINARY | _O_NOINHERIT);
    if (descriptor < 0) {
        CloseHandle(handle);
        return -EMFILE;
    }
    const char stream_mode[] = {mode, 'b', '\0'};
    FILE *file = _fdopen(descriptor, mode == 'o' ? "r+b" : stream_mode);
    if (file == NULL) {
        (void)_close(descriptor); /* closes the handle too */
        return -EMFILE;
    }
    *out = file;
    return 0;
}

bool file_is_terminal(FILE *file)
{
    DWORD mode; /* _isatty says yes to NUL too */
    return GetConsoleMode((HANDLE)_get_osfhandle(_fileno(file)), &mode) != 0;
}

/* Pipes and devices have names of their own, \\.\NAME and \\?\NAME
 * (learn.microsoft.com/windows/win32/fileio/naming-a-file, "Win32 Device Namespaces"); to ask for their attributes
 * would open them. So long paths are no regular files here. */
bool file_is_regular(const char *path)
{
    if (file_is_separator(path[0]) && file_is_separator(path[1]) && (path[2] == '.' || path[2] == '?'))
        return false; /* a device or a pipe */
    wchar_t *wide = NULL;
    if (winapi_path(&wide, path) < 0)
        return false;
    DWORD attributes = GetFileAttributesW(wide);
    free(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

int file_open(FILE **out, const char *path, const char *mode)
{
    wchar_t *wide = NULL;
    DWORD access = mode[0] == 'r'   ? GENERIC_READ
                   : mode[0] == 'o' ? GENERIC_READ | GENERIC_WRITE
                   : mode[0] == 'a' ? FILE_APPEND_DATA | SYNCHRONIZE
                                    : GENERIC_WRITE;
    DWORD how = mode[0] == 'r' || mode[0] == 'o' ? OPEN_EXISTING : mode[0] == 'a' ? OPEN_ALWAYS : CREATE_ALWAYS;

    int rc = winapi_path(&wide, path);
    if (rc < 0)
        return rc;
    HANDLE handle = CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, how,
                                FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        rc = winapi_last_error();
        if (is_directory(wide)) /* CreateFile says "access denied" for one */
            rc = -EISDIR;
    }
    free(wide);
    return rc < 0 ? rc : stream_open(out, handle, mode[0]);
}

static int make_one(const char *path)
{
    wchar_t *wide = NULL;
    int rc = winapi_path(&wide, path);
    if (rc < 0)
        return rc;
    if (!CreateDirectoryW(wide, NULL)) {
        rc = winapi_last_error();
        if (is_directory(wide)) /* there already; a drive's root says "access denied" */
            rc = 0;
        else if (rc == -EEXIST)
            rc = -ENOTDIR;
    }
    free(wide);
    return rc;
}

int file_make_directory(const char *path)
{
    /* Nearly always the parents are there, and of \\server\share they can't be made. */
    int rc = make_one(path);
    if (rc != -ENOENT)
        return rc;
    size_t size = strlen(path);
    while (size > 0 && file_is_separator(path[size - 1]))
        size--;
    while (size > 0 && !file_is_separator(path[size - 1]))
        size--;
    while (size > 0 && file_is_separator(path[size - 1]))
        size--;
    if (size == 0)
        return rc;
    char *parent = malloc(size + 1);
    if (parent == NULL)
        return -ENOMEM;
    memcpy(parent, path, size);
    parent[size] = '\0';
    rc = file_make_directory(parent);
    free(parent);
    return rc < 0 ? rc : make_one(path);
}

/* Somebody who reads the old file and lets nobody remove it meanwhile, as many a collector of figures does, is done in
 * a moment: three tries, 20 ms apart. */
static int move_over(const wchar_t *from, const wchar_t *to)
{
    for (int tries = 1; !MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH); tries++) {
        DWORD code = GetLastError();
        if (tries == 3 || (code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED))
            return winapi_error(code);
        Sleep(20);
    }
    return 0;
}

int file_replace(const char *from, const char *to)
{
    wchar_t *wide_from = NULL, *wide_to = NULL;
    int rc = winapi_path(&wide_from, from);
    if (rc == 0)
        rc = winapi_path(&wide_to, to);
    if (rc == 0)
        rc = move_over(wide_from, wide_to);
    free(wide_to);
    free(wide_from);
    return rc;
}

int file_remove(const char *path)
{
    wchar_t *wide = NULL;
    int rc = winapi_path(&wide, path);
    if (rc == 0 && !DeleteFileW(wide))
        rc = winapi_last_error();
    free(wide);
    return rc;
}

int file_program(char **out)
{
    wchar_t *path = calloc(WINAPI_MAX_PATH_UNITS + 1, sizeof(*path));
    if (path == NULL)
        return -ENOMEM;
    DWORD size = GetModuleFileNameW(NULL, path, WINAPI_MAX_PATH_UNITS);
    int rc = size == 0 ? winapi_last_error() : size >= WINAPI_MAX_PATH_UNITS ? -EINVAL : winapi_text(out, path);
    free(path);
    return rc;
}

int file_list(const char *directory, int (*each)(void *context, const char *name), void *context)
{
    WIN32_FIND_DATAW found;
    char *all = NULL;
    wchar_t *pattern = NULL;
    int rc = file_join(&all, directory, "*");
    if (rc == 0)
        rc = winapi_path(&pattern, all);
    HANDLE search = rc < 0 ? INVALID_HANDLE_VALUE : FindFirstFileW(pattern, &found);
    if (rc == 0 && search == INVALID_HANDLE_VALUE)
        rc = winapi_last_error();
    free(pattern);
    free(all);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    do {
        char name[TEXT_UTF16_MAX_BYTES(MAX_PATH)];
        (void)text_from_utf16(name, found.cFileName, wcslen(found.cFileName)); /* the text is name itself */
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            rc = each(context, name);
    } while (rc == 0 && FindNextFileW(search, &found));
    DWORD code = rc == 0 ? GetLastError() : ERROR_NO_MORE_FILES;
    FindClose(search);
    if (code != ERROR_NO_MORE_FILES)
        rc = winapi_error(code);
    return rc;
}

/* Asked of the shell, not of %ProgramData%: a service need not have that variable. */
int file_default_home(char **out)
{
    PWSTR wide = NULL;
    char *data = NULL;
    HRESULT result = SHGetKnownFolderPath(&FOLDERID_ProgramData, KF_FLAG_DEFAULT, NULL, &wide);
    int rc = SUCCEEDED(result) ? winapi_text(&data, wide) : -ENOENT;
    CoTaskMemFree(wide); /* on failure too (learn.microsoft.com: SHGetKnownFolderPath) */
    if (rc == 0)
        rc = file_join(out, data, "Tripline");
    free(data);
    return rc;
}

static bool is_there(const char *directory, const char *name)
{
    char *path = NULL;
    wchar_t *wide = NULL;
    bool found = file_join(&path, directory, name) == 0 && winapi_path(&wide, path) == 0 &&
                 GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
    free(wide);
    free(path);
    return found;
}

int file_default_state(char **out)
{
    char *home = NULL;
    int rc = file_default_home(&home);
    if (rc < 0)
        return rc;
    bool is_old = !is_there(home, FILE_STATE_NAME) && is_there(home, "tripline.db");
    if (is_old)
        *out = home;
    else
        rc = file_join(out, home, FILE_STATE_NAME);
    if (!is_old)
        free(home);
    return rc;
}

int file_default_config(char **out)
{
    char *home = NULL;
    int rc = file_default_home(&home);
    if (rc == 0)
        rc = file_join(out, home, "tripline.xml");
    free(home);
    return rc;
}
