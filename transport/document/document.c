#include "transport/document/document.h"

#include "detect/event/event.h"
#include "transport/document/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 1970-01-01 in 100 ns since 1601-01-01 (learn.microsoft.com/windows/win32/sysinfo, "Converting a
 * time_t Value to a File Time"). */
#define UNIX_EPOCH UINT64_C(116444736000000000)

json_t *document_parse(const char *json, size_t size)
{
    json_t *ecs = json_loadb(json, size, JSON_ALLOW_NUL, NULL);
    if (ecs != NULL && !json_is_object(ecs)) {
        json_decref(ecs);
        ecs = NULL;
    }
    return ecs;
}

json_t *document_at(const json_t *ecs, const char *path)
{
    char name[64];
    size_t size = strcspn(path, ".");
    if (size >= sizeof(name))
        return NULL;
    memcpy(name, path, size);
    name[size] = '\0';
    json_t *at = json_object_get(ecs, name);
    return at == NULL || path[size] == '\0' ? at : document_at(at, path + size + 1);
}

const char *document_text(const json_t *ecs, const char *path)
{
    const char *text = json_string_value(document_at(ecs, path));
    return text == NULL ? "" : text;
}

uint64_t document_time(const json_t *ecs, const char *path)
{
    uint64_t time;
    if (!event_time_parse(&time, text_from(document_text(ecs, path))) || time < UNIX_EPOCH)
        return 0;
    return time - UNIX_EPOCH;
}

const char *document_account(char *to, size_t size, const json_t *ecs)
{
    size_t used = text_copy(to, size, text_from(document_text(ecs, "user.domain")));
    if (used > 0)
        used += text_copy(to + used, size - used, text_from("\\"));
    (void)text_copy(to + used, size - used, text_from(document_text(ecs, "user.name"))); /* cut where it does not fit */
    return to;
}

/* Cuts the texts of value, an object or array, at any depth. Returns 0 or -ENOMEM. */
static int shorten_all(bool *is_shorter, json_t *value, size_t max_bytes);

/* The text cut, *cut as a new reference; NULL: it is short enough. */
static int shorten_text(json_t **cut, const json_t *text, size_t max_bytes)
{
    struct text all = {json_string_value(text), json_string_length(text)};
    *cut = NULL;
    if (all.len <= max_bytes)
        return 0;
    char *copy = malloc(max_bytes + 1);
    if (copy == NULL)
        return -ENOMEM;
    *cut = json_stringn(copy, text_copy(copy, max_bytes + 1, all));
    free(copy);
    return *cut == NULL ? -ENOMEM : 0;
}

/* What is to stand in value's place, or NULL: it stays, whatever became of its parts. */
static int shorten_one(json_t **instead, bool *is_shorter, json_t *value, size_t max_bytes)
{
    *instead = NULL;
    if (!json_is_string(value))
        return shorten_all(is_shorter, value, max_bytes);
    int rc = shorten_text(instead, value, max_bytes);
    *is_shorter |= *instead != NULL;
    return rc;
}

static int shorten_all(bool *is_shorter, json_t *value, size_t max_bytes)
{
    const char *key;
    json_t *part, *instead;
    size_t i;
    int rc = 0;
    json_object_foreach(value, key, part)
    {
        rc = rc == 0 ? shorten_one(&instead, is_shorter, part, max_bytes) : rc;
        if (rc == 0 && instead != NULL && json_object_set_new(value, key, instead) < 0)
            rc = -ENOMEM;
    }
    json_array_foreach(value, i, part)
    {
        rc = rc == 0 ? shorten_one(&instead, is_shorter, part, max_bytes) : rc;
        if (rc == 0 && instead != NULL && json_array_set_new(value, i, instead) < 0)
            rc = -ENOMEM;
    }
    return rc;
}

/* Says of the command line at path that it was cut, if it will be and nothing says so yet. */
static int note_cut(json_t *ecs, const char *path, const char *flag, const char *digest, size_t max_bytes)
{
    char hex[SHA256_HEX_SIZE];
    const json_t *line = document_at(ecs, path);
    json_t *ours = json_object_get(ecs, "tripline");
    if (json_string_length(line) <= max_bytes || ours == NULL || json_object_get(ours, flag) != NULL)
        return 0;
    if (sha256_of(hex, json_string_value(line), json_string_length(line)) < 0)
        return -EIO;
    bool is_set =
        json_object_set_new(ours, flag, json_true()) == 0 && json_object_set_new(ours, digest, json_string(hex)) == 0;
    return is_set ? 0 : -ENOMEM;
}

int document_shorten(bool *is_shorter, json_t *ecs, size_t max_bytes)
{
    *is_shorter = false;
    int rc = note_cut(ecs, "process.command_line", "command_line_truncated", "command_line_sha256", max_bytes);
    if (rc == 0)
        rc = note_cut(ecs, "process.parent.command_line", "parent_command_line_truncated", "parent_command_line_sha256",
                      max_bytes);
    return rc == 0 ? shorten_all(is_shorter, ecs, max_bytes) : rc;
}

int document_copy(json_t *object, const char *key, const json_t *ecs, const char *path)
{
    json_t *value = document_at(ecs, path);
    return value == NULL || json_object_set(object, key, value) == 0 ? 0 : -ENOMEM;
}

bool document_is_heartbeat(const json_t *ecs)
{
    return strcmp(document_text(ecs, "event.dataset"), "tripline.heartbeat") == 0;
}

bool document_text_is_heartbeat(const char *json)
{
    /* Inside a text the quotes would have backslashes. */
    return strstr(json, "\"dataset\":\"tripline.heartbeat\"") != NULL;
}

bool document_is_follow_up(const json_t *ecs)
{
    return document_at(ecs, "tripline.alert_id") != NULL;
}

const char *document_type(const json_t *ecs)
{
    if (document_is_heartbeat(ecs))
        return "tripline.heartbeat";
    return document_is_follow_up(ecs) ? "tripline.follow-up" : "tripline.alert";
}
