#include "tests/winsim/etw/session.h"

#include <stdio.h>
#include <string.h>

static struct own_session own[MAX_SESSIONS];
static ULONGLONG handles;

static const GUID no_guid;

void session_path(wchar_t out[MAX_PATH], const wchar_t *name)
{
    wchar_t inside[MAX_PATH];
    if (_snwprintf(inside, MAX_PATH, L"etw\\sessions\\%ls.txt", name) < 0)
        winsim_abort("winsim: a session's name is too long");
    winsim_path(out, inside);
}

static void read_path(const wchar_t *path, char *to, DWORD size)
{
    DWORD got = 0;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        if (!ReadFile(file, to, size - 1, &got, NULL))
            got = 0;
        CloseHandle(file);
    }
    to[got] = '\0';
}

void etw_read_text(const wchar_t *name, char *to, DWORD size)
{
    wchar_t inside[MAX_PATH], path[MAX_PATH];
    if (_snwprintf(inside, MAX_PATH, L"etw\\%ls", name) < 0)
        winsim_abort("winsim: a name is too long");
    winsim_path(path, inside);
    read_path(path, to, size);
}

bool session_read(struct session_file *out, const wchar_t *name)
{
    wchar_t path[MAX_PATH];
    char text[128];
    unsigned n[11];
    unsigned long pid;
    session_path(path, name);
    read_path(path, text, sizeof(text));
    if (sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x %lu", &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6],
               &n[7], &n[8], &n[9], &n[10], &pid) != 12)
        return false;
    out->guid = (GUID){n[0], (USHORT)n[1], (USHORT)n[2], {0}};
    for (int i = 0; i < 8; i++)
        out->guid.Data4[i] = (UCHAR)n[3 + i];
    out->pid = pid;
    return true;
}

void session_write(const wchar_t *name, const struct session_file *file)
{
    wchar_t path[MAX_PATH];
    char text[128];
    DWORD written;
    const GUID *g = &file->guid;
    int size = snprintf(text, sizeof(text), "%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x %lu\n", g->Data1,
                        g->Data2, g->Data3, g->Data4[0], g->Data4[1], g->Data4[2], g->Data4[3], g->Data4[4],
                        g->Data4[5], g->Data4[6], g->Data4[7], file->pid);
    session_path(path, name);
    HANDLE handle = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE || !WriteFile(handle, text, (DWORD)size, &written, NULL))
        winsim_abort("winsim: %ls can't be written: error %lu", path, GetLastError());
    CloseHandle(handle);
}

void session_remove(const wchar_t *name)
{
    wchar_t path[MAX_PATH];
    session_path(path, name);
    DeleteFileW(path);
    struct own_session *s = session_find(name);
    if (s != NULL)
        s->name[0] = 0;
}

struct own_session *session_find(const wchar_t *name)
{
    for (int i = 0; i < MAX_SESSIONS; i++)
        if (own[i].name[0] != 0 && wcscmp(own[i].name, name) == 0)
            return &own[i];
    return NULL;
}

struct own_session *session_by_handle(ULONGLONG handle)
{
    for (int i = 0; i < MAX_SESSIONS; i++)
        if (own[i].name[0] != 0 && own[i].handle == handle)
            return &own[i];
    return NULL;
}

struct own_session *session_at(unsigned i)
{
    return own[i].name[0] != 0 ? &own[i] : NULL;
}

struct own_session *session_add(const wchar_t *name)
{
    for (int i = 0; i < MAX_SESSIONS; i++)
        if (own[i].name[0] == 0) {
            own[i] = (struct own_session){.handle = SESSION_HANDLE + ++handles};
            wcscpy_s(own[i].name, MAX_NAME, name);
            return &own[i];
        }
    winsim_abort("winsim: more than %d sessions", MAX_SESSIONS);
}

bool session_guid_taken(const GUID *guid, const wchar_t *but)
{
    wchar_t pattern[MAX_PATH];
    WIN32_FIND_DATAW found;
    bool is_taken = false;
    session_path(pattern, L"*");
    HANDLE search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    do {
        struct session_file file;
        found.cFileName[wcslen(found.cFileName) - 4] = 0; /* .txt */
        if (wcscmp(found.cFileName, but) != 0 && session_read(&file, found.cFileName))
            is_taken = is_taken || memcmp(&file.guid, guid, sizeof(*guid)) == 0;
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return is_taken && memcmp(guid, &no_guid, sizeof(no_guid)) != 0;
}

unsigned session_count(void)
{
    unsigned count = 0;
    for (int i = 0; i < MAX_SESSIONS; i++)
        count += own[i].name[0] != 0;
    return count;
}

bool session_is_windows(const wchar_t *name)
{
    return wcscmp(name, L"EventLog-Security") == 0 || wcscmp(name, KERNEL_LOGGER_NAMEW) == 0;
}
