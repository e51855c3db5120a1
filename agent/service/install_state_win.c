/*
 * Contracts: learn.microsoft.com/windows/win32/api/winbase, MoveFileExW (on one volume a rename, which keeps the access
 * list); fileapi, FindFirstFileW; aclapi, SetNamedSecurityInfoW.
 */
#include "agent/service/install_state.h"

#include "agent/guard/state_guard.h"
#include "agent/service/control.h"
#include "agent/service/install_files.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/base/text.h"
#include "detect/base/winapi.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

/* Beside the state's directory while a move is under way. */
#define STAGING ".new"

/* In the state's directory: it was moved by an upgrade that may still fail. */
#define MARK "moved-by-upgrade"

static int complain(const char *path, const char *what, unsigned long code)
{
    plain_printf(stderr, "tripline install: %s %s (%lu)\n", path, what, code);
    return 1;
}

static char *beside(const char *path, const char *ending)
{
    size_t size = strlen(path) + strlen(ending) + 1;
    char *name = malloc(size);
    if (name != NULL)
        snprintf(name, size, "%s%s", path, ending);
    return name;
}

static bool is_there(const char *path)
{
    wchar_t *wide = NULL;
    bool found = winapi_path(&wide, path) == 0 && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
    free(wide);
    return found;
}

/* Returns 0 or Windows' code. */
static unsigned long rename_one(const char *from, const char *to)
{
    wchar_t *wide_from = NULL, *wide_to = NULL;
    unsigned long code = ERROR_NOT_ENOUGH_MEMORY;
    if (winapi_path(&wide_from, from) == 0 && winapi_path(&wide_to, to) == 0)
        code = MoveFileExW(wide_from, wide_to, MOVEFILE_WRITE_THROUGH) ? 0 : GetLastError();
    free(wide_to);
    free(wide_from);
    return code;
}

struct work {
    int (*one)(const char *directory, const char *name, void *context);
    const char *directory;
    void *context;
};

static int do_one(void *context, const char *name)
{
    const struct work *w = context;
    return w->one(w->directory, name, w->context);
}

/* Calls one(directory, name, context) for each entry; stops where it returns not 0. Returns 0 or 1. */
static int each_file(const char *directory, int (*one)(const char *directory, const char *name, void *context),
                     void *context)
{
    struct work w = {one, directory, context};
    int rc = file_list(directory, do_one, &w);
    return rc < 0 ? complain(directory, "can't be looked through", (unsigned long)-rc) : rc;
}

/* context: the directory to move to. */
static int move_one(const char *directory, const char *name, void *context)
{
    char *from = NULL, *to = NULL;
    if (!install_state_owns(name))
        return 0;
    int result = 1;
    if (file_join(&from, directory, name) < 0 || file_join(&to, context, name) < 0) {
        (void)complain(name, "can't be moved", ERROR_NOT_ENOUGH_MEMORY);
    } else {
        unsigned long code = rename_one(from, to);
        result = code == 0 ? 0 : complain(from, "can't be moved", code);
    }
    free(to);
    free(from);
    return result;
}

