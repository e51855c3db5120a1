/*
 * winsim_selftest.exe: does the stand-in keep its word? Without arguments: runs all suites. --suite NAME: one of them,
 * in the folder WINSIM_DIR. --abort NAME: one wrong use, which must end the process. --leak: leaves handles open.
 * --service: what test_prefix.sh runs as a service.
 */
#include "tests/winsim/selftest_win.h"

#include <stdlib.h>
#include <string.h>

static void path_of(char *out, size_t size, const char *file)
{
    char folder[MAX_PATH];
    DWORD length = GetEnvironmentVariableA("WINSIM_DIR", folder, sizeof(folder));
    snprintf(out, size, "%s\\%s", length == 0 ? "C:\\winsim" : folder, file);
}

/* What a test stands on; CUnit's assertions can't be used in a child. */
static void must(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "winsim_selftest: %s: error %lu\n", what, GetLastError());
    exit(1);
}

void selftest_append(const char *file, const char *text)
{
    char path[MAX_PATH];
    path_of(path, sizeof(path), file);
    FILE *to = fopen(path, "ab");
    must(to != NULL, path);
    must(fwrite(text, 1, strlen(text), to) == strlen(text), path);
    must(fclose(to) == 0, path);
}

void selftest_event(const char *channel, unsigned record, const char *data)
{
    char file[MAX_PATH];
    size_t size = strlen(data) + 2048;
    char *line = winsim_alloc(size);
    snprintf(line, size,
             "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
             "Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/>"
             "<EventID>4688</EventID><Version>2</Version><Level>0</Level><Task>13312</Task><Opcode>0</Opcode>"
             "<Keywords>0x8020000000000000</Keywords><TimeCreated SystemTime='2024-05-01T12:34:56.123456700Z'/>"
             "<EventRecordID>%u</EventRecordID><Correlation/><Execution ProcessID='4' ThreadID='68'/>"
             "<Channel>%s</Channel><Computer>PC1.example</Computer><Security/></System><EventData>%s</EventData>"
             "</Event>\n",
             record, channel, data);
    snprintf(file, sizeof(file), "%s.xml", channel);
    selftest_append(file, line);
    free(line);
}

void selftest_events(const char *channel, unsigned first, unsigned count)
{
    char data[128];
    for (unsigned i = first; i < first + count; i++) {
        snprintf(data, sizeof(data), "<Data Name='CommandLine'>run %u</Data>", i);
        selftest_event(channel, i, data);
    }
}

void selftest_scenario(const char *text)
{
    char path[MAX_PATH], written[MAX_PATH];
    path_of(path, sizeof(path), "scenario.txt");
    path_of(written, sizeof(written), "scenario.new");
    if (text == NULL) {
        must(DeleteFileA(path), path);
    } else {
        selftest_append("scenario.new", text);
        must(MoveFileExA(written, path, MOVEFILE_REPLACE_EXISTING), path); /* whole at once */
    }
    Sleep(100); /* the watcher looks every 20 ms */
}

char *selftest_read(const char *file)
{
    char path[MAX_PATH];
    path_of(path, sizeof(path), file);
    char *text = winsim_alloc(65536);
    FILE *from = fopen(path, "rb");
    if (from == NULL)
        return text;
    (void)fread(text, 1, 65535, from);
    fclose(from);
    return text;
}

