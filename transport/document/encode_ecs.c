#include "transport/document/encode_ecs.h"

#include "detect/base/account.h"
#include "detect/base/utf8.h"
#include "transport/document/json_writer.h"
#include "transport/document/sha256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version of the Elastic Common Schema whose field names these are. */
#define ECS_VERSION "9.4.0"

/* The SID of nobody: 4688's TargetUserSid where the new process runs as its creator
 * (learn.microsoft.com/windows/security/threat-protection/auditing/event-4688). */
#define SID_NOBODY "S-1-0-0"

static void put_text(struct json_writer *to, const char *key, struct text text)
{
    if (text.len > 0)
        json_writer_text(to, key, text);
}

static void put_string(struct json_writer *to, const char *key, const char *string)
{
    put_text(to, key, text_from(string));
}

static void put_number(struct json_writer *to, const char *key, uint64_t number)
{
    if (number <= INT64_MAX) /* ECS's long ends there */
        json_writer_number(to, key, (int64_t)number);
}

static void put_array_of(struct json_writer *to, const char *key, const char *string)
{
    json_writer_array(to, key);
    json_writer_text(to, NULL, text_from(string));
    json_writer_array_end(to);
}

/* An object of that one text, unless that says nothing. */
static void put_object_of(struct json_writer *to, const char *key, const char *member, const char *string)
{
    json_writer_object(to, key);
    put_string(to, member, string);
    json_writer_object_end_filled(to);
}

/* An account's id or name that says something. */
static struct text known(struct text text)
{
    text = account_or_absent(text);
    return text_equal_nocase(text, text_from(SID_NOBODY)) ? (struct text){NULL, 0} : text;
}

/* "domain\name" as ECS's user fields. */
static void put_user_from(struct json_writer *to, struct text account)
{
    struct entity entity = entity_corrected((struct text){NULL, 0}, account);
    json_writer_object(to, "user");
    put_text(to, "name", entity.account_name);
    put_text(to, "domain", entity.account_domain);
    json_writer_object_end_filled(to);
}

/* ms: 2022-08-10T12:27:15.101Z; otherwise with seven digits. */
static void put_time(struct json_writer *to, const char *key, uint64_t time, bool ms)
{
    char text[EVENT_TIME_SIZE];
    event_time_format(text, time);
    if (ms)
        memcpy(text + strlen("2022-08-10T12:27:15.101"), "Z", sizeof("Z"));
    put_string(to, key, text);
}

static uint64_t time_of(const struct alert *alert)
{
    return alert->event->time != 0 ? alert->event->time : alert->created;
}

static void put_event(struct json_writer *to, const struct alert *alert, const char *id)
{
    const struct event *event = alert->event;
    char code[TEXT_NUMBER_SIZE];
    json_writer_object(to, "event");
    put_string(to, "kind", alert->follows == NULL ? "alert" : "event");
    if (alert->follows != NULL)
        put_string(to, "action", alert->action);
    put_array_of(to, "category", event_kind_is_process(event->kind) ? "process" : "host");
    put_array_of(to, "type", event_kind_is_process(event->kind) ? "start" : "info");
    put_string(to, "module", "endpoint");
    put_string(to, "dataset", alert->follows == NULL ? "endpoint.alert" : "endpoint.witness");
    put_string(to, "id", id);
    put_time(to, "created", alert->created, true);
    if (event->event_id != 0)
        put_text(to, "code", text_from_number(code, event->event_id));
    put_text(to, "provider", event->field[EVENT_PROVIDER]);
    if (event->has_record_id)
        put_number(to, "sequence", event->record_id);
    put_number(to, "severity", alert->severity_ecs);
    json_writer_object_end(to);
}

static void put_rule(struct json_writer *to, const struct rule *rule)
{
    json_writer_object(to, "rule");
    put_string(to, "id", rule->id);
    put_string(to, "uuid", rule->id);
    put_string(to, "name", rule->name);
    put_string(to, "version", rule->version);
    if (rule->author != NULL)
        put_array_of(to, "author", rule->author);
    put_string(to, "license", rule->license);
    put_string(to, "ruleset", rule->ruleset);
    put_string(to, "reference",
               rule->reference == NULL && rule->reference_count > 0 ? rule->references[0] : rule->reference);
    json_writer_object_end(to);
}

