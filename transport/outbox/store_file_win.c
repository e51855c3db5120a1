#include "transport/outbox/store_internal.h"

#include <windows.h>

#include <errno.h>
#include <stdlib.h>

static int move_error(DWORD code)
{
    switch (code) {
    case ERROR_FILE_NOT_FOUND:
        return -ENOENT;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
        return -EEXIST;
    default:
        return -EIO;
    }
}

int store_file_move(const char *from, const char *to)
{
    uint16_t *wide_from = NULL, *wide_to = NULL;
    int rc = text_to_utf16(&wide_from, NULL, text_from(from));
    if (rc == 0)
        rc = text_to_utf16(&wide_to, NULL, text_from(to));
    if (rc == 0 && !MoveFileExW(wide_from, wide_to, MOVEFILE_WRITE_THROUGH))
        rc = move_error(GetLastError());
    free(wide_to);
    free(wide_from);
    return rc;
}
