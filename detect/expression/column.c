#include "detect/expression/column.h"

#include "detect/event/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Room for a column's name in messages. */
#define NAME_SIZE 96

/* Most columns of a set; what a rule could name at most is far less. */
#define MAX_COLUMNS 65536u

/* Memory for the columns' names at most, bytes. */
#define MAX_NAMES ((size_t)16 << 20)

struct item {
    struct column column;
    char *name;
    unsigned next; /* of the same hash; COLUMN_NONE ends */
};

#define BUCKETS 256u

struct columns {
    struct arena *names;
    struct item *items;
    size_t count, room;
    unsigned buckets[BUCKETS];
};

static const struct {
    const char *name;
    enum value_type type;
} systems[COLUMN_SYSTEM_COUNT] = {
    [COLUMN_EVENT_ID] = {"EventID", VALUE_INT},
    [COLUMN_TIME] = {"TimeCreated", VALUE_DATETIME},
    [COLUMN_RECORD_ID] = {"EventRecordID", VALUE_LONG},
    [COLUMN_PROCESS_ID] = {"process.pid", VALUE_LONG},
    [COLUMN_PARENT_PROCESS_ID] = {"process.parent.pid", VALUE_LONG},
    [COLUMN_EVENT_DATA] = {"EventData", VALUE_DYNAMIC},
    [COLUMN_ALL_DATA] = {"all data", VALUE_STRING},
};

int columns_new(struct columns **out)
{
    struct columns *columns = calloc(1, sizeof(*columns));
    if (columns == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < BUCKETS; i++)
        columns->buckets[i] = COLUMN_NONE;
    int rc = arena_new(&columns->names, MAX_NAMES);
    if (rc < 0) {
        free(columns);
        return rc;
    }
    *out = columns;
    return 0;
}

void columns_free(struct columns *columns)
{
    if (columns == NULL)
        return;
    arena_free(columns->names);
    free(columns->items);
    free(columns);
}

size_t columns_count(const struct columns *columns)
{
    return columns->count;
}

const struct column *column_at(const struct columns *columns, unsigned i)
{
    return &columns->items[i].column;
}

const char *column_name(const struct columns *columns, unsigned i)
{
    return columns->items[i].name;
}

enum value_type column_type(const struct columns *columns, unsigned i)
{
    const struct column *column = &columns->items[i].column;
    return column->kind == COLUMN_SYSTEM ? systems[column->system].type : VALUE_STRING;
}

static bool is_same(const struct column *a, const struct column *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case COLUMN_FIELD:
        return a->field == b->field;
    case COLUMN_DATA:
        return text_equal(a->name, b->name);
    case COLUMN_POSITION:
        return a->position == b->position;
    case COLUMN_SYSTEM:
        return a->system == b->system;
    }
    return false;
}

