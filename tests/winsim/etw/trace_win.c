#include "tests/winsim/etw/trace.h"

#include <stdio.h>
#include <string.h>

/* How often files are looked at, ms. */
#define POLL_MS 10u

#define HEADER 44u
#define MAX_PAYLOAD 65535u
#define PAGE 4096u

static struct trace traces[MAX_TRACES];
static ULONGLONG handles;

/* Where sessions began, and how far each has been delivered. */
static struct {
    wchar_t name[MAX_NAME];
    ULONGLONG at, rundown_at;
    bool has_header;
} places[MAX_TRACES];

static int place_of(const wchar_t *name)
{
    for (int i = 0; i < MAX_TRACES; i++) {
        if (places[i].name[0] == 0)
            wcscpy_s(places[i].name, MAX_NAME, name);
        if (wcscmp(places[i].name, name) == 0)
            return i;
    }
    winsim_abort("winsim: more than %d sessions", MAX_TRACES);
}

struct trace *trace_add(const wchar_t *name)
{
    for (int i = 0; i < MAX_TRACES; i++)
        if (traces[i].handle == 0) {
            traces[i] = (struct trace){.handle = TRACE_HANDLE + ++handles};
            wcscpy_s(traces[i].name, MAX_NAME, name);
            return &traces[i];
        }
    winsim_abort("winsim: more than %d open traces", MAX_TRACES);
}

struct trace *trace_find(ULONGLONG handle)
{
    for (int i = 0; i < MAX_TRACES; i++)
        if (traces[i].handle != 0 && traces[i].handle == handle)
            return &traces[i];
    return NULL;
}

unsigned trace_count(void)
{
    unsigned count = 0;
    for (int i = 0; i < MAX_TRACES; i++)
        count += traces[i].handle != 0;
    return count;
}

static void file_of(wchar_t path[MAX_PATH], const wchar_t *name)
{
    wchar_t inside[MAX_PATH];
    const struct own_session *own = session_find(name);
    if (own != NULL && (own->flags & EVENT_TRACE_FLAG_PROCESS) != 0)
        wcscpy_s(inside, MAX_PATH, L"etw\\kernel.bin");
    else if (own != NULL)
        _snwprintf(inside, MAX_PATH, L"etw\\%08lx-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x.bin", own->provider.Data1,
                   own->provider.Data2, own->provider.Data3, own->provider.Data4[0], own->provider.Data4[1],
                   own->provider.Data4[2], own->provider.Data4[3], own->provider.Data4[4], own->provider.Data4[5],
                   own->provider.Data4[6], own->provider.Data4[7]);
    else
        _snwprintf(inside, MAX_PATH, L"etw\\%ls.bin", name);
    winsim_path(path, inside);
}

static HANDLE open_file(const wchar_t *path)
{
    return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       0, NULL);
}

void trace_begin(const wchar_t *name)
{
    wchar_t path[MAX_PATH];
    LARGE_INTEGER size = {.QuadPart = 0};
    int place = place_of(name);
    file_of(path, name);
    HANDLE file = open_file(path);
    if (file != INVALID_HANDLE_VALUE) {
        if (!GetFileSizeEx(file, &size))
            size.QuadPart = 0;
        CloseHandle(file);
    }
    places[place].at = (ULONGLONG)size.QuadPart;
    places[place].rundown_at = 0;
    places[place].has_header = false;
}

/* A page that faults lies right after the payload, and all is overwritten when the callback is back. */
struct stage {
    unsigned char *memory; /* room for MAX_PAYLOAD in whole pages */
    EVENT_RECORD *record;
};

