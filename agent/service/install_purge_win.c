/* Contracts: learn.microsoft.com/windows/win32/api/fileapi, FindFirstFile, RemoveDirectory; reparse-points. */
#include "agent/service/install_files.h"
#include "agent/service/install_state.h"

#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/base/text.h"
#include "detect/base/winapi.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

/* Directories in directories: the agent itself makes none. */
#define MAX_DEPTH 16

/* What the agent and its installation make in a directory. */
static bool is_own(const char *name)
{
    static const char *const names[] = {"tripline.xml", "tripline.xml.old", "tripline.xml.new", "tripline.lock",
                                        "moved-by-upgrade"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_equal_nocase(text_from(name), text_from(names[i])))
            return true;
    return install_state_owns(name);
}

static char *utf8(const wchar_t *wide)
{
    char *text = malloc(TEXT_UTF16_MAX_BYTES(wcslen(wide)));
    if (text != NULL)
        (void)text_from_utf16(text, wide, wcslen(wide)); /* the text is text itself */
    return text;
}

/* Deletes one thing; a link to a directory is taken away as what it is, a directory without contents. */
static bool delete_one(const char *path, bool is_directory)
{
    wchar_t *wide = NULL;
    if (winapi_path(&wide, path) < 0)
        return false;
    (void)SetFileAttributesW(wide, FILE_ATTRIBUTE_NORMAL); /* read-only would stay */
    bool is_gone = is_directory ? RemoveDirectoryW(wide) : DeleteFileW(wide);
    DWORD code = is_gone ? 0 : GetLastError();
    free(wide);
    if (!is_gone && code != ERROR_FILE_NOT_FOUND && code != ERROR_PATH_NOT_FOUND)
        plain_printf(stderr, "tripline uninstall: %s could not be deleted (%lu)\n", path, code);
    return is_gone;
}

static int purge(const char *directory, bool is_whole, unsigned depth);

static int purge_entry(const char *directory, const WIN32_FIND_DATAW *found, bool is_whole, unsigned depth)
{
    char *name = utf8(found->cFileName), *path = NULL;
    int result = 1;
    bool is_directory = (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    bool is_link = (found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    if (name == NULL || file_join(&path, directory, name) < 0)
        plain_printf(stderr, "tripline uninstall: memory is short\n");
    else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (!is_whole && (is_directory || !is_own(name))))
        result = 0;
    else if (is_directory && !is_link)
        result = purge(path, is_whole, depth + 1);
    else
        result = delete_one(path, is_directory) ? 0 : 1;
    free(path);
    free(name);
    return result;
}

static int purge(const char *directory, bool is_whole, unsigned depth)
{
    WIN32_FIND_DATAW found;
    wchar_t *pattern = NULL;
    char *all = NULL;
    int result = 0;
    if (depth > MAX_DEPTH || file_join(&all, directory, "*") < 0 || winapi_path(&pattern, all) < 0) {
        plain_printf(stderr, "tripline uninstall: %s can't be looked through\n", directory);
        free(all);
        return 1;
    }
    HANDLE search = FindFirstFileW(pattern, &found);
    free(pattern);
    free(all);
    if (search == INVALID_HANDLE_VALUE)
        return 0; /* not there: nothing to purge */
    do
        result |= purge_entry(directory, &found, is_whole, depth);
    while (FindNextFileW(search, &found));
    FindClose(search);
    if (!is_whole) {
        wchar_t *wide = NULL;
        if (winapi_path(&wide, directory) == 0)
            (void)RemoveDirectoryW(wide); /* fails while somebody else's files are in it, as it must */
        free(wide);
        return result;
    }
    return delete_one(directory, true) ? result : 1;
}

int install_purge(const char *directory, bool is_whole)
{
    wchar_t *wide = NULL;
    if (winapi_path(&wide, directory) < 0)
        return 1;
    DWORD attributes = GetFileAttributesW(wide);
    free(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return 0;
    if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) /* never through a link that somebody put there */
        return delete_one(directory, true) ? 0 : 1;
    return purge(directory, is_whole, 0);
}