/* FNV-1a over what tells columns apart. */
static unsigned bucket_of(const struct column *column)
{
    unsigned number = column->kind == COLUMN_FIELD      ? (unsigned)column->field
                      : column->kind == COLUMN_POSITION ? column->position
                      : column->kind == COLUMN_SYSTEM   ? (unsigned)column->system
                                                        : 0;
    uint32_t hash = 2166136261u ^ (number * 4u + (unsigned)column->kind);
    for (size_t i = 0; i < column->name.len; i++)
        hash = (hash ^ (unsigned char)column->name.bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % BUCKETS;
}

static char *make_name(struct columns *columns, const struct column *column)
{
    char name[NAME_SIZE];
    switch (column->kind) {
    case COLUMN_FIELD:
        (void)snprintf(name, sizeof(name), "%s", event_field_name(column->field));
        break;
    case COLUMN_DATA:
        (void)snprintf(name, sizeof(name), "data %.*s", (int)(column->name.len > 80 ? 80 : column->name.len),
                       column->name.bytes);
        break;
    case COLUMN_POSITION:
        (void)snprintf(name, sizeof(name), "data %u", column->position);
        break;
    case COLUMN_SYSTEM:
        (void)snprintf(name, sizeof(name), "%s", systems[column->system].name);
        break;
    }
    struct text kept = arena_text(columns->names, text_from(name));
    char *own = NULL;
    memcpy(&own, &kept.bytes, sizeof(own)); /* the arena's, which is ours */
    return own;
}

static bool has_room(struct columns *columns)
{
    if (columns->count < columns->room)
        return true;
    if (columns->count >= MAX_COLUMNS)
        return false;
    size_t room = columns->room == 0 ? 64 : columns->room * 2;
    struct item *bigger = realloc(columns->items, room * sizeof(*bigger));
    if (bigger == NULL)
        return false;
    columns->items = bigger;
    columns->room = room;
    return true;
}

static unsigned number_of(struct columns *columns, const struct column *wanted)
{
    unsigned bucket = bucket_of(wanted);
    for (unsigned i = columns->buckets[bucket]; i != COLUMN_NONE; i = columns->items[i].next)
        if (is_same(&columns->items[i].column, wanted))
            return i;
    struct item item = {.column = *wanted, .next = columns->buckets[bucket]};
    item.column.name = arena_text(columns->names, wanted->name);
    item.name = make_name(columns, wanted);
    if (item.name == NULL || (wanted->name.bytes != NULL && item.column.name.bytes == NULL) || !has_room(columns))
        return COLUMN_NONE;
    columns->items[columns->count] = item;
    columns->buckets[bucket] = (unsigned)columns->count;
    return (unsigned)columns->count++;
}

unsigned column_of_field(struct columns *columns, enum event_field field)
{
    return number_of(columns, &(struct column){.kind = COLUMN_FIELD, .field = field});
}

unsigned column_of_data(struct columns *columns, struct text name)
{
    return number_of(columns, &(struct column){.kind = COLUMN_DATA, .name = name});
}

unsigned column_of_position(struct columns *columns, unsigned position)
{
    return number_of(columns, &(struct column){.kind = COLUMN_POSITION, .position = position});
}

unsigned column_of_system(struct columns *columns, enum column_system system)
{
    return number_of(columns, &(struct column){.kind = COLUMN_SYSTEM, .system = system});
}

struct expr *column_expr(struct arena *arena, const struct columns *columns, unsigned column, struct text name,
                         struct expr_place place)
{
    return column == COLUMN_NONE ? NULL : expr_column(arena, column, column_type(columns, column), name, place);
}

/* The canonical field that is called name in the log of event: of events that were not read from there, but made by a
 * reader of another source, only the fields are known. */
static struct text field_by_name(const struct event *event, struct text name)
{
    for (size_t i = 0; i < kinds_count(); i++) {
        const struct kinds_entry *entry = kinds_at(i);
        if (entry->kind != event->kind && entry->elsewhere != event->kind)
            continue;
        for (size_t n = 0; n < entry->name_count; n++)
            if (entry->names[n].field < EVENT_FIELD_COUNT && text_equal(entry->names[n].name, name))
                return event->field[entry->names[n].field];
    }
    return (struct text){NULL, 0};
}

struct text column_text(const struct columns *columns, unsigned i, const struct event *event)
{
    const struct column *column = &columns->items[i].column;
    switch (column->kind) {
    case COLUMN_FIELD:
        return event->field[column->field];
    case COLUMN_DATA:
        for (size_t d = 0; d < event->data_count; d++)
            if (text_equal(event->data[d].name, column->name))
                return event->data[d].value;
        return event->data_count == 0 && event_kind_is_process(event->kind) ? field_by_name(event, column->name)
                                                                            : (struct text){NULL, 0};
    case COLUMN_POSITION:
        if (column->position < event->data_count)
            return event->data[column->position].value;
        break;
    case COLUMN_SYSTEM:
        break;
    }
    return (struct text){NULL, 0};
}

/* The data of an event as a bag; of data with the same name the first counts, as for COLUMN_DATA. */
static struct value event_data_bag(const struct event *event, struct arena *scratch)
{
    struct dynamic_member *members = arena_zeroed(scratch, event->data_count + 1, sizeof(*members));
    struct dynamic *bag = arena_zeroed(scratch, 1, sizeof(*bag));
    if (members == NULL || bag == NULL)
        return value_error();
    size_t count = 0;
    for (size_t d = 0; d < event->data_count; d++) {
        struct text name = event->data[d].name.bytes == NULL ? text_from("Data") : event->data[d].name;
        size_t i = 0;
        while (i < count && !text_equal(members[i].name, name))
            i++;
        if (i < count)
            continue;
        members[count].name = name;
        members[count++].value = value_to_dynamic(value_string(event->data[d].value));
    }
    *bag = (struct dynamic){.kind = DYNAMIC_BAG, .count = count, .members = members};
    return value_dynamic(bag);
}

static struct value all_data(const struct event *event, struct arena *scratch)
{
    size_t size = 0;
    for (size_t d = 0; d < event->data_count; d++)
        size += event->data[d].value.len + 1;
    char *to = arena_alloc(scratch, size + 1);
    if (to == NULL)
        return value_error();
    size_t at = 0;
    for (size_t d = 0; d < event->data_count; d++) {
        if (event->data[d].value.len > 0)
            memcpy(to + at, event->data[d].value.bytes, event->data[d].value.len);
        at += event->data[d].value.len;
        to[at++] = '\n';
    }
    return value_string((struct text){to, at});
}

static struct value number(bool is_known, uint64_t value)
{
    return is_known ? value_long((int64_t)value) : value_null(VALUE_LONG);
}

static struct value system_value(const struct event *event, enum column_system system, struct arena *scratch)
{
    switch (system) {
    case COLUMN_EVENT_ID:
        return value_int((int64_t)event->event_id);
    case COLUMN_TIME:
        return event->time == 0 ? value_null(VALUE_DATETIME)
                                : value_datetime((int64_t)event->time + VALUE_DATETIME_1601);
    case COLUMN_RECORD_ID:
        return number(event->has_record_id, event->record_id);
    case COLUMN_PROCESS_ID:
        return number(event->has_pid, event->pid);
    case COLUMN_PARENT_PROCESS_ID:
        return number(event->has_parent_pid, event->parent_pid);
    case COLUMN_EVENT_DATA:
        return event_data_bag(event, scratch);
    case COLUMN_ALL_DATA:
        return all_data(event, scratch);
    case COLUMN_SYSTEM_COUNT:
        break;
    }
    return value_error();
}

static struct value row_column(const struct expr_row *row, unsigned i, struct arena *scratch)
{
    const struct column_row *self = (const struct column_row *)row; /* its first member */
    const struct column *column = &self->columns->items[i].column;
    if (column->kind == COLUMN_SYSTEM)
        return system_value(self->event, column->system, scratch);
    return (struct value){.type = VALUE_STRING, .text = column_text(self->columns, i, self->event)};
}

void column_row_of(struct column_row *row, const struct columns *columns, const struct event *event, uint64_t now)
{
    row->row = (struct expr_row){.column = row_column, .now = (int64_t)now + VALUE_DATETIME_1601};
    row->columns = columns;
    row->event = event;
}