static void stage_open(struct stage *s)
{
    DWORD old;
    size_t room = (MAX_PAYLOAD + PAGE) / PAGE * PAGE;
    s->memory = VirtualAlloc(NULL, room + PAGE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    s->record = VirtualAlloc(NULL, PAGE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (s->memory == NULL || s->record == NULL || !VirtualProtect(s->memory + room, PAGE, PAGE_NOACCESS, &old))
        winsim_abort("winsim: no memory");
    s->memory += room;
}

static void stage_close(struct stage *s)
{
    VirtualFree(s->memory - (MAX_PAYLOAD + PAGE) / PAGE * PAGE, 0, MEM_RELEASE);
    VirtualFree(s->record, 0, MEM_RELEASE);
}

static void deliver(const struct trace *t, struct stage *s, const unsigned char *bytes, size_t size)
{
    EVENT_RECORD *r = s->record;
    size_t payload = size - HEADER;
    memset(r, 0, sizeof(*r));
    EVENT_HEADER *h = &r->EventHeader;
    h->Size = sizeof(*h);
    memcpy(&h->Flags, bytes + 4, 2);
    memcpy(&h->EventDescriptor.Id, bytes + 6, 2);
    h->EventDescriptor.Version = bytes[8];
    h->EventDescriptor.Opcode = bytes[9];
    memcpy(&h->ProcessId, bytes + 12, 4);
    memcpy(&h->ThreadId, bytes + 16, 4);
    memcpy(&h->TimeStamp, bytes + 20, 8);
    memcpy(&h->ProviderId, bytes + 28, 16);
    unsigned char *data = s->memory - payload;
    memcpy(data, bytes + HEADER, payload);
    r->UserData = payload == 0 ? NULL : data;
    r->UserDataLength = (USHORT)payload;
    r->UserContext = t->context;
    t->callback(r);
    memset(data, WINSIM_POISON_BYTE, payload);
    memset(r, WINSIM_POISON_BYTE, sizeof(*r));
}

/* The first event of each trace: Windows' own, and none of a provider. */
static void deliver_header(const struct trace *t, struct stage *s)
{
    static const GUID event_trace = {0x68fdd900, 0x4a3e, 0x11d1, {0x84, 0xf4, 0x00, 0x00, 0xf8, 0x04, 0x64, 0xe3}};
    unsigned char bytes[HEADER + sizeof(TRACE_LOGFILE_HEADER)] = {0};
    memcpy(bytes + 28, &event_trace, sizeof(event_trace));
    deliver(t, s, bytes, sizeof(bytes));
}

/* Delivers what is whole in the file after *at. */
static void deliver_file(const struct trace *t, struct stage *s, const wchar_t *path, ULONGLONG *at)
{
    static const DWORD chunk = 1u << 20;
    HANDLE file = open_file(path);
    LARGE_INTEGER to = {.QuadPart = (LONGLONG)*at};
    DWORD got = 0;
    if (file == INVALID_HANDLE_VALUE)
        return;
    unsigned char *bytes = winsim_alloc(chunk);
    while (SetFilePointerEx(file, to, NULL, FILE_BEGIN) && ReadFile(file, bytes, chunk, &got, NULL) && got >= HEADER) {
        DWORD used = 0;
        for (UINT32 size; used + HEADER <= got; used += size) {
            memcpy(&size, bytes + used, sizeof(size));
            if (size < HEADER || size > HEADER + MAX_PAYLOAD)
                winsim_abort("winsim: %ls holds a record of %u bytes", path, size);
            if (used + size > got)
                break;
            deliver(t, s, bytes + used, size);
        }
        if (used == 0)
            break;
        to.QuadPart += used;
    }
    *at = (ULONGLONG)to.QuadPart;
    free(bytes);
    CloseHandle(file);
}

static bool is_alive(const wchar_t *name)
{
    struct session_file file;
    wchar_t path[MAX_PATH];
    if (!session_is_windows(name))
        return session_read(&file, name);
    file_of(path, name);
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

ULONG trace_process(struct trace *t)
{
    struct stage stage;
    wchar_t path[MAX_PATH], rundown[MAX_PATH];
    ULONG code = 0;
    stage_open(&stage);
    winsim_lock();
    file_of(path, t->name);
    winsim_path(rundown, L"etw\\rundown.bin");
    const struct own_session *own = session_find(t->name);
    bool has_rundown = own != NULL && (own->flags & EVENT_TRACE_FLAG_PROCESS) != 0;
    int place = place_of(t->name);
    winsim_unlock();
    deliver_header(t, &stage);
    for (bool goes_on = true; goes_on;) {
        winsim_lock();
        goes_on = is_alive(t->name) && !t->is_closed && !scenario_end(t->name, &code);
        winsim_unlock();
        if (has_rundown)
            deliver_file(t, &stage, rundown, &places[place].rundown_at);
        deliver_file(t, &stage, path, &places[place].at);
        if (goes_on)
            Sleep(POLL_MS);
    }
    stage_close(&stage);
    return code;
}
