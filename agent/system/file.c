#include "agent/system/file.h"

#include "agent/system/file_internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Doubles the buffer up to max + 1, which shows that there is more than max. */
static int grow(char **buffer, size_t *room, size_t max)
{
    size_t wanted = *room == 0 ? 65536 : *room * 2;
    if (wanted > max + 2)
        wanted = max + 2; /* one byte too many, and the NUL */
    char *larger = realloc(*buffer, wanted);
    if (larger == NULL)
        return -ENOMEM;
    *buffer = larger;
    *room = wanted;
    return 0;
}

int file_read(char **out, size_t *size, const char *path, size_t max)
{
    FILE *file = NULL;
    char *buffer = NULL;
    size_t used = 0, room = 0;

    if (max > SIZE_MAX / 4)
        return -EINVAL;
    int rc = file_open(&file, path, "rb");
    while (rc == 0) {
        if (used + 1 >= room) {
            rc = grow(&buffer, &room, max);
            if (rc < 0)
                break;
        }
        size_t got = fread(buffer + used, 1, room - 1 - used, file);
        used += got;
        if (used > max)
            rc = -EFBIG;
        else if (got == 0) {
            rc = ferror(file) ? -EIO : 0;
            break;
        }
    }
    if (rc == 0) {
        buffer[used] = '\0';
        char *smaller = realloc(buffer, used + 1);
        *out = smaller == NULL ? buffer : smaller;
        *size = used;
        buffer = NULL;
    }
    free(buffer);
    if (file != NULL)
        (void)fclose(file); /* only read: nothing can be lost */
    return rc;
}

/* first[0..first_size-1], a separator if wanted, second. */
static int put_together(char **out, const char *first, size_t first_size, const char *second)
{
    bool wanted = first_size > 0 && !file_is_separator(first[first_size - 1]);
    size_t size = first_size + (wanted ? 1 : 0) + strlen(second) + 1;
    char *path = malloc(size);
    if (path == NULL)
        return -ENOMEM;
    memcpy(path, first, first_size);
    if (wanted)
        path[first_size++] = file_separator;
    memcpy(path + first_size, second, strlen(second) + 1);
    *out = path;
    return 0;
}

int file_join(char **out, const char *directory, const char *name)
{
    return put_together(out, directory, strlen(directory), name);
}

int file_resolve(char **out, const char *beside, const char *path)
{
    size_t directory = strlen(beside);
    while (directory > 0 && !file_is_separator(beside[directory - 1]))
        directory--;
    return put_together(out, beside, file_is_absolute(path) ? 0 : directory, path);
}
