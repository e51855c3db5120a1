#include "agent/scan/scan_paths.h"

#include "agent/system/directory.h"
#include "agent/system/file.h"
#include "detect/base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static int add(struct scan_paths *paths, const char *path)
{
    if (paths->count == paths->room) {
        size_t room = 2 * paths->room + 16;
        char **list = realloc(paths->list, room * sizeof(*list));
        if (list == NULL)
            return -ENOMEM;
        paths->list = list;
        paths->room = room;
    }
    char *copy = text_dup(text_from(path));
    if (copy == NULL)
        return -ENOMEM;
    paths->list[paths->count++] = copy;
    return 0;
}

void scan_paths_clear(struct scan_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->list[i]);
    free(paths->list);
    *paths = (struct scan_paths){0};
}

static bool ends(struct text text, const char *with)
{
    struct text end = text_from(with);
    return text.len >= end.len && text_equal_nocase((struct text){text.bytes + text.len - end.len, end.len}, end);
}

/* Is it a log by its name, packed or not? */
static bool is_log(const char *name)
{
    static const char *const kinds[] = {".evtx", ".xml", ".json", ".jsonl", ".ndjson", ".csv"};
    struct text text = text_from(name);
    if (ends(text, ".gz"))
        text.len -= 3;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (ends(text, kinds[i]))
            return true;
    return false;
}

/* Does name fit pattern, '*' for any characters and '?' for one, ASCII letters in any case? */
static bool fits(struct text pattern, struct text name)
{
    size_t p = 0, n = 0, star = SIZE_MAX, tried = 0;
    while (n < name.len) {
        if (p < pattern.len && pattern.bytes[p] == '*') {
            star = p++;
            tried = n;
        } else if (p < pattern.len &&
                   (pattern.bytes[p] == '?' ||
                    text_equal_nocase((struct text){pattern.bytes + p, 1}, (struct text){name.bytes + n, 1}))) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++tried;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.bytes[p] == '*')
        p++;
    return p == pattern.len;
}

/* All logs in directory and below, where its entries were read already. */
static int add_entries(struct scan_paths *paths, const char *path, const struct directory *directory, unsigned depth)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        struct directory below;
        char *joined = NULL;
        if (!entry->is_directory && !is_log(entry->name)) {
            paths->others++;
            continue;
        }
        rc = file_join(&joined, path, entry->name);
        if (rc == 0 && !entry->is_directory)
            rc = add(paths, joined);
        if (rc == 0 && entry->is_directory)
            rc = depth == SCAN_PATHS_MAX_DEPTH ? -ELOOP : directory_read(&below, joined);
        if (rc == 0 && entry->is_directory) {
            rc = add_entries(paths, joined, &below, depth + 1);
            directory_clear(&below);
        }
        free(joined);
    }
    return rc;
}

/* The length of the directory's name in path, without the separator; 0: the current one. */
static size_t directory_of(const char *path)
{
    size_t length = strlen(path);
    while (length > 0 && path[length - 1] != '/' && path[length - 1] != '\\')
        length--;
    return length;
}

/* The files that fit the last part of path. */
static int add_fitting(struct scan_paths *paths, const char *path)
{
    struct directory directory;
    size_t length = directory_of(path), before = paths->count;
    char *parent = text_dup(length == 0 ? text_from(".") : (struct text){path, length});
    int rc = parent == NULL ? -ENOMEM : directory_read(&directory, parent);
    if (rc < 0) {
        free(parent);
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < directory.count; i++) {
        char *joined = NULL;
        if (directory.entries[i].is_directory || !fits(text_from(path + length), text_from(directory.entries[i].name)))
            continue;
        rc =
            length == 0 ? add(paths, directory.entries[i].name) : file_join(&joined, parent, directory.entries[i].name);
        if (rc == 0 && length > 0)
            rc = add(paths, joined);
        free(joined);
    }
    directory_clear(&directory);
    free(parent);
    return rc == 0 && paths->count == before ? -ENOENT : rc;
}

int scan_paths_add(struct scan_paths *paths, const char *path)
{
    struct directory directory;
    if (strcmp(path, "-") == 0 || file_is_regular(path))
        return add(paths, path);
    int rc = directory_read(&directory, path);
    if (rc == 0) {
        rc = add_entries(paths, path, &directory, 0);
        directory_clear(&directory);
        return rc;
    }
    if (rc == -EACCES || rc == -E2BIG || rc == -ENOMEM)
        return rc;
    if (strpbrk(path + directory_of(path), "*?") != NULL)
        return add_fitting(paths, path);
    return add(paths, path);
}
