#include "transport/document/encode_ocsf.h"

#include "transport/document/document.h"

#include <string.h>

#define OCSF_VERSION "1.8.0"

/* Takes over value. Once anything failed for want of memory, the finding is not used. */
static void put(bool *failed, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) < 0)
        *failed = true;
}

/* The same, unless value is an object with nothing in it. */
static void put_filled(bool *failed, json_t *object, const char *key, json_t *value)
{
    if (value != NULL && json_object_size(value) == 0)
        json_decref(value);
    else
        put(failed, object, key, value);
}

/* What stands at path, if anything does. */
static void copy(bool *failed, json_t *object, const char *key, const json_t *ecs, const char *path)
{
    if (document_copy(object, key, ecs, path) < 0)
        *failed = true;
}

/* OCSF's timestamp_t: ms since 1970. */
static void put_time(bool *failed, json_t *object, const char *key, const json_t *ecs, const char *path)
{
    uint64_t time = document_time(ecs, path);
    if (time > 0)
        put(failed, object, key, json_integer((json_int_t)(time / 10000u)));
}

static void put_classes(bool *failed, json_t *finding, const json_t *ecs)
{
    static const struct {
        const char *id, *name, *word;
        json_int_t number;
    } classes[] = {
        {"activity_id", "activity_name", "Create", 1},
        {"category_uid", "category_name", "Findings", 2},
        {"class_uid", "class_name", "Detection Finding", 2004},
        {"type_uid", "type_name", "Detection Finding: Create", 200401},
        {"status_id", "status", "New", 1},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        put(failed, finding, classes[i].id, json_integer(classes[i].number));
        put(failed, finding, classes[i].name, json_string(classes[i].word));
    }
    if (document_is_follow_up(ecs)) {
        put(failed, finding, "activity_id", json_integer(2));
        put(failed, finding, "activity_name", json_string("Update"));
        put(failed, finding, "type_uid", json_integer(200402));
        put(failed, finding, "type_name", json_string("Detection Finding: Update"));
    }
    put(failed, finding, "is_alert", document_is_follow_up(ecs) ? json_false() : json_true());
}

static void put_severity(bool *failed, json_t *finding, const json_t *ecs)
{
    static const char *const words[] = {"Unknown", "Informational", "Low", "Medium", "High", "Critical"};
    const char *level = document_text(ecs, "log.level");
    json_int_t id = 99; /* other: the source's own word says which */
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], level) == 0)
            id = (json_int_t)i;
    put(failed, finding, "severity_id", json_integer(id));
    put(failed, finding, "severity", json_string(level));
}

static json_t *metadata_of(bool *failed, const json_t *ecs)
{
    json_t *metadata = json_object(), *product = json_object();
    put(failed, metadata, "version", json_string(OCSF_VERSION));
    put(failed, product, "name", json_string("Tripline"));
    put(failed, product, "vendor_name", json_string("Tripline"));
    copy(failed, product, "version", ecs, "agent.version");
    copy(failed, product, "uid", ecs, "agent.id");
    put(failed, metadata, "product", product);
    copy(failed, metadata, "uid", ecs, "event.id");
    copy(failed, metadata, "log_provider", ecs, "event.provider");
    copy(failed, metadata, "event_code", ecs, "event.code");
    copy(failed, metadata, "sequence", ecs, "event.sequence");
    copy(failed, metadata, "original_time", ecs, "@timestamp");
    return metadata;
}

/* {"uid":...,"name":...} of number i of the arrays side by side at path. */
static json_t *attack_part(bool *failed, const json_t *attack, size_t i)
{
    json_t *part = json_object();
    json_t *id = json_array_get(json_object_get(attack, "id"), i),
           *name = json_array_get(json_object_get(attack, "name"), i);
    if ((id != NULL && json_object_set(part, "uid", id) < 0) ||
        (name != NULL && json_object_set(part, "name", name) < 0))
        *failed = true;
    return part;
}

/* One entry a technique, with the tactic where there is but one. */
static json_t *attacks_of(bool *failed, const json_t *ecs)
{
    json_t *list = json_array();
    const json_t *tactic = document_at(ecs, "threat.tactic"), *technique = document_at(ecs, "threat.technique");
    size_t tactics = json_array_size(json_object_get(tactic, "id"));
    size_t techniques = json_array_size(json_object_get(technique, "id"));
    for (size_t i = 0; i < techniques; i++) {
        json_t *entry = json_object();
        put(failed, entry, "technique", attack_part(failed, technique, i));
        if (tactics == 1)
            put(failed, entry, "tactic", attack_part(failed, tactic, 0));
        if (json_array_append_new(list, entry) < 0)
            *failed = true;
    }
    for (size_t i = 0; i < tactics && (tactics > 1 || techniques == 0); i++) {
        json_t *entry = json_object();
        put(failed, entry, "tactic", attack_part(failed, tactic, i));
        if (json_array_append_new(list, entry) < 0)
            *failed = true;
    }
    return list;
}

