#include "agent/verify/verify_cmdlet.h"

#include "collectors/files/cmdlet_file.h"
#include "detect/event/kinds.h"
#include "detect/powershell/powershell_blocks.h"
#include "detect/rules/rule_builtin.h"
#include "detect/rules/rule_file.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Most data of an event in a row; MSExchange Management has 27. */
#define MAX_DATA 64

#define OURS "tl-eas-"

/* What the logs write for each type of event. */
static const struct type {
    const char *name, *provider, *channel;
    uint32_t id;
} types[] = {
    {"mgmt", "MSExchange CmdletLogs", "MSExchange Management", 1},
    {"sys104", "Microsoft-Windows-Eventlog", "System", 104},
    {"ps4104", "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", 4104},
    {"ps4103", "Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational", 4103},
    {"ps800", "PowerShell", "Windows PowerShell", 800},
    {"ps400", "PowerShell", "Windows PowerShell", 400},
    {"proc", "Microsoft-Windows-Security-Auditing", "Security", 4688},
    {"cmdletinfra", CMDLET_FILE_CHANNEL, CMDLET_FILE_CHANNEL, 0},
};

struct run {
    const struct rule_set *set;
    struct rule_scratch *scratch;
    struct arena *arena;
    char rules[VERIFY_CMDLET_SIZE], operation[32], severity[32];
};

static struct text text_of(const json_t *json)
{
    return json_is_string(json) ? (struct text){json_string_value(json), json_string_length(json)}
                                : (struct text){"", 0};
}

/* The text of a row's column of that name, cut. */
static void cell(char to[32], struct run *run, const struct rule_match *match, const struct event *event,
                 const char *name)
{
    const struct leg *leg = &match->rule->legs.items[__builtin_ctzll(match->legs)];
    struct column_row row;
    column_row_of(&row, rule_set_columns(run->set), event, 0);
    for (size_t i = 0; i < leg->row_count; i++)
        if (text_equal(leg->row[i].name, text_from(name))) {
            struct value value = expr_value(leg->row[i].value, &row.row, run->arena);
            if (value.type == VALUE_STRING)
                text_copy(to, 32, value.text);
        }
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text |= 0x20;
}

static void match(struct run *run, const struct event *event)
{
    const struct rule_match *list;
    size_t count = rule_set_match(run->set, event, event_time_now(), run->scratch, &list);
    for (size_t i = 0; i < count; i++) {
        if (list[i].legs == 0 || strncmp(list[i].rule->id, OURS, strlen(OURS)) != 0)
            continue;
        size_t used = strlen(run->rules);
        snprintf(run->rules + used, sizeof(run->rules) - used, "%s%s", used > 0 ? "," : "", list[i].rule->id);
        if (used == 0) {
            cell(run->operation, run, &list[i], event, "Operation");
            cell(run->severity, run, &list[i], event, "Severity");
            lower(run->severity);
        }
    }
}

/* The members of an object as data by name; of a list, unnamed data. */
static size_t data_of(struct event_datum data[MAX_DATA], const json_t *json)
{
    size_t count = 0;
    const char *name;
    json_t *value = NULL, *object = (json_t *)json; /* Jansson's iterators take no const */
    if (json_is_array(json)) {
        for (; count < json_array_size(json) && count < MAX_DATA; count++)
            data[count] = (struct event_datum){.value = text_of(json_array_get(json, count))};
        return count;
    }
    json_object_foreach(object, name, value) if (count < MAX_DATA && json_is_string(value)) data[count++] =
        (struct event_datum){text_from(name), text_of(value)};
    return count;
}

static int take_part(struct run *run, struct powershell_blocks *blocks, const struct event *event, const json_t *json)
{
    char number[TEXT_NUMBER_SIZE], total[TEXT_NUMBER_SIZE];
    enum powershell_taken taken;
    const struct event_datum data[] = {
        {text_from("MessageNumber"),
         text_from_number(number, (uint64_t)json_integer_value(json_object_get(json, "n")))},
        {text_from("MessageTotal"),
         text_from_number(total, (uint64_t)json_integer_value(json_object_get(json, "total")))},
        {text_from("ScriptBlockText"), text_of(json_object_get(json, "text"))},
        {text_from("ScriptBlockId"), text_of(json_object_get(json, "id"))},
    };
    struct event part = *event;
    part.data = data;
    part.data_count = sizeof(data) / sizeof(data[0]);
    int rc = powershell_blocks_take(blocks, &taken, &part, 0);
    if (rc == 0 && taken == POWERSHELL_TAKEN_WHOLE)
        match(run, &part);
    return rc;
}

