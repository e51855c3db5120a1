#include "tests/winsim/scenario_win.h"

#include <stdlib.h>

#define MAX_FILE (1024u * 1024u)

static struct {
    struct scenario *now;
    FILETIME written;
    uint64_t size;
} file;

struct scenario *scenario_now(void)
{
    char nothing[1] = {0};
    if (file.now == NULL)
        file.now = scenario_new(nothing, NULL);
    return file.now;
}

static char *read_all(const wchar_t *path, uint64_t size)
{
    DWORD got = 0;
    HANDLE handle = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return NULL;
    char *text = winsim_alloc((size_t)size + 1);
    if (!ReadFile(handle, text, (DWORD)size, &got, NULL))
        winsim_abort("winsim: reading scenario.txt: error %lu", GetLastError());
    CloseHandle(handle);
    return text;
}

void scenario_refresh(void)
{
    WIN32_FILE_ATTRIBUTE_DATA data = {0};
    wchar_t path[MAX_PATH];
    char nothing[1] = {0}, *text = NULL;
    winsim_path(path, L"scenario.txt");
    bool is_there = GetFileAttributesExW(path, GetFileExInfoStandard, &data);
    uint64_t size = is_there ? (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow : UINT64_MAX;
    if (size == file.size && CompareFileTime(&data.ftLastWriteTime, &file.written) == 0)
        return;
    if (is_there && size > MAX_FILE)
        winsim_abort("winsim: scenario.txt is larger than %u bytes", MAX_FILE);
    if (is_there && (text = read_all(path, size)) == NULL)
        return; /* just being replaced: next time */
    file.size = size;
    file.written = data.ftLastWriteTime;
    struct scenario *before = scenario_now();
    file.now = scenario_new(text == NULL ? nothing : text, before);
    scenario_free(before);
    free(text);
}

DWORD scenario_code(const char *function, const char *channel)
{
    struct scenario *s = scenario_now();
    if (s->service_code != 0)
        return s->service_code;
    const struct scenario_failure *f = scenario_failure(s, function, channel, 0);
    return f == NULL ? 0 : f->code;
}
