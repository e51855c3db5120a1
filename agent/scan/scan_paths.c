#include "agent/scan/scan_paths.h"

#include "agent/system/directory.h"
#include "agent/system/file.h"
#include "detect/base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static int more_room(struct scan_paths *paths)
{
    size_t room = 2 * paths->room + 16;
    char **list = realloc(paths->list, room * sizeof(*list));
    if (list != NULL)
        paths->list = list;
    struct scan_member *members = list == NULL ? NULL : realloc(paths->members, room * sizeof(*members));
    if (members == NULL)
        return -ENOMEM;
    paths->members = members;
    paths->room = room;
    return 0;
}

/* Takes path and what member owns, also where there is no memory. */
static int take(struct scan_paths *paths, char *path, const struct scan_member *member)
{
    int rc = path == NULL ? -ENOMEM : paths->count == paths->room ? more_room(paths) : 0;
    if (rc < 0) {
        free(path);
        free(member->archive);
        free(member->trouble);
        return rc;
    }
    paths->list[paths->count] = path;
    paths->members[paths->count++] = *member;
    return 0;
}

static int add(struct scan_paths *paths, const char *path)
{
    const struct scan_member none = {0};
    return take(paths, text_dup(text_from(path)), &none);
}

static void drop_last(struct scan_paths *paths)
{
    paths->count--;
    free(paths->list[paths->count]);
    free(paths->members[paths->count].archive);
    free(paths->members[paths->count].trouble);
}

void scan_paths_clear(struct scan_paths *paths)
{
    while (paths->count > 0)
        drop_last(paths);
    free(paths->list);
    free(paths->members);
    *paths = (struct scan_paths){0};
}

static bool ends(struct text text, const char *with)
{
    struct text end = text_from(with);
    return text.len >= end.len && text_equal_nocase((struct text){text.bytes + text.len - end.len, end.len}, end);
}

/* Is it a log by its name, packed or not? */
static bool is_log(struct text text)
{
    static const char *const kinds[] = {".evtx", ".xml", ".json", ".jsonl", ".ndjson", ".csv", ".zip"};
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

/* An archive whose members are listed. */
struct opened {
    struct scan_paths *paths;
    const char *archive;
};

/* An archive in an archive is taken too: it is refused by its name when it is read, rather than not seen. */
static int add_member(void *context, struct text name, const struct zip_member *zip)
{
    struct opened *o = context;
    if (!is_log(name)) {
        o->paths->others++;
        return 0;
    }
    struct scan_member member = {.archive = text_dup(text_from(o->archive)), .zip = *zip};
    size_t room = strlen(o->archive) + name.len + 2;
    char *path = member.archive == NULL ? NULL : malloc(room);
    if (path != NULL)
        (void)snprintf(path, room, "%s!%.*s", o->archive, (int)name.len, name.bytes); /* fits; a name is short */
    return take(o->paths, path, &member);
}

/* The logs in the archive file. One that can't be listed is taken as it is, with why. */
static int add_archive(struct scan_paths *paths, const char *path, FILE *file)
{
    struct opened o = {paths, path};
    struct fault fault = {0};
    size_t before = paths->count, others = paths->others;
    int rc = zip_list(file, add_member, &o, &fault);
    if (rc == 0 || rc == -ENOMEM)
        return rc;
    while (paths->count > before)
        drop_last(paths);
    paths->others = others;
    struct scan_member member = {.archive = text_dup(text_from(path)),
                                 .trouble = text_dup(text_from(fault.call != NULL ? fault.detail : strerror(-rc)))};
    char *copy = member.archive == NULL || member.trouble == NULL ? NULL : text_dup(text_from(path));
    return take(paths, copy, &member);
}

/* A regular file, or what cannot be opened, which is told when it is read. */
static int add_file(struct scan_paths *paths, const char *path)
{
    char head[4];
    FILE *file = NULL;
    if (!file_is_regular(path) || file_open(&file, path, "rb") < 0)
        return add(paths, path);
    int rc = zip_is_one(head, fread(head, 1, sizeof(head), file)) ? add_archive(paths, path, file) : add(paths, path);
    (void)fclose(file); /* only read */
    return rc;
}

/* All logs in directory and below, where its entries were read already. */
static int add_entries(struct scan_paths *paths, const char *path, const struct directory *directory, unsigned depth)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < directory->count; i++) {
        const struct directory_entry *entry = &directory->entries[i];
        struct directory below;
        char *joined = NULL;
        if (!entry->is_directory && !is_log(text_from(entry->name))) {
            paths->others++;
            continue;
        }
        rc = file_join(&joined, path, entry->name);
        if (rc == 0 && !entry->is_directory)
            rc = add_file(paths, joined);
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
        rc = length == 0 ? add_file(paths, directory.entries[i].name)
                         : file_join(&joined, parent, directory.entries[i].name);
        if (rc == 0 && length > 0)
            rc = add_file(paths, joined);
        free(joined);
    }
    directory_clear(&directory);
    free(parent);
    return rc == 0 && paths->count == before ? -ENOENT : rc;
}

int scan_paths_add(struct scan_paths *paths, const char *path)
{
    struct directory directory;
    if (strcmp(path, "-") == 0)
        return add(paths, path);
    if (file_is_regular(path))
        return add_file(paths, path);
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
