#include "collectors/files/replay_input.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int replay_input_seek(FILE *file, uint64_t offset)
{
    return fseeko(file, (off_t)offset, SEEK_SET) == 0 ? 0 : -errno;
}

int replay_input_size(uint64_t *size, FILE *file)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -ESPIPE;
    *size = (uint64_t)status.st_size;
    return 0;
}

int replay_input_take(char *bytes, size_t *size, size_t max, FILE *file)
{
    ssize_t taken;
    do
        taken = read(fileno(file), bytes, max);
    while (taken < 0 && errno == EINTR);
    if (taken < 0)
        return -errno;
    *size = (size_t)taken;
    return 0;
}
