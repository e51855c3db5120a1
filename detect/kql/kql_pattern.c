/* parse and parse-where. A simple pattern becomes calls of kql:parse, one a column; a pattern of kind=regex becomes one
 * regular expression with a group for each column (learn.microsoft.com/kusto/query/parse-operator). */
#include "detect/kql/kql_bind.h"

#define MAX_PARTS 256 /* of a pattern: texts, columns and stars */

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

static bool is_column(const struct kql_node *part)
{
    return part->kind == KQL_NAME || part->kind == KQL_TYPE;
}

static struct kql_value converted(struct kql_binder *binder, const struct kql_node *part, struct kql_value text)
{
    enum value_type type = VALUE_STRING;
    static const char *const functions[] = {
        [VALUE_BOOL] = "tobool",         [VALUE_INT] = "toint",        [VALUE_LONG] = "tolong",
        [VALUE_REAL] = "toreal",         [VALUE_STRING] = "tostring",  [VALUE_DATETIME] = "todatetime",
        [VALUE_TIMESPAN] = "totimespan", [VALUE_DYNAMIC] = "todynamic"};
    if (part->kind != KQL_TYPE || part->first == NULL)
        return text;
    if (!value_type_from_name(&type, part->first->text)) {
        kql_faults_add(binder->faults, part->place, "K104", "type \"%.*s\" is not supported",
                       KQL_NAME(part->first->text));
        return kql_value_failed();
    }
    return type == VALUE_STRING ? text : kql_value_call(binder, functions[type], &text, 1, part->place);
}

/* The name of the data that a text before a column of XML leads to: CommandLine of `<Data Name="CommandLine">`. */
static struct text data_name(struct text before)
{
    size_t end = before.len;
    while (end > 0 && strchr(" \"'>\r\n\t", before.bytes[end - 1]) != NULL)
        end--;
    size_t begin = end;
    while (begin > 0 && strchr(" \"'<>=/", before.bytes[begin - 1]) == NULL)
        begin--;
    bool is_element = before.len > 0 && before.bytes[before.len - 1] == '>' && end + 1 < before.len;
    return is_element ? (struct text){before.bytes + begin, end - begin} : (struct text){NULL, 0};
}

/* SHA256 out of Sysmon's Hashes ("SHA1=...,SHA256=..."), for a text that ends in `SHA256=`. */
static bool hash_value(struct kql_binder *binder, struct text before, struct expr_place place, struct kql_value *out)
{
    static const char *const names[] = {"SHA1=", "MD5=", "SHA256=", "IMPHASH="};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        if (before.len < len || memcmp(before.bytes + before.len - len, names[i], len) != 0)
            continue;
        struct kql_value split[2], item[2];
        split[0] = kql_value_data(binder, text_from("Hashes"), place);
        split[1] = kql_value_constant(binder, value_string(text_from(names[i])), place);
        item[0] = kql_value_call(binder, "split", split, 2, place);
        item[1] = kql_value_constant(binder, value_long(1), place);
        item[0] = kql_value_call(binder, "[]", item, 2, place);
        *out = kql_value_call(binder, "tostring", item, 1, place);
        return true;
    }
    return false;
}

/* Columns parsed out of EventData's XML. */
static void of_xml(struct kql_binder *binder, struct kql_leg *leg, const struct kql_node *pattern)
{
    const struct kql_node *before = NULL;
    for (const struct kql_node *part = pattern->first; part != NULL; before = part, part = part->next) {
        if (!is_column(part))
            continue;
        struct text text = before != NULL && before->kind == KQL_STRING ? before->text : text_from("");
        struct text name = data_name(text);
        struct kql_value value;
        if (name.len > 0)
            value = kql_value_data(binder, name, part->place);
        else if (!hash_value(binder, text, part->place, &value))
            value = kql_value_not_here(binder, part->place,
                                       "parse reads EventData by the name of its data: 'Image\">' Image '<'");
        kql_row_add_value(binder, leg->row, part->text, converted(binder, part, value));
    }
}

/* kql:parse(text, column's number, begins with *, ends with *, texts ...); number -1: does the pattern match? */
static struct kql_value parsed(struct kql_binder *binder, struct kql_value text, int64_t number,
                               const struct kql_node *pattern)
{
    struct kql_value args[MAX_PARTS + 4];
    size_t count = 0;
    struct expr_place place = pattern->place;
    args[count++] = text;
    args[count++] = kql_value_constant(binder, value_long(number), place);
    args[count++] = kql_value_constant(binder, value_bool(pattern->first->kind == KQL_STAR), place);
    args[count++] = kql_value_constant(binder, value_bool(pattern->last->kind == KQL_STAR), place);
    for (const struct kql_node *part = pattern->first; part != NULL; part = part->next)
        if (part->kind == KQL_STRING)
            args[count++] = kql_value_constant(binder, value_string(part->text), part->place);
        else if (is_column(part)) /* a null stands for a column */
            args[count++] = kql_value_constant(binder, value_null(VALUE_LONG), part->place);
    return kql_value_call(binder, "kql:parse", args, count, place);
}

static void simple(struct kql_binder *binder, struct kql_leg *leg, struct kql_value text,
                   const struct kql_node *pattern)
{
    int64_t number = 0;
    for (const struct kql_node *part = pattern->first; part != NULL; part = part->next)
        if (is_column(part))
            kql_row_add_value(binder, leg->row, part->text,
                              converted(binder, part, parsed(binder, text, number++, pattern)));
}

struct writer {
    char *bytes;
    size_t len, room;
};

