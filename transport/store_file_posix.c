#include "transport/store_internal.h"

#include <errno.h>
#include <stdio.h>

int store_file_move(const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : -errno;
}
