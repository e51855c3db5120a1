#include "transport/document/encode_sentinel.h"

#include "transport/document/document.h"

#include <string.h>

json_t *encode_sentinel(const json_t *ecs)
{
    json_t *row = json_object(), *columns = document_at(ecs, "sentinel"), *value;
    const char *name;
    int rc = document_copy(row, "AlertId", ecs, "event.id");
    if (rc == 0)
        rc = document_copy(row, "FollowsAlertId", ecs, "tripline.alert_id");
    if (rc == 0)
        rc = document_copy(row, "IsTest", ecs, "tripline.test");
    json_object_foreach(columns, name, value) if (rc == 0 && strcmp(name, "Type") != 0) rc =
        json_object_set(row, name, value);
    if (rc != 0) {
        json_decref(row);
        row = NULL;
    }
    return row;
}