static void put(struct writer *writer, struct text text)
{
    size_t len = text.len < writer->room - writer->len ? text.len : writer->room - writer->len;
    if (len > 0)
        memcpy(writer->bytes + writer->len, text.bytes, len);
    writer->len += len;
}

/* Groups that a part of a regular expression captures. */
static int64_t groups(struct text text)
{
    int64_t count = 0;
    bool is_in_class = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.bytes[i];
        if (c == '\\')
            i++;
        else if (c == '[')
            is_in_class = true;
        else if (c == ']')
            is_in_class = false;
        else if (c == '(' && !is_in_class && !(i + 1 < text.len && text.bytes[i + 1] == '?'))
            count++;
    }
    return count;
}

static struct text type_of(const struct kql_node *part)
{
    return part->kind == KQL_TYPE && part->first != NULL ? part->first->text : text_from("string");
}

/* The regular expression of a pattern; flags: letters of i, s, m, U. */
static struct text regex_of(struct kql_binder *binder, const struct kql_node *pattern, struct text flags)
{
    size_t room = 32;
    for (const struct kql_node *part = pattern->first; part != NULL; part = part->next)
        room += part->text.len + 16;
    struct writer writer = {.bytes = kql_alloc(binder, room, 1), .room = room};
    if (writer.bytes == NULL)
        return (struct text){NULL, 0};
    bool is_greedy = text_find(flags, 'U') < flags.len; /* U turns lazy into greedy */
    if (text_find(flags, 'i') < flags.len)
        put(&writer, text_from("(?i)"));
    if (text_find(flags, 's') < flags.len)
        put(&writer, text_from("(?s)"));
    if (text_find(flags, 'm') < flags.len)
        put(&writer, text_from("(?m)"));
    put(&writer, text_from("^"));
    for (const struct kql_node *part = pattern->first; part != NULL; part = part->next) {
        struct text type = type_of(part);
        if (part->kind == KQL_STRING)
            put(&writer, part->text);
        else if (part->kind == KQL_STAR)
            put(&writer, text_from(is_greedy ? ".*" : ".*?"));
        else if (is(type, "long") || is(type, "int"))
            put(&writer, text_from("(-?\\d+)"));
        else
            put(&writer, text_from(is_greedy ? "(.*)" : "(.*?)"));
    }
    if (pattern->last->kind != KQL_STAR && pattern->last->kind != KQL_STRING)
        put(&writer, text_from("$"));
    return (struct text){writer.bytes, writer.len};
}

static struct kql_value by_regex(struct kql_binder *binder, struct kql_leg *leg, struct kql_value text,
                                 const struct kql_node *pattern, struct text flags)
{
    struct text regex = regex_of(binder, pattern, flags);
    struct kql_value expression = kql_value_constant(binder, value_string(regex), pattern->place);
    int64_t group = 1;
    for (const struct kql_node *part = pattern->first; part != NULL; part = part->next) {
        if (part->kind == KQL_STRING)
            group += groups(part->text);
        if (!is_column(part))
            continue;
        struct kql_value args[3] = {expression, kql_value_constant(binder, value_long(group++), part->place), text};
        kql_row_add_value(binder, leg->row, part->text,
                          converted(binder, part, kql_value_call(binder, "extract", args, 3, part->place)));
    }
    struct kql_value args[2] = {text, expression};
    return kql_value_call(binder, "matches regex", args, 2, pattern->place);
}

void kql_pattern_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                       const struct kql_node *node)
{
    const struct kql_node *pattern = node->last, *value = NULL;
    struct text flags = text_from("");
    bool is_regex = false;
    for (const struct kql_node *child = node->first; child != NULL; child = child->next) {
        if (child->kind == KQL_ASSIGN && child->first != NULL && is(child->text, "flags"))
            flags = child->first->text;
        else if (child->kind == KQL_ASSIGN && child->first != NULL && is(child->text, "kind"))
            is_regex = is(child->first->text, "regex");
        else if (child != pattern)
            value = child;
    }
    if (pattern == NULL || pattern->kind != KQL_PATTERN || pattern->first == NULL || pattern->count > MAX_PARTS) {
        kql_faults_add(binder->faults, node->place, "K105", "a pattern of more than %d parts", MAX_PARTS);
        kql_operator_refuse(binder, leg);
        return;
    }
    const struct kql_row *below = leg->row;
    struct kql_value text = kql_bind(binder, scope, below, value), matches = {.what = KQL_IS_FAILED};
    leg->row = kql_row_new(binder, KQL_ROW_EXTEND, below);
    if (text.what == KQL_IS_XML || text.what == KQL_IS_XML_LIST || text.what == KQL_IS_XML_ROOT) {
        of_xml(binder, leg, pattern);
        return;
    }
    if (text.what == KQL_IS_VALUE && expr_type(text.expr) != VALUE_STRING)
        text = kql_value_call(binder, "tostring", &text, 1, node->place);
    bool is_where = is(node->text, "parse-where");
    if (is_regex) {
        matches = by_regex(binder, leg, text, pattern, flags);
    } else {
        simple(binder, leg, text, pattern);
        if (is_where)
            matches = parsed(binder, text, -1, pattern);
    }
    if (!is_where)
        return;
    struct kql_value empty[2] = {matches, kql_value_constant(binder, value_string(text_from("1")), node->place)};
    if (!is_regex)
        matches = kql_value_call(binder, "==", empty, 2, node->place);
    kql_operator_filter(binder, leg, matches, node);
}
