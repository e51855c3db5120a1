/* output_file: NDJSON in a file, rotated, for a shipper that reads it. On disk means taken. */
#include "transport/outputs/output_type.h"

#include "transport/outputs/append.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file_settings {
    char *path;
    uint64_t max_bytes;
    unsigned files;
};

static const struct setting settings_table[] = {
    SETTING_AS_PATH("path", struct file_settings, path, NULL),
    SETTING_AS_NUMBER("max-megabytes", SETTING_U64, struct file_settings, max_bytes, "100", 1, 65536, 1024u * 1024u),
    SETTING_AS_NUMBER("files", SETTING_UNSIGNED, struct file_settings, files, "5", 1, 100, 1),
};

struct file {
    char *path;
    uint64_t max_bytes;
    unsigned files; /* 1 and up, with the one that is written */
};

static void file_close(void *state)
{
    struct file *file = state;
    free(file->path);
    free(file);
}

static int file_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    const struct file_settings *own = settings->own;
    uint64_t size;
    struct file *file = calloc(1, sizeof(*file));
    if (file == NULL)
        return -ENOMEM;
    file->path = text_dup(text_from(own->path));
    file->max_bytes = own->max_bytes;
    file->files = own->files;
    int rc = file->path == NULL ? -ENOMEM : append_size(&size, file->path);
    if (rc < 0) {
        fault_set(fault, "output_open", -rc, text_from(own->path), strerror(-rc));
        file_close(file);
        return rc == -ENOMEM ? rc : -EINVAL;
    }
    *state = file;
    return 0;
}

/* path.number, or path itself for 0; the caller frees it. */
static char *numbered(const char *path, unsigned number)
{
    size_t size = strlen(path) + 12;
    char *name = malloc(size);
    if (name != NULL && number == 0)
        snprintf(name, size, "%s", path);
    else if (name != NULL)
        snprintf(name, size, "%s.%u", path, number);
    return name;
}

/* path becomes path.1, that path.2 and so on; the last goes. */
static int rotate(const struct file *file)
{
    int rc = file->files == 1 ? append_remove(file->path) : 0;
    for (unsigned i = file->files - 1; rc == 0 && i > 0; i--) {
        char *from = numbered(file->path, i - 1), *to = numbered(file->path, i);
        rc = from == NULL || to == NULL ? -ENOMEM : append_rename(from, to);
        free(from);
        free(to);
    }
    return rc;
}

static void file_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    const struct file *file = state;
    struct output_body body = {.bytes = NULL};
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        output_body_add(&body, alerts[i].document, alerts[i].size);
        output_body_add_text(&body, "\n");
    }
    int rc = body.failed ? -ENOMEM : append_size(&size, file->path);
    if (rc == 0 && size > 0 && size + body.size > file->max_bytes) {
        rc = rotate(file);
        if (rc == -EBUSY || rc == -EACCES)
            rc = 0; /* a reader holds it: longer than wanted is better than nothing */
    }
    if (rc == 0)
        rc = append_bytes(file->path, body.bytes, body.size);
    if (rc == 0)
        result->outcome = OUTPUT_DELIVERED;
    else
        fault_set(&result->fault, "writing", -rc, text_from(file->path), strerror(-rc));
    output_body_free(&body);
}

const struct output_type output_file = {
    .name = "file",
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct file_settings),
    .encoding = "ecs",
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = file_open,
    .close = file_close,
    .send = file_send,
};
