#include "agent/rules/rule_paths.h"

#include "agent/rules/rule_load.h"
#include "agent/system/directory.h"
#include "agent/system/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add(struct rule_paths *paths, char *path)
{
    if (paths->count >= RULE_LOAD_MAX_FILES)
        return -E2BIG;
    if (paths->count == paths->room) {
        size_t room = paths->room == 0 ? 64 : paths->room * 2;
        char **bigger = realloc(paths->items, room * sizeof(*bigger));
        if (bigger == NULL)
            return -ENOMEM;
        paths->items = bigger;
        paths->room = room;
    }
    paths->items[paths->count++] = path;
    return 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), size = strlen(end);
    return length > size && text_equal_nocase((struct text){name + length - size, size}, text_from(end));
}

static int add_tree(struct rule_paths *paths, const char *path, unsigned depth, struct fault *fault);

static int add_entry(struct rule_paths *paths, const char *directory, const struct directory_entry *entry,
                     unsigned depth, struct fault *fault)
{
    char *path = NULL;
    if (entry->name[0] == '.' ||
        (!entry->is_directory && !ends_with(entry->name, ".yml") && !ends_with(entry->name, ".yaml")))
        return 0;
    int rc = file_join(&path, directory, entry->name);
    if (rc < 0)
        return rc;
    if (!entry->is_directory) {
        rc = add(paths, path);
        if (rc == 0)
            return 0;                              /* the list has the name */
    } else if (!ends_with(entry->name, ".data")) { /* which stands beside a rule */
        rc = add_tree(paths, path, depth + 1, fault);
    }
    free(path);
    return rc;
}

static int add_tree(struct rule_paths *paths, const char *path, unsigned depth, struct fault *fault)
{
    struct directory directory;
    int rc = depth > RULE_LOAD_MAX_DEPTH ? -E2BIG : directory_read(&directory, path);
    if (rc < 0) {
        fault_set(fault, "reading the directory", -rc, text_from(path), strerror(-rc));
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < directory.count; i++)
        rc = add_entry(paths, path, &directory.entries[i], depth, fault);
    directory_clear(&directory);
    return rc;
}

int rule_paths_add(struct rule_paths *paths, const char *path, struct fault *fault)
{
    struct directory directory;
    int rc = directory_read(&directory, path);
    if (rc == 0) {
        directory_clear(&directory);
        return add_tree(paths, path, 0, fault);
    }
    if (rc == -ENOMEM)
        return rc;
    char *copy = strdup(path); /* a file, or nothing: reading it will tell */
    rc = copy == NULL ? -ENOMEM : add(paths, copy);
    if (rc < 0)
        free(copy);
    return rc;
}

int rule_paths_add_directory(struct rule_paths *paths, const char *path, struct fault *fault)
{
    return add_tree(paths, path, 0, fault);
}

/* FNV-1a. */
static void stamp_add(uint64_t *stamp, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        *stamp = (*stamp ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
}

static int stamp_tree(uint64_t *stamp, const char *path, unsigned depth)
{
    struct directory directory;
    int rc = depth > RULE_LOAD_MAX_DEPTH ? -E2BIG : directory_read(&directory, path);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < directory.count; i++) {
        const struct directory_entry *entry = &directory.entries[i];
        char *below = NULL;
        stamp_add(stamp, entry->name, strlen(entry->name) + 1);
        stamp_add(stamp, &entry->size, sizeof(entry->size));
        stamp_add(stamp, &entry->changed, sizeof(entry->changed));
        if (!entry->is_directory)
            continue;
        rc = file_join(&below, path, entry->name);
        if (rc == 0)
            rc = stamp_tree(stamp, below, depth + 1);
        free(below);
    }
    directory_clear(&directory);
    return rc;
}

int rule_paths_stamp(uint64_t *stamp, const char *directory)
{
    uint64_t made = UINT64_C(14695981039346656037);
    int rc = stamp_tree(&made, directory, 0);
    if (rc == 0)
        *stamp = made;
    return rc;
}

void rule_paths_clear(struct rule_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct rule_paths){NULL, 0, 0};
}
