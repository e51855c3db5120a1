#include "agent/verify/verify_expression.h"

#include "agent/system/plain.h"
#include "detect/expression/expr.h"
#include "detect/kql/kql.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Most fields of a row, and the memory that a row may take. */
#define MAX_FIELDS 64
#define ROW_BYTES ((size_t)16 << 20)

/* One row on its way. */
struct row {
    struct expr_row expr; /* first: what the expression is given */
    struct arena *arena;
    struct kql_variable fields[MAX_FIELDS];
    struct value values[MAX_FIELDS];
    size_t count;
    bool is_where;
    struct value expected;
};

static struct value column_value(const struct expr_row *expr, unsigned column, struct arena *scratch)
{
    (void)scratch;
    return ((const struct row *)(const void *)expr)->values[column];
}

static int malformed(struct verify *v, const char *what)
{
    v->malformed++;
    plain_printf(v->faults_to, "%s:%lu: %s\n", v->name, v->line, what);
    return -EINVAL;
}

/* A number, date or time that JSON holds as a string. */
static struct value read_text(struct text text, enum value_type type)
{
    struct value value = {.type = type};
    bool is_read = type == VALUE_REAL       ? value_read_real(&value.real, text)
                   : type == VALUE_BOOL     ? value_read_bool(&value.boolean, text)
                   : type == VALUE_DATETIME ? value_read_datetime(&value.number, text)
                   : type == VALUE_TIMESPAN ? value_read_timespan(&value.number, text)
                                            : value_read_long(&value.number, text);
    return is_read ? value : value_error();
}

/* A field's value of its JSON; VALUE_ERROR: not of that type. */
static struct value field_value(const struct dynamic *json, enum value_type type)
{
    if (type == VALUE_DYNAMIC)
        return value_dynamic(json);
    if (json == NULL || json->kind == DYNAMIC_NULL)
        return value_null(type);
    if (type == VALUE_STRING)
        return json->kind == DYNAMIC_STRING ? value_string(json->text) : value_error();
    if (json->kind == DYNAMIC_STRING)
        return read_text(json->text, type);
    if (json->kind == DYNAMIC_BOOL && type == VALUE_BOOL)
        return value_bool(json->boolean);
    if (json->kind == DYNAMIC_REAL && type == VALUE_REAL)
        return value_real(json->real);
    if (json->kind == DYNAMIC_LONG && type == VALUE_REAL)
        return value_real((double)json->number);
    bool is_whole = json->kind == DYNAMIC_LONG && (type == VALUE_LONG || type == VALUE_INT);
    return is_whole ? (struct value){.type = type, .number = json->number} : value_error();
}

/* "Name:type,..." and the object of values. */
static int read_fields(struct row *row, struct verify *v, struct text types, struct text json)
{
    struct value object;
    if (value_from_json(&object, row->arena, json) < 0 || object.is_null || object.dynamic->kind != DYNAMIC_BAG)
        return malformed(v, "fields_json is no JSON object");
    while (types.len > 0) {
        size_t end = text_find(types, ',');
        struct text field = {types.bytes, end}, type = text_after_last(field, ':');
        struct kql_variable *variable = &row->fields[row->count];
        if (row->count == MAX_FIELDS || type.len == field.len || !value_type_from_name(&variable->type, type))
            return malformed(v, "field_types is not Name:type,... with at most 64 fields of KQL's types");
        variable->name = (struct text){field.bytes, field.len - type.len - 1};
        variable->column = (unsigned)row->count;
        row->values[row->count] = field_value(value_member(object.dynamic, variable->name), variable->type);
        if (row->values[row->count].type == VALUE_ERROR)
            return malformed(v, "a field's value is not of its type");
        row->count++;
        end += end < types.len;
        types = (struct text){types.bytes + end, types.len - end};
    }
    return 0;
}

static int read_row(struct row *row, struct verify *v, const struct text *column)
{
    row->expr = (struct expr_row){.column = column_value, .now = VALUE_DATETIME_1970};
    row->is_where = text_equal(column[VERIFY_EXPRESSION_KIND], text_from("where"));
    if (!row->is_where && !text_equal(column[VERIFY_EXPRESSION_KIND], text_from("value")))
        return malformed(v, "the kind is neither \"where\" nor \"value\"");
    if (value_from_json(&row->expected, row->arena, column[VERIFY_EXPECTED]) < 0)
        return malformed(v, "expected_json is no JSON");
    return read_fields(row, v, column[VERIFY_FIELD_TYPES], column[VERIFY_FIELDS]);
}

static bool is_number(const struct dynamic *value)
{
    return value->kind == DYNAMIC_LONG || value->kind == DYNAMIC_REAL;
}

