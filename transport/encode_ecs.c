#include "transport/encode_ecs.h"

#include "transport/alert_id.h"
#include "transport/sha256.h"
#include "transport/utf8.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Version of the Elastic Common Schema whose field names these are. */
#define ECS_VERSION "9.4.0"

/* The SID of nobody: 4688's TargetUserSid where the new process runs as its creator
 * (learn.microsoft.com/windows/security/threat-protection/auditing/event-4688). */
#define SID_NOBODY "S-1-0-0"

/* Takes over value. Once anything failed for want of memory, the document is not used. */
static void put(bool *failed, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) < 0)
        *failed = true;
}

/* The same for an object that may have stayed empty: then it is left out. */
static void put_filled(bool *failed, json_t *object, const char *key, json_t *value)
{
    if (value != NULL && json_object_size(value) == 0)
        json_decref(value);
    else
        put(failed, object, key, value);
}

/* Valid UTF-8, at most ENCODE_MAX_TEXT characters of it; NULL without memory. */
static json_t *json_from(struct text text)
{
    char *clean;
    size_t size;
    if (utf8_clean(&clean, &size, text) < 0)
        return NULL;
    json_t *value = json_stringn_nocheck(clean, utf8_prefix(clean, size, ENCODE_MAX_TEXT));
    free(clean);
    return value;
}

static void put_text(bool *failed, json_t *object, const char *key, struct text text)
{
    if (text.len > 0)
        put(failed, object, key, json_from(text));
}

static void put_string(bool *failed, json_t *object, const char *key, const char *string)
{
    put_text(failed, object, key, text_from(string));
}

static void put_number(bool *failed, json_t *object, const char *key, uint64_t number)
{
    if (number <= INT64_MAX) /* ECS's long ends there */
        put(failed, object, key, json_integer((json_int_t)number));
}

static void append_string(bool *failed, json_t *array, const char *string)
{
    if (json_array_append_new(array, json_from(text_from(string))) < 0)
        *failed = true;
}

static json_t *array_of(bool *failed, const char *string)
{
    json_t *array = json_array();
    append_string(failed, array, string);
    return array;
}

/* An account's id or name that says something. */
static struct text known(struct text text)
{
    text = entity_or_absent(text);
    return text_equal_nocase(text, text_from(SID_NOBODY)) ? (struct text){NULL, 0} : text;
}

/* "domain\name" as ECS's user fields. */
static json_t *user_from(bool *failed, struct text account)
{
    struct entity entity = entity_corrected((struct text){NULL, 0}, account);
    json_t *user = json_object();
    put_text(failed, user, "name", entity.account_name);
    put_text(failed, user, "domain", entity.account_domain);
    return user;
}

/* ms: 2022-08-10T12:27:15.101Z; otherwise with seven digits. */
static void put_time(bool *failed, json_t *object, const char *key, uint64_t time, bool ms)
{
    char text[EVENT_TIME_SIZE];
    event_time_format(text, time);
    if (ms)
        memcpy(text + strlen("2022-08-10T12:27:15.101"), "Z", sizeof("Z"));
    put_string(failed, object, key, text);
}

static uint64_t time_of(const struct alert *alert)
{
    return alert->event->time != 0 ? alert->event->time : alert->created;
}

static json_t *event_object(bool *failed, const struct alert *alert, const char *id)
{
    const struct process_event *event = alert->event;
    json_t *object = json_object();
    put_string(failed, object, "kind", alert->follows == NULL ? "alert" : "event");
    if (alert->follows != NULL)
        put_string(failed, object, "action", alert->action);
    put(failed, object, "category", array_of(failed, "process"));
    put(failed, object, "type", array_of(failed, "start"));
    put_string(failed, object, "module", "endpoint");
    put_string(failed, object, "dataset", alert->follows == NULL ? "endpoint.alert" : "endpoint.witness");
    put_string(failed, object, "id", id);
    put_time(failed, object, "created", alert->created, true);
    if (event->event_id != 0) {
        char code[16];
        snprintf(code, sizeof(code), "%lu", (unsigned long)event->event_id);
        put_string(failed, object, "code", code);
    }
    put_text(failed, object, "provider", event->field[EVENT_PROVIDER]);
    if (event->has_record_id)
        put_number(failed, object, "sequence", event->record_id);
    put_number(failed, object, "severity", alert->rule->severity_ecs);
    return object;
}

static json_t *rule_object(bool *failed, const struct rule *rule)
{
    json_t *object = json_object();
    put_string(failed, object, "id", rule->id);
    put_string(failed, object, "uuid", rule->id);
    put_string(failed, object, "name", rule->name);
    put_string(failed, object, "version", rule->version);
    put(failed, object, "author", array_of(failed, rule->author));
    put_string(failed, object, "ruleset", rule->ruleset);
    put_string(failed, object, "reference", rule->reference);
    return object;
}