/* ECS wants ids and names as two arrays side by side. */
static void put_attacks(struct json_writer *to, const char *key, const struct rule_attack *attacks, size_t count)
{
    if (count == 0)
        return;
    json_writer_object(to, key);
    json_writer_array(to, "id");
    for (size_t i = 0; i < count; i++)
        json_writer_text(to, NULL, text_from(attacks[i].id));
    json_writer_array_end(to);
    json_writer_array(to, "name");
    for (size_t i = 0; i < count; i++)
        json_writer_text(to, NULL, text_from(attacks[i].name));
    json_writer_array_end(to);
    json_writer_object_end(to);
}

static void put_threat(struct json_writer *to, const struct rule *rule)
{
    if (rule->tactic_count + rule->technique_count == 0)
        return;
    json_writer_object(to, "threat");
    put_string(to, "framework", "MITRE ATT&CK");
    put_attacks(to, "tactic", rule->tactics, rule->tactic_count);
    put_attacks(to, "technique", rule->techniques, rule->technique_count);
    json_writer_object_end(to);
}

static void put_host(struct json_writer *to, const struct alert *alert)
{
    struct text name = account_or_absent(alert->event->field[EVENT_COMPUTER]);
    json_writer_object(to, "host");
    if (name.len > 0) /* ECS recommends the fully qualified name in lower case */
        json_writer_text_lower(to, "name", name);
    put_text(to, "hostname", alert->host_account.host_name);
    put_text(to, "domain", alert->host_account.host_domain);
    put_object_of(to, "os", "type", "windows");
    json_writer_object_end(to);
}

/* The SID of the alert's account. */
static struct text account_sid(const struct alert *alert)
{
    const struct event *event = alert->event;
    if (event->kind == EVENT_OTHER)
        return event_data(event, text_from("SubjectUserSid"));
    if (alert->leg->is_of_creator)
        return event->field[EVENT_PARENT_USER_SID];
    return event->field[event->kind == EVENT_ETW_PROCESS ? EVENT_USER_SID : EVENT_SUBJECT_SID];
}

static void put_user(struct json_writer *to, const struct alert *alert)
{
    const struct text *field = alert->event->field;
    json_writer_object(to, "user");
    put_text(to, "name", alert->host_account.account_name);
    put_text(to, "domain", alert->host_account.account_domain);
    put_text(to, "id", known(account_sid(alert)));
    if (known(field[EVENT_TARGET_SID]).len > 0 && known(field[EVENT_TARGET_NAME]).len > 0) {
        json_writer_object(to, "target");
        put_text(to, "id", field[EVENT_TARGET_SID]);
        put_text(to, "name", field[EVENT_TARGET_NAME]);
        put_text(to, "domain", known(field[EVENT_TARGET_DOMAIN]));
        json_writer_object_end(to);
    }
    json_writer_object_end_filled(to);
}

static void put_image(struct json_writer *to, struct text image)
{
    put_text(to, "name", text_after_last(image, '\\'));
    put_text(to, "executable", image);
}

static void put_parent(struct json_writer *to, const struct event *event)
{
    json_writer_object(to, "parent");
    if (event->has_parent_pid)
        put_number(to, "pid", event->parent_pid);
    put_text(to, "entity_id", event->field[EVENT_PARENT_GUID]);
    put_image(to, event->field[EVENT_PARENT_IMAGE]);
    put_text(to, "command_line", event->field[EVENT_PARENT_COMMAND_LINE]);
    put_user_from(to, event->field[EVENT_PARENT_USER]);
    json_writer_object_end_filled(to);
}

static void put_process(struct json_writer *to, const struct alert *alert)
{
    const struct event *event = alert->event;
    json_writer_object(to, "process");
    if (event->has_pid)
        put_number(to, "pid", event->pid);
    put_text(to, "entity_id", event->field[EVENT_PROCESS_GUID]);
    put_image(to, event->field[EVENT_IMAGE]);
    put_text(to, "command_line", event->field[EVENT_COMMAND_LINE]);
    if (event->time != 0 && event_kind_is_process(event->kind))
        put_time(to, "start", event->time, false);
    /* Only there is the account of the alert not the new process's own. */
    if (alert->leg->is_of_creator)
        put_user_from(to, event->field[EVENT_USER]);
    put_parent(to, event);
    json_writer_object_end_filled(to);
}