DWORD selftest_child(const char *verb, const char *argument)
{
    char program[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOA start = {.cb = sizeof(start)};
    PROCESS_INFORMATION process;
    DWORD code = 9999;
    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(line, sizeof(line), "\"%s\" %s %s", program, verb, argument);
    if (!CreateProcessA(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &process))
        return code;
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

EVT_HANDLE selftest_subscribe(const wchar_t *name, const wchar_t *query, HANDLE signal, DWORD flags)
{
    EVT_HANDLE set = EvtSubscribe(NULL, signal, name, query, NULL, NULL, NULL, flags);
    CU_ASSERT_PTR_NOT_NULL_FATAL(set);
    return set;
}

DWORD selftest_next(EVT_HANDLE set, EVT_HANDLE *events, DWORD *code)
{
    DWORD count = 0;
    *code = 0;
    if (EvtNext(set, SELFTEST_MAX, events, INFINITE, 0, &count))
        return count;
    *code = GetLastError();
    return 0;
}

const char *selftest_ids(EVT_HANDLE set)
{
    static char text[1024];
    LPCWSTR path = L"Event/System/EventRecordID";
    EVT_HANDLE context = EvtCreateRenderContext(1, &path, EvtRenderContextValues), events[SELFTEST_MAX];
    DWORD code, count, used = 0;
    text[0] = 0;
    while ((count = selftest_next(set, events, &code)) > 0) {
        for (DWORD i = 0; i < count; i++) {
            DWORD values;
            EVT_VARIANT *v = selftest_values(events[i], context, &values);
            used += (DWORD)snprintf(text + used, sizeof(text) - used, used > 0 ? " %llu" : "%llu", v->UInt64Val);
            free(v);
            EvtClose(events[i]);
        }
    }
    if (code != ERROR_NO_MORE_ITEMS)
        snprintf(text + used, sizeof(text) - used, used > 0 ? " (%lu)" : "(%lu)", code);
    EvtClose(context);
    return text;
}

EVT_VARIANT *selftest_values(EVT_HANDLE event, EVT_HANDLE context, DWORD *count)
{
    DWORD size = 0, used = 0;
    if (EvtRender(context, event, EvtRenderEventValues, 0, NULL, &size, count))
        return NULL;
    EVT_VARIANT *values = winsim_alloc(size);
    BOOL good = EvtRender(context, event, EvtRenderEventValues, size, values, &used, count);
    must(good && used == size, "EvtRender");
    return values;
}

wchar_t *selftest_text(EVT_HANDLE object, DWORD flags)
{
    DWORD size = 0, used = 0, count = 9;
    if (EvtRender(NULL, object, flags, 0, NULL, &size, &count))
        return NULL;
    wchar_t *text = winsim_alloc(size);
    BOOL good = EvtRender(NULL, object, flags, size, text, &used, &count);
    must(good && used == size, "EvtRender");
    must(count == 0 && used == (wcslen(text) + 1) * sizeof(*text), "EvtRender");
    return text;
}

/* memory.c needs it; the DLL has its own. */
_Noreturn void winsim_abort(const char *format, ...)
{
    fprintf(stderr, "winsim_selftest: %s\n", format);
    exit(1);
}

static const struct {
    const char *name;
    const CU_TestInfo *tests;
} suites[] = {{"read", selftest_read_tests},
              {"render", selftest_render_tests},
              {"query", selftest_query_tests},
              {"scenario", selftest_scenario_tests},
              {"abort", selftest_abort_tests}};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

static int run_suite(const char *name)
{
    for (size_t i = 0; i < SUITES; i++)
        if (strcmp(suites[i].name, name) == 0)
            return test_main(name, suites[i].tests);
    return 2;
}

/* A leak for leaks.txt: two bookmarks and an event with its query. */
static int leak(void)
{
    EVT_HANDLE event;
    DWORD count;
    selftest_events("Leak", 1, 1);
    EVT_HANDLE set = EvtQuery(NULL, L"Leak", NULL, EvtQueryChannelPath);
    return EvtNext(set, 1, &event, 0, 0, &count) && EvtCreateBookmark(NULL) != NULL && EvtCreateBookmark(NULL) != NULL
               ? 0
               : 1;
}

/* Deletes folder and the files in it. */
static void remove_folder(const char *folder)
{
    char pattern[MAX_PATH], path[2 * MAX_PATH];
    WIN32_FIND_DATAA found;
    snprintf(pattern, sizeof(pattern), "%.240s\\*", folder);
    HANDLE search = FindFirstFileA(pattern, &found);
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileA(search, &found)) {
        snprintf(path, sizeof(path), "%.240s\\%s", folder, found.cFileName);
        if (!(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
            DeleteFileA(path);
    }
    FindClose(search);
    RemoveDirectoryA(folder);
}

/* Each suite in a process and a folder of its own. */
static int run_in_folders(void)
{
    char temporary[MAX_PATH - 32], folder[MAX_PATH];
    DWORD failed = 0;
    GetTempPathA(sizeof(temporary), temporary);
    for (size_t i = 0; i < SUITES; i++) {
        snprintf(folder, sizeof(folder), "%swinsim-%lu-%zu", temporary, GetCurrentProcessId(), i);
        if (!CreateDirectoryA(folder, NULL) || !SetEnvironmentVariableA("WINSIM_DIR", folder)) {
            fprintf(stderr, "winsim_selftest: %s: error %lu\n", folder, GetLastError());
            return 1;
        }
        failed |= selftest_child("--suite", suites[i].name);
        remove_folder(folder);
    }
    return failed == 0 ? 0 : 1;
}

int main(int count, char **words)
{
    if (count == 3 && strcmp(words[1], "--suite") == 0)
        return run_suite(words[2]);
    if (count == 3 && strcmp(words[1], "--abort") == 0) {
        selftest_abort_run(words[2]);
        return 0;
    }
    if (count == 2 && strcmp(words[1], "--leak") == 0)
        return leak();
    if (count == 2 && strcmp(words[1], "--service") == 0)
        return selftest_service();
    if (count > 1) {
        fprintf(stderr, "usage: winsim_selftest [--suite NAME | --abort NAME | --leak | --service]\n");
        return 2;
    }
    return run_in_folders();
}