/* Parts of script blocks, in the order in which the log has them; then no more come. */
static int match_parts(struct run *run, const struct event *event, const json_t *parts)
{
    struct powershell_blocks *blocks = NULL;
    const struct event *block;
    int rc = powershell_blocks_new(&blocks);
    for (size_t i = 0; rc == 0 && i <= json_array_size(parts); i++) {
        const json_t *json = json_array_get(parts, i);
        if (json != NULL)
            rc = take_part(run, blocks, event, json);
        while (rc == 0 && (rc = powershell_blocks_next(blocks, &block, 0, json == NULL)) > 0) {
            match(run, block);
            powershell_blocks_done(blocks, 0);
            rc = 0;
        }
    }
    powershell_blocks_free(blocks);
    return rc;
}

static int match_json(struct run *run, const struct type *type, const json_t *fields)
{
    struct event_datum data[MAX_DATA];
    struct event event = {.kind = EVENT_OTHER, .event_id = type->id};
    const json_t *list = json_object_get(fields, "data"), *parts = json_object_get(fields, "parts");
    const json_t *id = json_object_get(fields, "event_id");
    event.field[EVENT_PROVIDER] = text_from(type->provider);
    event.field[EVENT_CHANNEL] = text_from(type->channel);
    if (json_is_integer(id))
        event.event_id = (uint32_t)json_integer_value(id);
    if (json_is_array(parts))
        return match_parts(run, &event, parts);
    event.data = data;
    event.data_count = data_of(data, list != NULL ? list : fields);
    const struct kinds_entry *entry = kinds_find(event.field[EVENT_PROVIDER], event.event_id);
    event.kind = kinds_kind(entry, event.field[EVENT_CHANNEL]);
    kinds_fill(&event, entry);
    match(run, &event);
    return 0;
}

static const struct type *find_type(struct text name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (text_equal(name, text_from(types[i].name)))
            return &types[i];
    return NULL;
}

int verify_cmdlet_rules(struct rule_set **out)
{
    struct rule_set *set = NULL;
    struct text text;
    int rc = rule_set_new(&set);
    for (size_t i = 0; rc == 0 && rule_builtin_at(&text, i); i++) {
        struct notes notes = {0};
        struct rule *rule = NULL;
        rc = arena_new(&notes.arena, (size_t)16 << 20);
        if (rc == 0)
            rc = rule_file_compile(&rule, rule_set_columns(set), text, "built in", NULL, &notes);
        if (rc == 0)
            rc = rule_set_add(set, rule, &(const struct rule *){NULL});
        arena_free(notes.arena);
    }
    if (rc == 0)
        rc = rule_set_seal(set, &(struct rule_set_options){.is_plain = false});
    if (rc < 0) {
        rule_set_free(set);
        return -ENOMEM; /* a mistake in a built-in rule is found by its own test */
    }
    *out = set;
    return 0;
}

int verify_cmdlet(char is[VERIFY_CMDLET_SIZE], char should[VERIFY_CMDLET_SIZE], const char **fault,
                  const struct rule_set *set, const struct text *columns)
{
    struct run run = {.set = set, .rules = "", .operation = "-", .severity = "-"};
    json_error_t error;
    json_t *fields = NULL;
    const struct type *type = find_type(columns[1]);
    int rc = -EINVAL;
    *fault = "no such event_type";
    if (type == NULL)
        return rc;
    fields = json_loadb(columns[2].bytes, columns[2].len, JSON_ALLOW_NUL, &error);
    *fault = "fields_json is no JSON object";
    if (!json_is_object(fields))
        goto out;
    rc = arena_new(&run.arena, (size_t)16 << 20);
    if (rc == 0)
        rc = rule_scratch_new(&run.scratch, set);
    if (rc == 0)
        rc = match_json(&run, type, fields);
    snprintf(is, VERIFY_CMDLET_SIZE, "%.160s %s %s", run.rules[0] != '\0' ? run.rules : "-", run.operation,
             run.severity);
    snprintf(should, VERIFY_CMDLET_SIZE, "%.*s %.*s %.*s", (int)columns[3].len, columns[3].bytes, (int)columns[4].len,
             columns[4].bytes, (int)columns[5].len, columns[5].bytes);
out:
    rule_scratch_free(run.scratch);
    arena_free(run.arena);
    json_decref(fields);
    return rc;
}