/* Is the outbox of directory open somewhere? Asked before anything is moved. */
static int check_unused(const char *directory)
{
    char *path = NULL;
    wchar_t *wide = NULL;
    int result = 0;
    if (file_join(&path, directory, "tripline.db") < 0 || winapi_path(&wide, path) < 0) {
        result = complain(directory, "can't be looked at", ERROR_NOT_ENOUGH_MEMORY);
    } else {
        HANDLE file = CreateFileW(wide, GENERIC_READ, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
        unsigned long code = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
        if (code == 0)
            CloseHandle(file);
        else if (code != ERROR_FILE_NOT_FOUND && code != ERROR_PATH_NOT_FOUND)
            result = complain(path, "is in use: stop the agent first (tripline stop)", code);
    }
    free(wide);
    free(path);
    return result;
}

static int mark(const char *directory)
{
    char *path = NULL;
    FILE *file = NULL;
    int rc = file_join(&path, directory, MARK);
    if (rc == 0)
        rc = file_open(&file, path, "w");
    if (rc == 0 && fclose(file) != 0)
        rc = -EIO;
    free(path);
    return rc == 0 ? 0 : complain(directory, "can't be written to", (unsigned long)-rc);
}

int install_state_move(const char *home, const char *state, const char *sddl)
{
    char *old = NULL, *staging = beside(state, STAGING);
    int result = 1;
    if (staging == NULL || file_join(&old, home, "tripline.db") < 0) {
        (void)complain(home, "can't be looked at", ERROR_NOT_ENOUGH_MEMORY);
    } else if (is_there(state) || (!is_there(old) && !is_there(staging))) {
        result = 0; /* moved already, or there is nothing */
    } else {
        result = check_unused(home);
        if (result == 0)
            result = install_directory(staging, sddl);
        if (result == 0)
            result = each_file(home, move_one, staging);
        if (result == 0)
            result = mark(staging);
        unsigned long code = result == 0 ? rename_one(staging, state) : 0;
        if (code != 0)
            result = complain(staging, "can't be renamed", code);
        if (result == 0)
            plain_printf(stdout, "moved: the state of an earlier version is in %s now\n", state);
    }
    free(old);
    free(staging);
    return result;
}

void install_state_settle(const char *state)
{
    char *path = NULL;
    if (file_join(&path, state, MARK) == 0)
        (void)file_remove(path); /* mostly there is none */
    free(path);
}

int install_state_move_back(bool *is_moved, const char *home, const char *state)
{
    char *path = NULL, *staging = beside(state, STAGING);
    wchar_t *wide = NULL;
    if (staging == NULL || file_join(&path, state, MARK) < 0 || winapi_path(&wide, state) < 0) {
        free(path);
        free(staging);
        return complain(state, "can't be moved back", ERROR_NOT_ENOUGH_MEMORY);
    }
    int result = 0;
    *is_moved = is_there(staging) || is_there(path);
    if (is_there(staging))
        result = each_file(staging, move_one, (char *)home);
    if (result == 0 && is_there(path)) {
        result = each_file(state, move_one, (char *)home);
        if (result == 0) {
            install_state_settle(state);
            (void)RemoveDirectoryW(wide); /* fails while somebody else's files are in it; then it only lies there */
        }
    }
    free(wide);
    free(path);
    free(staging);
    return result;
}

/* Gives it to the Administrators; its access list stays. context: the service as it was; whoever installs is trusted
 * besides. */
static int adopt_one(const char *directory, const char *name, void *context)
{
    char *path = NULL, reason[STATE_GUARD_MAX_REASON];
    wchar_t *wide = NULL;
    PSID administrators = NULL;
    unsigned long code = ERROR_NOT_ENOUGH_MEMORY;
    if (file_join(&path, directory, name) == 0 && winapi_path(&wide, path) == 0) {
        if (state_guard_check_as(path, STATE_GUARD_STATE, context, reason) < 0 &&
            state_guard_check(path, STATE_GUARD_STATE, false, reason) < 0) {
            plain_printf(stderr, "tripline install: %s\n", reason);
            free(wide);
            free(path);
            return 1;
        }
        code = ConvertStringSidToSidW(L"S-1-5-32-544", &administrators) ? 0 : GetLastError();
        if (code == 0)
            code = SetNamedSecurityInfoW(wide, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, administrators, NULL, NULL,
                                         NULL);
        LocalFree(administrators);
    }
    int result = code == 0 ? 0 : complain(path == NULL ? name : path, "can't be taken over", code);
    free(wide);
    free(path);
    return result;
}

int install_state_adopt(const char *state)
{
    struct state_guard_self before;
    state_guard_read_service(&before); /* as the service is set up until now */
    return each_file(state, adopt_one, &before);
}