static void put_agent(struct json_writer *to, const struct encode_agent *agent)
{
    json_writer_object(to, "agent");
    put_string(to, "type", "tripline");
    put_string(to, "version", agent->version);
    put_string(to, "id", agent->id);
    json_writer_object_end(to);
}

/* What the log has of an event that has no fields of its own in ECS. */
static void put_winlog(struct json_writer *to, const struct event *event)
{
    char id[TEXT_NUMBER_SIZE], place[24];
    if (event->kind != EVENT_OTHER)
        return;
    json_writer_object(to, "winlog");
    put_text(to, "channel", event->field[EVENT_CHANNEL]);
    put_text(to, "event_id", text_from_number(id, event->event_id));
    json_writer_object(to, "event_data");
    for (size_t i = 0; i < event->data_count; i++) {
        struct text name = event->data[i].name;
        bool is_new = true;
        for (size_t before = 0; before < i && is_new && name.bytes != NULL; before++)
            is_new = !text_equal(event->data[before].name, name);
        if (name.bytes == NULL) {
            snprintf(place, sizeof(place), "param%u", (unsigned)i + 1);
            name = text_from(place);
        }
        if (!is_new || name.len == 0 || event->data[i].value.len == 0)
            continue;
        json_writer_key(to, name);
        json_writer_text(to, NULL, event->data[i].value);
    }
    json_writer_object_end_filled(to);
    json_writer_object_end(to);
}

static void put_cell(struct json_writer *to, const struct alert_cell *cell, struct arena *arena)
{
    const struct value *v = &cell->value;
    if (v->type == VALUE_ERROR || v->is_null)
        return;
    json_writer_key(to, cell->name);
    if (v->type == VALUE_BOOL)
        json_writer_bool(to, NULL, v->boolean);
    else if (v->type == VALUE_INT || v->type == VALUE_LONG)
        json_writer_number(to, NULL, v->number);
    else
        json_writer_text(to, NULL, value_text(*v, arena));
}

/* The rule's row. */
static void put_sentinel(struct json_writer *to, const struct alert *alert)
{
    const struct alert_cell *type = alert_cell(alert, "Type");
    if (alert->cell_count == 0)
        return;
    json_writer_object(to, "sentinel");
    if (alert_cell(alert, "SourceTable") == NULL)
        json_writer_text(to, "SourceTable",
                         type != NULL && type->value.type == VALUE_STRING ? type->value.text : alert->leg->table);
    if (alert_cell(alert, "TimeGenerated") == NULL)
        put_time(to, "TimeGenerated", time_of(alert), false);
    for (size_t i = 0; i < alert->cell_count; i++)
        put_cell(to, &alert->cells[i], alert->arena);
    json_writer_object_end(to);
}

/* Says that a text was cut, and what it was whole. Returns 0, -ENOMEM or -EIO. */
static int put_cut(struct json_writer *to, const char *flag, const char *digest, struct text text)
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
        json_writer_bool(to, flag, true);
        if (rc == 0)
            put_string(to, digest, hex);
    }
    free(clean);
    return rc;
}

/* The numbers of the legs that are true, each once; those about the event's own process first. */
static void put_branches(struct json_writer *to, const struct alert *alert)
{
    const struct leg *legs = alert->rule->legs.items;
    uint64_t said = 0; /* bit i: number i + 1 */
    json_writer_array(to, "branches");
    for (int is_of_creator = 0; is_of_creator <= 1; is_of_creator++)
        for (uint64_t left = alert->legs; left != 0; left &= left - 1) {
            const struct leg *leg = &legs[__builtin_ctzll(left)];
            uint64_t bit = UINT64_C(1) << (leg->number - 1);
            if (leg->is_of_creator != is_of_creator || (said & bit) != 0)
                continue;
            json_writer_number(to, NULL, leg->number);
            said |= bit;
        }
    json_writer_array_end(to);
}

/* The parent that the event names although another process created this one. */
static void put_claimed_parent(struct json_writer *to, const struct event *event)
{
    if (!event->has_claimed_parent)
        return;
    json_writer_object(to, "claimed_parent");
    put_number(to, "pid", event->claimed_parent_pid);
    put_image(to, event->field[EVENT_CLAIMED_PARENT_IMAGE]);
    json_writer_object_end(to);
}

