/* reads FILE: nothing but read() of the whole file, 256 KiB at a time: the least that a scan can cost. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char block[256 * 1024];
    int file = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    ssize_t size = file < 0 ? -1 : 1;
    while (size > 0)
        size = read(file, block, sizeof(block));
    if (size < 0) {
        fprintf(stderr, "reads: can't read\n");
        return 1;
    }
    return 0;
}
