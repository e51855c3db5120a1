/* There is no Exchange here. */
#include "agent/system/exchange.h"

#include <errno.h>

int exchange_directory(char **out)
{
    (void)out;
    return -ENOENT;
}
