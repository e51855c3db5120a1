#include "collectors/replay_input.h"

#include <errno.h>
#include <windows.h>

#include <io.h>

int replay_input_seek(FILE *file, uint64_t offset)
{
    return _fseeki64(file, (int64_t)offset, SEEK_SET) == 0 ? 0 : -errno;
}

int replay_input_size(uint64_t *size, FILE *file)
{
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(file));
    LARGE_INTEGER bytes;
    if (handle == INVALID_HANDLE_VALUE || GetFileType(handle) != FILE_TYPE_DISK || !GetFileSizeEx(handle, &bytes))
        return -ESPIPE;
    *size = (uint64_t)bytes.QuadPart;
    return 0;
}