/* ECS wants ids and names as two arrays side by side. */
static json_t *attack_object(bool *failed, const struct rule_attack *attacks, size_t count)
{
    json_t *object = json_object(), *ids = json_array(), *names = json_array();
    for (size_t i = 0; i < count; i++) {
        append_string(failed, ids, attacks[i].id);
        append_string(failed, names, attacks[i].name);
    }
    put(failed, object, "id", ids);
    put(failed, object, "name", names);
    return object;
}

static json_t *threat_object(bool *failed, const struct rule *rule)
{
    json_t *object = json_object();
    if (rule->tactic_count + rule->technique_count == 0)
        return object;
    put_string(failed, object, "framework", "MITRE ATT&CK");
    if (rule->tactic_count > 0)
        put(failed, object, "tactic", attack_object(failed, rule->tactics, rule->tactic_count));
    if (rule->technique_count > 0)
        put(failed, object, "technique", attack_object(failed, rule->techniques, rule->technique_count));
    return object;
}

/* ECS recommends the lower-case fully qualified name as host.name; A-Z alone change. */
static void put_lower(bool *failed, json_t *object, const char *key, struct text text)
{
    if (text.len == 0)
        return;
    char *lower = malloc(text.len);
    if (lower == NULL) {
        *failed = true;
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = text.bytes[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    put_text(failed, object, key, (struct text){lower, text.len});
    free(lower);
}

static json_t *host_object(bool *failed, const struct alert *alert)
{
    json_t *object = json_object(), *os = json_object();
    put_lower(failed, object, "name", entity_or_absent(alert->event->field[EVENT_COMPUTER]));
    put_text(failed, object, "hostname", alert->host_account.host_name);
    put_text(failed, object, "domain", alert->host_account.host_domain);
    put_string(failed, os, "type", "windows");
    put(failed, object, "os", os);
    return object;
}

/* The field with the SID of the alert's account. */
static enum event_field account_sid(enum rule_row row)
{
    if (row == RULE_ROW_DEVICE_PROCESS_OWN)
        return EVENT_USER_SID;
    return row == RULE_ROW_DEVICE_PROCESS ? EVENT_PARENT_USER_SID : EVENT_SUBJECT_SID;
}

static json_t *user_object(bool *failed, const struct alert *alert)
{
    const struct text *field = alert->event->field;
    json_t *object = json_object(), *target = json_object();
    put_text(failed, object, "name", alert->host_account.account_name);
    put_text(failed, object, "domain", alert->host_account.account_domain);
    put_text(failed, object, "id", known(field[account_sid(alert->branch->row)]));
    if (known(field[EVENT_TARGET_SID]).len > 0 && known(field[EVENT_TARGET_NAME]).len > 0) {
        put_text(failed, target, "id", field[EVENT_TARGET_SID]);
        put_text(failed, target, "name", field[EVENT_TARGET_NAME]);
        put_text(failed, target, "domain", known(field[EVENT_TARGET_DOMAIN]));
    }
    put_filled(failed, object, "target", target);
    return object;
}

static void put_image(bool *failed, json_t *object, struct text image)
{
    put_text(failed, object, "name", text_after_last(image, '\\'));
    put_text(failed, object, "executable", image);
}

static json_t *parent_object(bool *failed, const struct process_event *event)
{
    json_t *object = json_object();
    if (event->has_parent_pid)
        put_number(failed, object, "pid", event->parent_pid);
    put_text(failed, object, "entity_id", event->field[EVENT_PARENT_GUID]);
    put_image(failed, object, event->field[EVENT_PARENT_IMAGE]);
    put_text(failed, object, "command_line", event->field[EVENT_PARENT_COMMAND_LINE]);
    put_filled(failed, object, "user", user_from(failed, event->field[EVENT_PARENT_USER]));
    return object;
}

static json_t *process_object(bool *failed, const struct alert *alert)
{
    const struct process_event *event = alert->event;
    json_t *object = json_object();
    if (event->has_pid)
        put_number(failed, object, "pid", event->pid);
    put_text(failed, object, "entity_id", event->field[EVENT_PROCESS_GUID]);
    put_image(failed, object, event->field[EVENT_IMAGE]);
    put_text(failed, object, "command_line", event->field[EVENT_COMMAND_LINE]);
    if (event->time != 0)
        put_time(failed, object, "start", event->time, false);
    /* Only there is the account of the alert not the new process's own. */
    if (alert->branch->row == RULE_ROW_DEVICE_PROCESS)
        put_filled(failed, object, "user", user_from(failed, event->field[EVENT_USER]));
    put_filled(failed, object, "parent", parent_object(failed, event));
    return object;
}

static json_t *agent_object(bool *failed, const struct encode_agent *agent)
{
    json_t *object = json_object();
    put_string(failed, object, "type", "tripline");
    put_string(failed, object, "version", agent->version);
    put_string(failed, object, "id", agent->id);
    return object;
}

/* The rule's own row: every column, in the rule's order, "" where the branch has none. */
static json_t *sentinel_object(bool *failed, const struct alert *alert)
{
    json_t *object = json_object();
    put(failed, object, "SourceTable", json_from(alert->row[ALERT_TYPE]));
    put_time(failed, object, "TimeGenerated", time_of(alert), false);
    put_time(failed, object, "timestamp", time_of(alert), false);
    for (int column = 0; column < ALERT_COLUMN_COUNT; column++) {
        put(failed, object, alert_column_name((enum alert_column)column), json_from(alert->row[column]));
        if (column == ALERT_HOST_NAME)
            put(failed, object, "DomainIndex", json_integer(alert->domain_index));
    }
    return object;
}

/* Says that a text was cut, and what it was whole. Returns 0, -ENOMEM or -EIO. */
static int put_cut(bool *failed, json_t *object, const char *flag, const char *digest, struct text text)
{
    char hex[SHA256_HEX_SIZE], *clean;
    size_t size;
    if (text.len <= ENCODE_MAX_TEXT)
        return 0;
    int rc = utf8_clean(&clean, &size, text);
    if (rc < 0)
        return rc;
    if (utf8_prefix(clean, size, ENCODE_MAX_TEXT) < size) {
        rc = sha256_of(hex, clean, size);
        put(failed, object, flag, json_true());
        if (rc == 0)
            put_string(failed, object, digest, hex);
    }
    free(clean);
    return rc;
}

static bool has_number(const json_t *array, unsigned number)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_integer_value(json_array_get(array, i)) == (json_int_t)number)
            return true;
    return false;
}

