/* inflates FILE: nothing but zlib over a gzip file, its output thrown away: the least that a scan of one can cost. */
#include <stdio.h>
#include <zlib.h>

int main(int argc, char **argv)
{
    static char block[256 * 1024];
    gzFile file = argc == 2 ? gzopen(argv[1], "rb") : NULL;
    if (file == NULL || gzbuffer(file, sizeof(block)) != 0) {
        fprintf(stderr, "inflates: can't read\n");
        return 1;
    }
    int size;
    do
        size = gzread(file, block, sizeof(block));
    while (size > 0);
    return gzclose(file) == Z_OK && size == 0 ? 0 : 1;
}
