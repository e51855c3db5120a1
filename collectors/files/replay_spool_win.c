#include "collectors/files/replay_spool.h"

#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <windows.h>

/* Bytes given to one WriteFile, whose size is a DWORD. */
#define MAX_WRITE (1u << 20)

struct replay_spool {
    HANDLE file; /* INVALID_HANDLE_VALUE once finished */
    wchar_t name[MAX_PATH + 1];
    char path[TEXT_UTF16_MAX_BYTES(MAX_PATH)];
};

/* Must be the first call after the failed one: any other may change GetLastError(). */
static int fail(struct fault *fault, const char *call)
{
    DWORD code = GetLastError();
    fault_set(fault, call, (long)code, text_from("a temporary file"), NULL);
    return code == ERROR_DISK_FULL || code == ERROR_HANDLE_DISK_FULL ? -ENOSPC
           : code == ERROR_ACCESS_DENIED                             ? -EACCES
                                                                     : -EIO;
}

bool replay_spool_is_needed(FILE *file)
{
    return GetFileType((HANDLE)_get_osfhandle(_fileno(file))) != FILE_TYPE_DISK;
}

static int create(struct replay_spool *spool, struct fault *fault)
{
    /* GetTempPathW needs MAX_PATH + 1, GetTempFileNameW takes MAX_PATH - 14 of it
     * (learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-gettempfilenamew). */
    wchar_t folder[MAX_PATH + 1];
    DWORD length = GetTempPathW(MAX_PATH + 1, folder);
    if (length == 0 || length > MAX_PATH)
        return fail(fault, "GetTempPathW");
    if (GetTempFileNameW(folder, L"trp", 0, spool->name) == 0)
        return fail(fault, "GetTempFileNameW");
    spool->file = CreateFileW(spool->name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_TEMPORARY, NULL);
    if (spool->file == INVALID_HANDLE_VALUE) {
        int rc = fail(fault, "CreateFileW");
        (void)DeleteFileW(spool->name); /* an empty file at worst stays behind */
        return rc;
    }
    return 0;
}

int replay_spool_new(struct replay_spool **out, struct fault *fault)
{
    struct replay_spool *spool = calloc(1, sizeof(*spool));
    if (spool == NULL)
        return -ENOMEM;
    int rc = create(spool, fault);
    if (rc < 0) {
        free(spool);
        return rc;
    }
    *out = spool;
    return 0;
}

int replay_spool_write(struct replay_spool *spool, const char *bytes, size_t size, struct fault *fault)
{
    while (size > 0) {
        DWORD part = size > MAX_WRITE ? MAX_WRITE : (DWORD)size, written = 0;
        if (!WriteFile(spool->file, bytes, part, &written, NULL))
            return fail(fault, "WriteFile");
        if (written == 0) {
            fault_set(fault, "WriteFile", ERROR_DISK_FULL, text_from("a temporary file"), "nothing was written");
            return -ENOSPC;
        }
        bytes += written;
        size -= written;
    }
    return 0;
}

/* The Event Log service opens the file itself: ours has to be closed. */
int replay_spool_finish(struct text *path, struct replay_spool *spool, struct fault *fault)
{
    HANDLE file = spool->file;
    spool->file = INVALID_HANDLE_VALUE;
    if (!CloseHandle(file))
        return fail(fault, "CloseHandle");
    *path = text_from_utf16(spool->path, spool->name, wcslen(spool->name));
    return 0;
}

void replay_spool_free(struct replay_spool *spool)
{
    if (spool == NULL)
        return;
    if (spool->file != INVALID_HANDLE_VALUE)
        (void)CloseHandle(spool->file); /* given up anyway */
    (void)DeleteFileW(spool->name);     /* a temporary file at worst stays behind */
    free(spool);
}
