#include "tests/collectors/files/pipe.h"

#include <fcntl.h>
#include <io.h>

int pipe_open(int ends[2])
{
    return _pipe(ends, 65536, _O_BINARY);
}
