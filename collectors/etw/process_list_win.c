#include "collectors/etw/process_list.h"

#include "collectors/etw/nt_path.h"

#include <windows.h>

#include <tlhelp32.h>
#include <winternl.h>

#include <stdlib.h>
#include <string.h>

/* PROCESSINFOCLASS ProcessCommandLineInformation, Windows 8.1 and later: a UNICODE_STRING and its text after it
 * (github.com/winsiderss/systeminformer, phnt/include/ntpsapi.h). It needs no more than
 * PROCESS_QUERY_LIMITED_INFORMATION. */
#define PROCESS_COMMAND_LINE ((PROCESSINFOCLASS)60)

/* A UNICODE_STRING has at most 65534 bytes of text. */
#define COMMAND_LINE_BYTES (sizeof(UNICODE_STRING) + 65536u)

#define TWO_SECONDS 20000000u

/* One process at a time. */
struct lister {
    union {
        UNICODE_STRING string;
        unsigned char bytes[COMMAND_LINE_BYTES];
    } command_line;
    char image[3 * MAX_PATH + 1], text[3 * 32768 + 1];
};

static uint64_t from_filetime(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static uint64_t creation_time(HANDLE process)
{
    FILETIME created, exited, kernel, user;
    return GetProcessTimes(process, &created, &exited, &kernel, &user) ? from_filetime(created) : 0;
}

static struct text command_line_of(struct lister *l, HANDLE process)
{
    ULONG size = 0;
    NTSTATUS status =
        NtQueryInformationProcess(process, PROCESS_COMMAND_LINE, &l->command_line, sizeof(l->command_line), &size);
    const UNICODE_STRING *string = &l->command_line.string;
    if (status < 0 || string->Buffer == NULL || string->Length > 65534)
        return (struct text){NULL, 0};
    return text_from_utf16(l->text, (const uint16_t *)string->Buffer, string->Length / sizeof(WCHAR));
}

static int tell(struct lister *l, const PROCESSENTRY32W *from, int (*each)(void *, const struct process_entry *),
                void *context)
{
    struct process_entry entry = {.pid = from->th32ProcessID, .parent_pid = from->th32ParentProcessID};
    entry.image = text_from_utf16(l->image, (const uint16_t *)from->szExeFile, wcsnlen(from->szExeFile, MAX_PATH));
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, entry.pid);
    if (process != NULL) {
        entry.created = creation_time(process);
        entry.command_line = command_line_of(l, process);
        CloseHandle(process);
    }
    return each(context, &entry);
}

int process_list_each(int (*each)(void *context, const struct process_entry *entry), void *context)
{
    struct lister *l = malloc(sizeof(*l));
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = {.dwSize = sizeof(entry)};
    int rc = 0;
    if (l != NULL && list != INVALID_HANDLE_VALUE)
        for (BOOL more = Process32FirstW(list, &entry); more && rc == 0; more = Process32NextW(list, &entry))
            rc = tell(l, &entry, each, context);
    if (list != INVALID_HANDLE_VALUE)
        CloseHandle(list);
    free(l);
    return rc;
}

/* What the kernel's name is as a path of this system: rare, so the drives are asked for anew. */
static struct text path_from_kernel(char to[PROCESS_PATH_SIZE], struct text known)
{
    struct nt_device devices[26];
    char names[26][3 * 128 + 1], windows[3 * MAX_PATH + 1];
    size_t count = 0;
    for (wchar_t letter = L'A'; letter <= L'Z'; letter++) {
        wchar_t drive[] = {letter, L':', 0}, device[128];
        if (QueryDosDeviceW(drive, device, 128) == 0)
            continue;
        devices[count].letter = (char)letter;
        devices[count].device = text_from_utf16(names[count], (const uint16_t *)device, wcsnlen(device, 128));
        count++;
    }
    wchar_t directory[MAX_PATH];
    UINT units = GetWindowsDirectoryW(directory, MAX_PATH);
    struct text root = text_from_utf16(windows, (const uint16_t *)directory, units < MAX_PATH ? units : 0);
    return nt_path_to_dos(to, PROCESS_PATH_SIZE, known, devices, count, root);
}

struct text process_list_path(char to[PROCESS_PATH_SIZE], uint32_t pid, uint64_t created, struct text known)
{
    if (known.len > 0 && known.bytes[0] == '\\')
        return path_from_kernel(to, known);
    wchar_t *wide = malloc(32768 * sizeof(*wide));
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    DWORD units = 32768;
    struct text path = known;
    if (wide != NULL && process != NULL) {
        uint64_t really = creation_time(process);
        if (really + TWO_SECONDS >= created && really <= created + TWO_SECONDS &&
            QueryFullProcessImageNameW(process, 0, wide, &units))
            path = text_from_utf16(to, (const uint16_t *)wide, units);
    }
    if (process != NULL)
        CloseHandle(process);
    free(wide);
    return path;
}

size_t process_list_decode(char *to, size_t size, struct text bytes)
{
    wchar_t wide[256];
    char utf8[3 * 256 + 1];
    int length = bytes.len > 256 ? 256 : (int)bytes.len;
    int units = MultiByteToWideChar(CP_ACP, 0, bytes.bytes, length, wide, 256);
    return text_copy(to, size, text_from_utf16(utf8, (const uint16_t *)wide, units > 0 ? (size_t)units : 0));
}