/* Of how many events the log made of it the text was put together. */
static void put_joined(struct json_writer *to, const struct event_joined *joined)
{
    if (joined->total == 0)
        return;
    json_writer_object(to, "script_block");
    put_number(to, "parts", joined->parts);
    put_number(to, "total", joined->total);
    json_writer_bool(to, "complete", joined->is_whole);
    json_writer_object_end(to);
}

/* The rules that found the event too, and are attached to the alert's. */
static void put_also(struct json_writer *to, const struct alert *alert)
{
    if (alert->also_count == 0)
        return;
    json_writer_array(to, "also");
    for (size_t i = 0; i < alert->also_count; i++)
        json_writer_text(to, NULL, text_from(alert->also[i]));
    json_writer_array_end(to);
}

/* What only this agent says. Returns 0, -ENOMEM or -EIO. */
static int put_tripline(struct json_writer *to, const struct alert *alert)
{
    const struct rule *rule = alert->rule;
    json_writer_object(to, "tripline");
    put_string(to, "alert_id", alert->follows);
    put_branches(to, alert);
    put_also(to, alert);
    if (alert->is_test)
        json_writer_bool(to, "test", true);
    if (alert->event->is_from_values)
        json_writer_bool(to, "from_values", true);
    if (alert->event->is_recovered)
        json_writer_bool(to, "recovered", true);
    put_joined(to, &alert->event->joined);
    json_writer_object(to, "rule_upstream");
    put_string(to, "commit", rule->upstream_commit);
    put_string(to, "version", rule->upstream_version);
    put_string(to, "sha256", rule->upstream_sha256);
    json_writer_object_end_filled(to);
    put_claimed_parent(to, alert->event);
    int rc = put_cut(to, "command_line_truncated", "command_line_sha256", alert->event->field[EVENT_COMMAND_LINE]);
    if (rc == 0)
        rc = put_cut(to, "parent_command_line_truncated", "parent_command_line_sha256",
                     alert->event->field[EVENT_PARENT_COMMAND_LINE]);
    json_writer_object_end(to);
    return rc;
}

static void put_log(struct json_writer *to, const struct alert *alert)
{
    json_writer_object(to, "log");
    put_string(to, "level", alert->severity);
    if (alert->source.len > 0) {
        json_writer_object(to, "file");
        put_text(to, "path", alert->source);
        json_writer_object_end(to);
    }
    json_writer_object_end_filled(to);
}

/* What each alert of a rule has. */
static void put_common(struct json_writer *to, const struct rule *rule, const struct encode_agent *agent)
{
    put_object_of(to, "ecs", "version", ECS_VERSION);
    put_rule(to, rule);
    put_threat(to, rule);
    put_agent(to, agent);
}

/* The same, out of kept if it is there. */
static void put_kept(struct json_writer *to, struct encode_ecs_kept *kept, const struct rule *rule,
                     const struct encode_agent *agent)
{
    if (kept->rule == rule) {
        json_writer_again(to, (struct text){kept->members, kept->size});
        return;
    }
    encode_ecs_clear(kept);
    size_t mark = json_writer_mark(to);
    put_common(to, rule, agent);
    struct text members = json_writer_since(to, mark);
    kept->members = members.len == 0 ? NULL : malloc(members.len);
    if (kept->members == NULL) /* the next document tries again */
        return;
    memcpy(kept->members, members.bytes, members.len);
    kept->size = members.len;
    kept->rule = rule;
}

void encode_ecs_clear(struct encode_ecs_kept *kept)
{
    free(kept->members);
    *kept = (struct encode_ecs_kept){0};
}

int encode_ecs(char **out, size_t *size, struct encode_ecs_kept *kept, const struct alert *alert, const char *id,
               const struct encode_agent *agent)
{
    struct json_writer to;
    json_writer_init(&to, ENCODE_MAX_TEXT);
    json_writer_object(&to, NULL);
    put_time(&to, "@timestamp", time_of(alert), false);
    put_event(&to, alert, id);
    put_kept(&to, kept, alert->rule, agent);
    put_log(&to, alert);
    put_host(&to, alert);
    put_user(&to, alert);
    put_process(&to, alert);
    put_winlog(&to, alert->event);
    int rc = put_tripline(&to, alert);
    put_sentinel(&to, alert);
    json_writer_object_end(&to);
    if (rc == 0)
        return json_writer_finish(out, size, &to);
    json_writer_clear(&to);
    return rc;
}
