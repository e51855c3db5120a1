#include "collectors/files/replay_input.h"

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

int replay_input_take(char *bytes, size_t *size, size_t max, FILE *file)
{
    int taken = _read(_fileno(file), bytes, (unsigned)max);
    if (taken < 0)
        return -errno;
    *size = (size_t)taken;
    return 0;
}
