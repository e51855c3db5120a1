#include "detect/sigma/item.h"

#include "detect/sigma/taxonomy.h"

#include <errno.h>

/* An unquoted scalar that YAML's core schema takes for a number (yaml.org/spec/1.2.2, 10.3.2), 0x... included. */
static bool is_number(const struct node *value)
{
    int64_t whole;
    double real;
    if (value->style != NODE_PLAIN || value->text.len == 0)
        return false;
    unsigned char first = (unsigned char)value->text.bytes[0],
                  last = (unsigned char)value->text.bytes[value->text.len - 1];
    if (first <= ' ' || last <= ' ' || (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z'))
        return false;
    return value_read_long(&whole, value->text) || value_read_real(&real, value->text);
}

/* A number, quoted or not, as a constant. */
static int number_constant(struct expr **out, struct job *job, const struct node *value, const char *modifier)
{
    struct value number;
    if (value_read_long(&number.number, value->text))
        number = value_long(number.number);
    else if (value_read_real(&number.real, value->text))
        number = value_real(number.real);
    else {
        notes_error(job->notes, value->place, "K132", "'%.*s' is not a number, which %s needs", (int)value->text.len,
                    value->text.bytes, modifier);
        return -EINVAL;
    }
    *out = expr_constant(job->arena, number, value->place);
    return *out == NULL ? -ENOMEM : 0;
}

static struct expr *text_constant(struct job *job, const char *text, struct expr_place place)
{
    return expr_constant(job->arena, value_string(text_from(text)), place);
}

/* lt, lte, gt, gte, and the parts of a time. */
static int test_number(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
                       const struct node *value)
{
    enum modifier comparison = modifier_among(modifiers, MODIFIER_LT, MODIFIER_GTE);
    enum modifier part = modifier_among(modifiers, MODIFIER_MINUTE, MODIFIER_YEAR);
    struct piece made = {0};
    struct expr *args[4] = {field, NULL, NULL, NULL};
    const char *name = comparison == MODIFIER_COUNT ? "eq" : modifier_name(comparison);
    size_t count = 1;
    if (part != MODIFIER_COUNT && (args[count++] = text_constant(job, modifier_name(part), value->place)) == NULL)
        return -ENOMEM;
    if ((args[count++] = text_constant(job, name, value->place)) == NULL)
        return -ENOMEM;
    int rc = number_constant(&args[count++], job, value, modifier_name(part == MODIFIER_COUNT ? comparison : part));
    if (rc == 0)
        rc = piece_call(&made.expr, job, part == MODIFIER_COUNT ? "sigma:number" : "sigma:time", args, count,
                        value->place);
    if (rc == 0)
        *out = made;
    return rc;
}

/* YAML 1.1's words for a boolean, as the rules' own tools read them (yaml.org/type/bool.html). */
static const char *const yes[] = {"true", "yes", "on", NULL};
static const char *const no[] = {"false", "no", "off", NULL};

static bool is_word(struct text text, const char *const *words)
{
    while (*words != NULL && !text_equal_nocase(text, text_from(*words)))
        words++;
    return *words != NULL;
}

static int test_exists(struct piece *out, struct job *job, struct expr *field, const struct node *value)
{
    bool is_true = is_word(value->text, yes), is_false = is_word(value->text, no);
    if (!is_true && !is_false) {
        notes_error(job->notes, value->place, "K132", "exists takes true or false, not '%.*s'", (int)value->text.len,
                    value->text.bytes);
        return -EINVAL;
    }
    struct piece made = {0};
    int rc = piece_test(&made.expr, job, "sigma:exists", field, NULL, value->place);
    if (rc == 0 && !is_true)
        rc = piece_not(&made, job, &made, value->place);
    if (rc == 0)
        *out = made;
    return rc;
}

static int test_regex(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
                      const struct node *value)
{
    static const struct {
        enum modifier modifier;
        char flag;
    } known[] = {{MODIFIER_RE_I, 'i'},
                 {MODIFIER_RE_M, 'm'},
                 {MODIFIER_RE_S, 's'},
                 {MODIFIER_STARTSWITH, '^'},
                 {MODIFIER_ENDSWITH, '$'}};
    bool is_inside = modifier_has(modifiers, MODIFIER_CONTAINS);
    char flags[6] = {0};
    size_t count = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (modifier_has(modifiers, known[i].modifier) && !(is_inside && i > 2))
            flags[count++] = known[i].flag;
    struct piece made = {0};
    struct expr *args[3] = {field, expr_constant(job->arena, value_string(value->text), value->place),
                            text_constant(job, flags, value->place)};
    if (args[1] == NULL || args[2] == NULL)
        return -ENOMEM;
    int rc = piece_call(&made.expr, job, "sigma:re", args, 3, value->place);
    if (rc == 0)
        *out = made;
    return rc;
}

/* Is the other field there too, and do they compare? */
static int test_fields(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
                       const struct node *value)
{
    static const char *const names[][2] = {
        {"=~", "=="}, {"contains", "contains_cs"}, {"startswith", "startswith_cs"}, {"endswith", "endswith_cs"}};
    struct expr *args[2] = {field, NULL};
    struct piece parts[3] = {0};
    int rc = taxonomy_field(&args[1], job, value->text, value->place);
    if (rc != 0)
        return rc;
    bool begins = modifier_has(modifiers, MODIFIER_STARTSWITH), ends = modifier_has(modifiers, MODIFIER_ENDSWITH);
    size_t which = modifier_has(modifiers, MODIFIER_CONTAINS) || (begins && ends) ? 1 : begins ? 2 : ends ? 3 : 0;
    rc = piece_call(&parts[0].expr, job, names[which][modifier_has(modifiers, MODIFIER_CASED)], args, 2, value->place);
    for (size_t i = 0; rc == 0 && i < 2; i++)
        rc = piece_test(&parts[i + 1].expr, job, "sigma:exists", args[i], NULL, value->place);
    return rc != 0 ? rc : piece_all(out, job, parts, 3, value->place);
}

static int test_null(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
                     const struct node *value)
{
    enum modifier other = modifier_among(modifiers, MODIFIER_CONTAINS, MODIFIER_YEAR);
    if (modifiers->field.bytes == NULL || other != MODIFIER_COUNT) {
        notes_error(job->notes, value->place, "K132", "null can't be %s; quote it if the word is meant",
                    modifiers->field.bytes == NULL ? "a keyword" : "compared with a modifier");
        return -EINVAL;
    }
    struct piece made = {0};
    int rc = piece_test(&made.expr, job, "sigma:exists", field, NULL, value->place);
    return rc != 0 ? rc : piece_not(out, job, &made, value->place);
}

/* A number that no modifier changes. */
static int test_equal_number(struct piece *out, struct job *job, struct expr *field, const struct node *value)
{
    struct piece made = {0};
    int rc = piece_test(&made.expr, job, "sigma:is", field, &value->text, value->place);
    if (rc == 0)
        *out = made;
    return rc;
}

static int test_value(struct piece *out, struct job *job, const struct modifiers *modifiers, struct expr *field,
                      const struct node *value)
{
    if (node_is_null(value))
        return test_null(out, job, modifiers, field, value);
    if (modifier_has(modifiers, MODIFIER_EXISTS))
        return test_exists(out, job, field, value);
    if (modifier_has(modifiers, MODIFIER_RE))
        return test_regex(out, job, modifiers, field, value);
    if (modifier_has(modifiers, MODIFIER_FIELDREF))
        return test_fields(out, job, modifiers, field, value);
    if (modifier_has(modifiers, MODIFIER_CIDR)) {
        struct piece made = {0};
        int rc = piece_test(&made.expr, job, "sigma:cidr", field, &value->text, value->place);
        if (rc == 0)
            *out = made;
        return rc;
    }
    if (modifier_among(modifiers, MODIFIER_LT, MODIFIER_YEAR) != MODIFIER_COUNT)
        return test_number(out, job, modifiers, field, value);
    if (is_number(value) && modifiers->field.bytes != NULL &&
        modifier_among(modifiers, MODIFIER_CONTAINS, MODIFIER_YEAR) == MODIFIER_COUNT)
        return test_equal_number(out, job, field, value);
    return item_text(out, job, modifiers, field, value);
}

/* Which event ids the line asks for, where it names them and nothing else. */
static int note_ids(struct piece *piece, struct job *job, const struct modifiers *modifiers, const struct node *values,
                    size_t count)
{
    if (modifiers->count != 0 || !text_equal(modifiers->field, text_from("EventID")))
        return 0;
    uint32_t *ids = arena_zeroed(job->arena, count, sizeof *ids);
    if (ids == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int64_t id;
        if (!value_read_long(&id, values[i].text) || id < 0 || id > UINT32_MAX)
            return 0;
        ids[i] = (uint32_t)id;
    }
    piece->has_ids = true;
    piece->ids = ids;
    piece->id_count = count;
    return 0;
}

static int field_of(struct expr **out, struct job *job, const struct modifiers *modifiers, struct expr_place place)
{
    if (modifiers->field.bytes != NULL)
        return taxonomy_field(out, job, modifiers->field, modifiers->place);
    unsigned column = column_of_system(job->columns, COLUMN_ALL_DATA);
    if (column != COLUMN_NONE)
        *out = column_expr(job->arena, job->columns, column, text_from("keywords"), place);
    return column == COLUMN_NONE || *out == NULL ? -ENOMEM : 0;
}

/* Are they scalars, and are there any? */
static bool is_list_of_values(struct job *job, const struct node *value, const struct node *values, size_t count)
{
    if (count == 0)
        notes_error(job->notes, value->place, "K014",
                    "a list without values; write null for a field that is not there");
    for (size_t i = 0; i < count; i++)
        if (values[i].type != NODE_SCALAR) {
            notes_error(job->notes, values[i].place, "K012", "a value is a text, a number or null, not a %s",
                        values[i].type == NODE_MAP ? "map" : "list");
            return false;
        }
    return count > 0;
}

int item_compile(struct piece *out, struct job *job, const struct node *key, const struct node *value)
{
    struct modifiers modifiers;
    struct expr *field;
    const struct node *values = value->type == NODE_LIST ? value->items : value;
    size_t count = value->type == NODE_LIST ? value->count : 1;
    int rc = modifier_parse(&modifiers, job, key);
    if (!is_list_of_values(job, value, values, count) || rc != 0)
        return -EINVAL;
    bool is_all = modifier_has(&modifiers, MODIFIER_ALL);
    if (is_all && count == 1)
        notes_warning(job->notes, key->place, "W430", "all says nothing of a single value");
    rc = field_of(&field, job, &modifiers, value->place);
    struct piece *parts = arena_zeroed(job->arena, count, sizeof *parts);
    if (rc != 0 || parts == NULL)
        return rc != 0 ? rc : -ENOMEM;
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        rc = test_value(&parts[i], job, &modifiers, field, &values[i]);
        if (rc == -ENOMEM)
            return rc;
        is_good &= rc == 0;
    }
    if (!is_good)
        return -EINVAL;
    struct piece whole;
    struct expr_place place = key == NULL ? value->place : key->place;
    rc = is_all ? piece_all(&whole, job, parts, count, place) : piece_some(&whole, job, parts, count, place);
    if (rc == 0 && modifier_has(&modifiers, MODIFIER_NEQ))
        rc = piece_not(&whole, job, &whole, place);
    if (rc == 0)
        rc = note_ids(&whole, job, &modifiers, values, count);
    if (rc == 0)
        *out = whole;
    return rc;
}