static json_t *info_of(bool *failed, const json_t *ecs)
{
    json_t *info = json_object(), *analytic = json_object();
    copy(failed, info, "uid", ecs, document_is_follow_up(ecs) ? "tripline.alert_id" : "event.id");
    copy(failed, info, "title", ecs, "rule.name");
    put_time(failed, info, "created_time", ecs, "event.created");
    put_time(failed, info, "first_seen_time", ecs, "@timestamp");
    copy(failed, info, "src_url", ecs, "rule.reference");
    copy(failed, analytic, "uid", ecs, "rule.uuid");
    copy(failed, analytic, "name", ecs, "rule.name");
    copy(failed, analytic, "version", ecs, "rule.version");
    put(failed, analytic, "type_id", json_integer(1));
    put(failed, analytic, "type", json_string("Rule"));
    put(failed, info, "analytic", analytic);
    put(failed, info, "attacks", attacks_of(failed, ecs));
    return info;
}

static json_t *device_of(bool *failed, const json_t *ecs)
{
    json_t *device = json_object();
    put(failed, device, "type_id", json_integer(0));
    put(failed, device, "type", json_string("Unknown"));
    copy(failed, device, "hostname", ecs, "host.name");
    copy(failed, device, "name", ecs, "host.hostname");
    copy(failed, device, "domain", ecs, "host.domain");
    return device;
}

static json_t *user_of(bool *failed, const json_t *user)
{
    json_t *object = json_object();
    copy(failed, object, "name", user, "name");
    copy(failed, object, "domain", user, "domain");
    copy(failed, object, "uid", user, "id");
    return object;
}

/* Of ECS's process or process.parent; empty if nothing is known. */
static json_t *process_of(bool *failed, const json_t *process)
{
    json_t *object = json_object(), *file = json_object();
    const json_t *parent = json_object_get(process, "parent");
    copy(failed, object, "pid", process, "pid");
    copy(failed, object, "uid", process, "entity_id");
    copy(failed, object, "name", process, "name");
    copy(failed, object, "cmd_line", process, "command_line");
    put_time(failed, object, "created_time", process, "start");
    copy(failed, file, "name", process, "name");
    copy(failed, file, "path", process, "executable");
    if (json_object_get(file, "name") != NULL) {
        put(failed, file, "type_id", json_integer(1));
        put(failed, file, "type", json_string("Regular File"));
        put(failed, object, "file", file);
    } else {
        json_decref(file);
    }
    put_filled(failed, object, "user", user_of(failed, json_object_get(process, "user")));
    if (parent != NULL)
        put_filled(failed, object, "parent_process", process_of(failed, parent));
    return object;
}

static json_t *evidences_of(bool *failed, const json_t *ecs)
{
    json_t *list = json_array(), *evidence = json_object(), *actor = json_object();
    put_filled(failed, actor, "user", user_of(failed, json_object_get(ecs, "user")));
    put_filled(failed, evidence, "actor", actor);
    put_filled(failed, evidence, "process", process_of(failed, json_object_get(ecs, "process")));
    if (json_array_append_new(list, evidence) < 0)
        *failed = true;
    return list;
}

json_t *encode_ocsf(const json_t *ecs)
{
    bool failed = false;
    json_t *finding = json_object(), *unmapped = json_object();
    put_classes(&failed, finding, ecs);
    put_severity(&failed, finding, ecs);
    put_time(&failed, finding, "time", ecs, "event.created");
    put_time(&failed, finding, "start_time", ecs, "@timestamp");
    copy(&failed, finding, "message", ecs, "rule.name");
    put(&failed, finding, "metadata", metadata_of(&failed, ecs));
    put(&failed, finding, "finding_info", info_of(&failed, ecs));
    put(&failed, finding, "device", device_of(&failed, ecs));
    put(&failed, finding, "evidences", evidences_of(&failed, ecs));
    copy(&failed, unmapped, "sentinel", ecs, "sentinel");
    copy(&failed, unmapped, "tripline", ecs, "tripline");
    put(&failed, finding, "unmapped", unmapped);
    if (failed) {
        json_decref(finding);
        finding = NULL;
    }
    return finding;
}