/* The parent that the event names although another process created this one. */
static json_t *claimed_parent_object(bool *failed, const struct process_event *event)
{
    json_t *object = json_object();
    if (event->has_claimed_parent) {
        put_number(failed, object, "pid", event->claimed_parent_pid);
        put_image(failed, object, event->field[EVENT_CLAIMED_PARENT_IMAGE]);
    }
    return object;
}

/* What only this agent says. Returns 0, -ENOMEM or -EIO. */
static int put_tripline(bool *failed, json_t *document, const struct alert *alert)
{
    const struct rule *rule = alert->rule;
    json_t *object = json_object(), *branches = json_array(), *upstream = json_object();
    for (size_t i = 0; i < rule->branch_count; i++)
        if ((alert->branches & 1u << i) != 0 && !has_number(branches, rule->branches[i].number) &&
            json_array_append_new(branches, json_integer(rule->branches[i].number)) < 0)
            *failed = true;
    put_string(failed, object, "alert_id", alert->follows);
    put(failed, object, "branches", branches);
    if (alert->is_test)
        put(failed, object, "test", json_true());
    if (alert->event->is_from_values)
        put(failed, object, "from_values", json_true());
    put_string(failed, upstream, "commit", rule->upstream_commit);
    put_string(failed, upstream, "version", rule->upstream_version);
    put_string(failed, upstream, "sha256", rule->upstream_sha256);
    put_filled(failed, object, "rule_upstream", upstream);
    put_filled(failed, object, "claimed_parent", claimed_parent_object(failed, alert->event));
    int rc = put_cut(failed, object, "command_line_truncated", "command_line_sha256",
                     alert->event->field[EVENT_COMMAND_LINE]);
    if (rc == 0)
        rc = put_cut(failed, object, "parent_command_line_truncated", "parent_command_line_sha256",
                     alert->event->field[EVENT_PARENT_COMMAND_LINE]);
    put(failed, document, "tripline", object);
    return rc;
}

static json_t *one_string(bool *failed, const char *key, const char *string)
{
    json_t *object = json_object();
    put_string(failed, object, key, string);
    return object;
}

int encode_ecs(char **out, size_t *size, const struct alert *alert, const struct encode_agent *agent)
{
    char id[ALERT_ID_SIZE], *text = NULL;
    bool failed = false;
    int rc = alert_id(id, alert);
    if (rc < 0)
        return rc;

    json_t *document = json_object();
    put_time(&failed, document, "@timestamp", time_of(alert), false);
    put(&failed, document, "ecs", one_string(&failed, "version", ECS_VERSION));
    put_filled(&failed, document, "log", one_string(&failed, "level", alert->rule->severity));
    put(&failed, document, "event", event_object(&failed, alert, id));
    put(&failed, document, "rule", rule_object(&failed, alert->rule));
    put_filled(&failed, document, "threat", threat_object(&failed, alert->rule));
    put(&failed, document, "host", host_object(&failed, alert));
    put_filled(&failed, document, "user", user_object(&failed, alert));
    put_filled(&failed, document, "process", process_object(&failed, alert));
    put(&failed, document, "agent", agent_object(&failed, agent));
    rc = put_tripline(&failed, document, alert);
    put(&failed, document, "sentinel", sentinel_object(&failed, alert));
    if (rc == 0)
        text = failed ? NULL : json_dumps(document, JSON_COMPACT);
    if (rc == 0 && text == NULL)
        rc = -ENOMEM;
    json_decref(document);
    if (rc < 0)
        return rc;
    *out = text;
    *size = strlen(text);
    return 0;
}
