#include "transport/document/document.h"

#include "detect/event/event.h"

#include <errno.h>
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

int document_copy(json_t *object, const char *key, const json_t *ecs, const char *path)
{
    json_t *value = document_at(ecs, path);
    return value == NULL || json_object_set(object, key, value) == 0 ? 0 : -ENOMEM;
}

bool document_is_heartbeat(const json_t *ecs)
{
    return strcmp(document_text(ecs, "event.dataset"), "tripline.heartbeat") == 0;
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
