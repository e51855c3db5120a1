#include "transport/outbox/store_internal.h"

#include "detect/base/winapi.h"

#include <windows.h>

#include <errno.h>
#include <stdlib.h>

int store_file_move(const char *from, const char *to)
{
    wchar_t *wide_from = NULL, *wide_to = NULL;
    int rc = winapi_path(&wide_from, from);
    if (rc == 0)
        rc = winapi_path(&wide_to, to);
    if (rc == 0 && !MoveFileExW(wide_from, wide_to, MOVEFILE_WRITE_THROUGH))
        rc = winapi_last_error();
    free(wide_to);
    free(wide_from);
    return rc;
}
