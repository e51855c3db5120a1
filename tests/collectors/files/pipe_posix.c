#include "tests/collectors/files/pipe.h"

#include <unistd.h>

int pipe_open(int ends[2])
{
    return pipe(ends);
}
