#include "detect/rule/coverage.h"

#include "detect/event/kinds.h"

const char *coverage_name(enum coverage coverage)
{
    static const char *const names[] = {[COVERAGE_NONE] = "none",
                                        [COVERAGE_NEVER] = "can never fire",
                                        [COVERAGE_DEGRADED] = "degraded",
                                        [COVERAGE_FULL] = "can fire"};
    return names[coverage];
}

const char *coverage_kind_name(enum event_kind kind)
{
    static const char *const names[EVENT_KIND_COUNT] = {[EVENT_SECURITY_4688] = "4688",
                                                        [EVENT_FORWARDED_4688] = "forwarded 4688",
                                                        [EVENT_SYSMON_1] = "Sysmon 1",
                                                        [EVENT_ETW_PROCESS] = "ETW",
                                                        [EVENT_OTHER] = "other events"};
    return names[kind];
}

/* What is made of other fields, by kinds_fill() and the ETW reader. */
static bool is_made_of_hashes(enum event_field field)
{
    return field == EVENT_SHA256 || field == EVENT_SHA1 || field == EVENT_MD5 || field == EVENT_IMPHASH;
}

static bool is_of_etw(enum event_field field)
{
    static const enum event_field fields[] = {EVENT_COMMAND_LINE,
                                              EVENT_IMAGE,
                                              EVENT_USER,
                                              EVENT_PARENT_IMAGE,
                                              EVENT_PARENT_COMMAND_LINE,
                                              EVENT_PARENT_USER,
                                              EVENT_USER_SID,
                                              EVENT_PARENT_USER_SID,
                                              EVENT_GRANDPARENT_IMAGE,
                                              EVENT_GRANDPARENT_COMMAND_LINE,
                                              EVENT_CLAIMED_PARENT_IMAGE,
                                              EVENT_PROVIDER,
                                              EVENT_COMPUTER};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i] == field)
            return true;
    return false;
}

static bool has_field(const struct kinds_entry *entry, enum event_field field)
{
    if (field <= EVENT_LOGGER_SID) /* System: every event has it */
        return true;
    for (size_t i = 0; i < entry->name_count; i++) {
        enum event_field of = entry->names[i].field;
        if (of == field || (of == EVENT_HASHES && is_made_of_hashes(field)) ||
            (of == EVENT_MANDATORY_LABEL && field == EVENT_INTEGRITY))
            return true;
    }
    return false;
}

static bool has_data(const struct kinds_entry *entry, struct text name)
{
    for (size_t i = 0; i < entry->name_count; i++)
        if (text_equal(entry->names[i].name, name))
            return true;
    return false;
}

bool coverage_is_empty(const struct columns *columns, unsigned number, enum event_kind kind)
{
    const struct column *column = column_at(columns, number);
    if (kind == EVENT_OTHER || column->kind == COLUMN_SYSTEM)
        return false;
    if (kind == EVENT_ETW_PROCESS)
        return column->kind != COLUMN_FIELD || !is_of_etw(column->field);
    for (size_t i = 0; i < kinds_count(); i++) {
        const struct kinds_entry *entry = kinds_at(i);
        if (entry->kind != kind && entry->elsewhere != kind)
            continue;
        return column->kind == COLUMN_FIELD  ? !has_field(entry, column->field)
               : column->kind == COLUMN_DATA ? !has_data(entry, column->name)
                                             : column->position >= entry->name_count;
    }
    return false;
}

struct look {
    const struct columns *columns;
    enum event_kind kind;
    bool has_empty;
};

static void look_at(void *context, unsigned column)
{
    struct look *look = context;
    look->has_empty = look->has_empty || coverage_is_empty(look->columns, column, look->kind);
}

enum coverage coverage_of(const struct leg *leg, const struct expr_needs *needs, const struct columns *columns,
                          enum event_kind kind)
{
    struct look look = {columns, kind, false};
    uint64_t kinds = 0;
    for (size_t i = 0; i < leg->source_count; i++)
        kinds |= leg->sources[i].kinds;
    if ((kinds & UINT64_C(1) << kind) == 0)
        return COVERAGE_NONE;
    bool can_fire = needs == NULL || needs->count == 0;
    for (size_t i = 0; needs != NULL && i < needs->count; i++)
        can_fire = can_fire || !coverage_is_empty(columns, needs->literals[i].column, kind);
    if (!can_fire)
        return COVERAGE_NEVER;
    expr_each_column(leg->condition, look_at, &look);
    return look.has_empty ? COVERAGE_DEGRADED : COVERAGE_FULL;
}
