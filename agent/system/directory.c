#include "agent/system/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int directory_add(struct directory *to, const char *name, const struct directory_entry *what)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    if (to->count >= DIRECTORY_MAX)
        return -E2BIG;
    if (to->count == to->room) {
        size_t room = to->room == 0 ? 64 : to->room * 2;
        struct directory_entry *bigger = realloc(to->entries, room * sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        to->entries = bigger;
        to->room = room;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return -ENOMEM;
    to->entries[to->count] = *what;
    to->entries[to->count++].name = copy;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct directory_entry *)a)->name, ((const struct directory_entry *)b)->name);
}

int directory_read(struct directory *out, const char *path)
{
    struct directory found = {NULL, 0, 0};
    int rc = directory_scan(&found, path);
    if (rc < 0) {
        directory_clear(&found);
        return rc;
    }
    if (found.count > 1)
        qsort(found.entries, found.count, sizeof(found.entries[0]), by_name);
    *out = found;
    return 0;
}

void directory_clear(struct directory *directory)
{
    for (size_t i = 0; i < directory->count; i++)
        free(directory->entries[i].name);
    free(directory->entries);
    *directory = (struct directory){NULL, 0, 0};
}
