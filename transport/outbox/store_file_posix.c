#include "transport/outbox/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The directory is the agent's own: nobody else makes the file between the two calls. */
int store_file_move(const char *from, const char *to)
{
    if (access(to, F_OK) == 0)
        return -EEXIST;
    return rename(from, to) == 0 ? 0 : -errno;
}