/* Numbers may differ in the last of 15 digits: JSON's texts of them do. */
static bool same_number(const struct dynamic *a, const struct dynamic *b)
{
    if (a->kind == DYNAMIC_LONG && b->kind == DYNAMIC_LONG)
        return a->number == b->number;
    double x = a->kind == DYNAMIC_LONG ? (double)a->number : a->real;
    double y = b->kind == DYNAMIC_LONG ? (double)b->number : b->real;
    return x == y || fabs(x - y) <= 1e-15 * fabs(y);
}

static bool same(const struct dynamic *a, const struct dynamic *b)
{
    int64_t ticks;
    if (is_number(a) && is_number(b))
        return same_number(a, b);
    if (a->kind == DYNAMIC_DATETIME && b->kind == DYNAMIC_STRING)
        return value_read_datetime(&ticks, b->text) && ticks == a->number;
    if (a->kind == DYNAMIC_TIMESPAN && b->kind == DYNAMIC_STRING)
        return value_read_timespan(&ticks, b->text) && ticks == a->number;
    if (a->kind != b->kind)
        return false;
    if (a->kind == DYNAMIC_BOOL)
        return a->boolean == b->boolean;
    if (a->kind == DYNAMIC_STRING)
        return text_equal(a->text, b->text);
    if (a->kind == DYNAMIC_NULL)
        return true;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct dynamic *left = a->kind == DYNAMIC_BAG ? &a->members[i].value : &a->items[i];
        const struct dynamic *right = a->kind == DYNAMIC_BAG ? value_member(b, a->members[i].name) : &b->items[i];
        if (right == NULL || !same(left, right))
            return false;
    }
    return true;
}

/* Says what came instead of what was expected. */
static void say(struct verify *v, const struct text *column, struct text is)
{
    v->mismatches++;
    plain_printf(v->mismatches_to, "%s:%lu: %.*s: %.*s: %.*s is %.*s, expected %.*s\n", v->name, v->line,
                 (int)column[VERIFY_ID].len, column[VERIFY_ID].bytes, (int)column[VERIFY_EXPRESSION_KIND].len,
                 column[VERIFY_EXPRESSION_KIND].bytes, (int)column[VERIFY_TEXT].len, column[VERIFY_TEXT].bytes,
                 is.len > 200 ? 200 : (int)is.len, is.bytes, (int)column[VERIFY_EXPECTED].len,
                 column[VERIFY_EXPECTED].bytes);
}

static void compare(struct verify *v, const struct row *row, const struct expr *expr, const struct text *column)
{
    struct value is = expr_value(expr, &row->expr, row->arena);
    if (row->is_where) {
        bool is_kept = is.type == VALUE_BOOL && !is.is_null && is.boolean;
        bool expected = row->expected.type == VALUE_DYNAMIC && !row->expected.is_null &&
                        row->expected.dynamic->kind == DYNAMIC_BOOL && row->expected.dynamic->boolean;
        if (is_kept != expected || is.type == VALUE_ERROR)
            say(v, column, text_from(is.type == VALUE_ERROR ? "beyond a limit" : is_kept ? "kept" : "not kept"));
        return;
    }
    struct dynamic left = value_to_dynamic(is), right = value_to_dynamic(row->expected);
    struct text json = value_json(is, row->arena);
    bool is_no_number = left.kind == DYNAMIC_REAL && !(fabs(left.real) <= 1.7976931348623157e308);
    if (is_no_number) /* NaN and the infinities are strings in JSON, or nothing */
        left = (struct dynamic){.kind = right.kind == DYNAMIC_STRING ? DYNAMIC_STRING : DYNAMIC_NULL,
                                .text = {json.bytes + 1, json.len - 2}};
    if (is.type == VALUE_ERROR || !same(&left, &right))
        say(v, column, json.bytes == NULL ? text_from("beyond a limit") : json);
}

int verify_expression(struct verify *v, const struct text *column)
{
    struct row row = {.count = 0};
    struct kql_faults faults;
    struct expr *expr;
    int rc = arena_new(&row.arena, ROW_BYTES);
    if (rc < 0)
        return rc;
    rc = read_row(&row, v, column);
    if (rc == 0)
        rc = kql_faults_begin(&faults, row.arena, KQL_FAULT_MAX);
    if (rc == 0) {
        rc = kql_expression(&expr, row.arena, column[VERIFY_TEXT], row.fields, row.count, &faults);
        if (rc == -EINVAL)
            say(v, column, text_from(faults.count > 0 ? faults.list[0].message : "refused"));
    }
    if (rc == 0)
        compare(v, &row, expr, column);
    arena_free(row.arena);
    return rc == -EINVAL ? 0 : rc;
}
