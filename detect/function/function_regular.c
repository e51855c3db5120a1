/* matches regex, extract, trim, replace_regex: regular expressions (detect/expression/regex.h). */
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"
#include "detect/expression/regex.h"

#include <errno.h>
#include <string.h>

/* Spans of a match: the whole and each group. */
#define SPANS (REGEX_MAX_GROUPS + 1)

/* Compiles the constant argument number pattern. */
static int compile(struct function_bind *bind, const struct regex **out, size_t pattern, unsigned flags)
{
    struct regex_fault fault;
    struct value value = function_constant(bind, pattern);
    int rc = regex_new(out, bind->arena, value.text, flags, &fault);
    if (rc == -EINVAL)
        return function_refuse(bind, "K123", bind->args[pattern]->place, "regular expression, character %u: %s",
                               (unsigned)fault.character, fault.message);
    return rc;
}

static int prepare_matches(struct function_bind *bind)
{
    const struct regex *regex;
    int rc = compile(bind, &regex, 1, 0);
    bind->prepared = rc == 0 ? regex : NULL;
    bind->count = 1;
    return rc;
}

static struct value call_matches(const struct function_call *call)
{
    enum regex_answer answer = regex_matches(call->prepared, call->args[0].text, call->run->scratch);
    return answer == REGEX_LIMIT ? value_error() : value_bool(answer == REGEX_YES);
}

static bool need_matches(struct expr_needs *out, const struct expr *expr, bool is_true,
                         const struct function_need *context)
{
    return is_true && function_need_text(out, context, expr->args[0], regex_literal(expr->prepared));
}

static struct text part(struct text text, struct regex_span span)
{
    return span.from > span.to ? (struct text){"", 0} : (struct text){text.bytes + span.from, span.to - span.from};
}

/* What extract does: pattern, and the type of the result. */
static int prepare_extract(struct function_bind *bind)
{
    const struct regex *regex;
    int rc = compile(bind, &regex, 0, 0);
    if (rc < 0)
        return rc;
    const struct value *group = expr_constant_value(bind->args[1]);
    if (group != NULL && !group->is_null && (group->number < 0 || group->number > (int64_t)regex_groups(regex)))
        return function_refuse(bind, "K122", bind->args[1]->place, "the regular expression has %u capture groups",
                               regex_groups(regex));
    if (bind->count == 4 && !value_type_from_name(&bind->type, function_constant(bind, 3).text))
        return function_refuse(bind, "K122", bind->args[3]->place, "the name of a type is wanted, as in typeof(long)");
    bind->prepared = regex;
    return 0;
}

static struct value call_extract(const struct function_call *call)
{
    struct regex_span spans[SPANS];
    struct arena *scratch = call->run->scratch;
    struct text subject = regex_subject(call->args[2].text, scratch);
    if (subject.bytes == NULL)
        return value_error();
    int64_t group = call->args[1].number;
    enum regex_answer answer = regex_find(call->prepared, subject, 0, spans, SPANS, scratch);
    if (answer == REGEX_LIMIT)
        return value_error();
    bool is_there = answer == REGEX_YES && group >= 0 && group < SPANS;
    struct value text = value_string(is_there ? part(subject, spans[group]) : text_from(""));
    return is_there || call->type == VALUE_STRING ? function_convert(text, call->type, scratch)
                                                  : value_null(call->type);
}

/* Each match of a text, one after the other, as a replacement of all would take them. */
struct matches {
    const struct regex *regex;
    struct arena *scratch;
    struct text subject;
    size_t at;     /* where the next search begins */
    size_t last;   /* end of the match before; an empty one there does not count */
    bool is_begun; /* there was one */
};

static enum regex_answer next_match(struct matches *m, struct regex_span spans[SPANS])
{
    while (m->at <= m->subject.len) {
        enum regex_answer answer = regex_find(m->regex, m->subject, m->at, spans, SPANS, m->scratch);
        if (answer != REGEX_YES)
            return answer;
        bool is_empty = spans[0].from == spans[0].to;
        bool counts = !(is_empty && m->is_begun && spans[0].from == m->last);
        m->at = spans[0].to;
        if (is_empty && m->at < m->subject.len)
            (void)text_decode(m->subject, &m->at); /* only the step counts */
        else if (is_empty)
            m->at++;
        if (!counts)
            continue;
        m->last = spans[0].to;
        m->is_begun = true;
        return REGEX_YES;
    }
    return REGEX_NO;
}

/* The groups that extract_all gives: numbers. */
struct groups {
    const struct regex *regex;
    unsigned count;
    unsigned char numbers[REGEX_MAX_GROUPS];
};

/* Of a group named by number or name; -1: there is none. */
static int64_t group_number(const struct regex *regex, const struct dynamic *group)
{
    if (group->kind == DYNAMIC_STRING)
        return regex_group_number(regex, group->text);
    return group->kind == DYNAMIC_LONG ? group->number : -1;
}

static int prepare_extract_all(struct function_bind *bind)
{
    struct groups *groups = arena_zeroed(bind->arena, 1, sizeof(*groups));
    size_t text = bind->count - 1;
    if (groups == NULL)
        return -ENOMEM;
    if (bind->args[text]->type != VALUE_STRING)
        return function_refuse(bind, "K211", bind->args[text]->place,
                               "extract_all() wants a string to look in, not a %s",
                               value_type_name(bind->args[text]->type));
    int rc = compile(bind, &groups->regex, 0, 0);
    if (rc < 0)
        return rc;
    unsigned total = regex_groups(groups->regex);
    if (total == 0)
        return function_refuse(bind, "K122", bind->args[0]->place, "the regular expression has no capture group");
    const struct value *wanted = bind->count == 3 ? expr_constant_value(bind->args[1]) : NULL;
    if (bind->count == 3 && (wanted == NULL || wanted->type != VALUE_DYNAMIC || wanted->is_null ||
                             wanted->dynamic->kind != DYNAMIC_ARRAY || wanted->dynamic->count > REGEX_MAX_GROUPS))
        return function_refuse(bind, "K122", bind->args[1]->place,
                               "a constant array of the groups' numbers or names is wanted");
    groups->count = wanted == NULL ? total : (unsigned)wanted->dynamic->count;
    for (unsigned i = 0; i < groups->count; i++) {
        int64_t number = wanted == NULL ? i + 1 : group_number(groups->regex, &wanted->dynamic->items[i]);
        if (number < 0 || number > total)
            return function_refuse(bind, "K122", bind->args[1]->place,
                                   "the regular expression has %u capture groups, and none of that number or name",
                                   total);
        groups->numbers[i] = (unsigned char)number;
    }
    bind->prepared = groups;
    return 0;
}

/* One match as an item: the text of its only group, or an array of all. False: scratch's limit. */
static bool set_item(struct dynamic *item, const struct groups *groups, struct text subject,
                     const struct regex_span *spans, struct arena *scratch)
{
    if (groups->count == 1) {
        *item = (struct dynamic){.kind = DYNAMIC_STRING, .text = part(subject, spans[groups->numbers[0]])};
        return true;
    }
    struct dynamic *inner = arena_zeroed(scratch, groups->count, sizeof(*inner));
    for (unsigned i = 0; inner != NULL && i < groups->count; i++)
        inner[i] = (struct dynamic){.kind = DYNAMIC_STRING, .text = part(subject, spans[groups->numbers[i]])};
    *item = (struct dynamic){.kind = DYNAMIC_ARRAY, .count = groups->count, .items = inner};
    return inner != NULL;
}

static struct value call_extract_all(const struct function_call *call)
{
    const struct groups *groups = call->prepared;
    struct arena *scratch = call->run->scratch;
    struct regex_span spans[SPANS];
    struct text subject = regex_subject(call->args[call->count - 1].text, scratch);
    struct matches counted = {.regex = groups->regex, .scratch = scratch, .subject = subject};
    struct matches matches = counted;
    size_t count = 0, at = 0;
    enum regex_answer answer = REGEX_LIMIT;
    while (subject.bytes != NULL && (answer = next_match(&counted, spans)) == REGEX_YES)
        count++;
    if (answer == REGEX_LIMIT)
        return value_error();
    if (count == 0)
        return value_null(VALUE_DYNAMIC);
    struct dynamic *items = arena_zeroed(scratch, count, sizeof(*items));
    while (items != NULL && at < count && next_match(&matches, spans) == REGEX_YES)
        if (!set_item(&items[at++], groups, subject, spans, scratch))
            return value_error();
    return function_array_of(items, count, scratch);
}

/* \0 to \9 in the replacement are the match and its groups, \\ is a backslash. */
static void put_rewrite(struct builder *to, struct text rewrite, struct text subject, const struct regex_span *spans)
{
    for (size_t i = 0; i < rewrite.len; i++) {
        char c = rewrite.bytes[i], next = i + 1 < rewrite.len ? rewrite.bytes[i + 1] : '\0';
        if (c == '\\' && next >= '0' && next <= '9') {
            builder_text(to, part(subject, spans[next - '0']));
            i++;
        } else {
            builder_byte(to, c);
            i += c == '\\' && next == '\\';
        }
    }
}

static struct value replaced(const struct function_call *call, struct text text, struct text rewrite)
{
    struct arena *scratch = call->run->scratch;
    struct regex_span spans[SPANS];
    struct matches matches = {.regex = call->prepared, .scratch = scratch, .subject = regex_subject(text, scratch)};
    struct builder to = builder_in(scratch);
    size_t copied = 0;
    enum regex_answer answer = REGEX_LIMIT;
    while (matches.subject.bytes != NULL && !to.is_failed && (answer = next_match(&matches, spans)) == REGEX_YES) {
        builder_text(&to, (struct text){matches.subject.bytes + copied, spans[0].from - copied});
        put_rewrite(&to, rewrite, matches.subject, spans);
        copied = spans[0].to;
    }
    if (answer != REGEX_NO)
        return value_error();
    builder_text(&to, (struct text){matches.subject.bytes + copied, matches.subject.len - copied});
    return function_text(builder_end(&to));
}

/* replace_regex(text, pattern, rewrite); the old replace(pattern, rewrite, text). */
static struct value call_replace_regex(const struct function_call *call)
{
    return replaced(call, call->args[0].text, call->args[2].text);
}

static struct value call_replace(const struct function_call *call)
{
    return replaced(call, call->args[2].text, call->args[1].text);
}

static int prepare_replace(struct function_bind *bind)
{
    const struct regex *regex;
    int rc = compile(bind, &regex, bind->function->name[7] == '_' ? 1 : 0, 0);
    bind->prepared = rc == 0 ? regex : NULL;
    return rc;
}

/* The pattern at both ends of a text. */
struct trimmer {
    const struct regex *start, *end; /* NULL: not at that end */
};

static int prepare_trim(struct function_bind *bind)
{
    struct trimmer *trimmer = arena_zeroed(bind->arena, 1, sizeof(*trimmer));
    const char *which = bind->function->name + 4;
    int rc = trimmer == NULL ? -ENOMEM : 0;
    if (rc == 0 && strcmp(which, "_end") != 0)
        rc = compile(bind, &trimmer->start, 0, REGEX_AT_START);
    if (rc == 0 && strcmp(which, "_start") != 0)
        rc = compile(bind, &trimmer->end, 0, REGEX_AT_END);
    bind->prepared = trimmer;
    return rc;
}

/* One match goes at each end, no more: trim("x", "xxabcxx") is "xabcx". */
static struct value call_trim(const struct function_call *call)
{
    const struct trimmer *trimmer = call->prepared;
    struct arena *scratch = call->run->scratch;
    struct regex_span span;
    struct text text = regex_subject(call->args[1].text, scratch);
    enum regex_answer answer = REGEX_NO;
    if (text.bytes == NULL)
        return value_error();
    if (trimmer->start != NULL && (answer = regex_find(trimmer->start, text, 0, &span, 1, scratch)) == REGEX_YES)
        text = (struct text){text.bytes + span.to, text.len - span.to};
    if (answer == REGEX_LIMIT)
        return value_error();
    answer = REGEX_NO;
    if (trimmer->end != NULL && (answer = regex_find(trimmer->end, text, 0, &span, 1, scratch)) == REGEX_YES)
        text.len = span.from;
    return answer == REGEX_LIMIT ? value_error() : value_string(text);
}

static int prepare_countof(struct function_bind *bind)
{
    if (bind->count < 3)
        return 0;
    struct text kind = function_constant(bind, 2).text;
    if (text_equal(kind, text_from("normal")))
        return 0;
    if (!text_equal(kind, text_from("regex")))
        return function_refuse(bind, "K122", bind->args[2]->place, "the kind is \"normal\" or \"regex\"");
    if (bind->args[1]->kind != EXPR_CONSTANT)
        return function_refuse(bind, "K122", bind->args[1]->place, "a regular expression must be a constant");
    const struct regex *regex;
    int rc = compile(bind, &regex, 1, 0);
    bind->prepared = rc == 0 ? regex : NULL;
    return rc;
}

static struct value call_countof(const struct function_call *call)
{
    struct arena *scratch = call->run->scratch;
    struct regex_span spans[SPANS];
    if (call->prepared == NULL)
        return value_long(function_count_text(call->args[0].text, call->args[1].text));
    struct matches matches = {
        .regex = call->prepared, .scratch = scratch, .subject = regex_subject(call->args[0].text, scratch)};
    int64_t count = 0;
    enum regex_answer answer = REGEX_LIMIT;
    while (matches.subject.bytes != NULL && (answer = next_match(&matches, spans)) == REGEX_YES)
        count++;
    return answer == REGEX_LIMIT ? value_error() : value_long(count);
}

static int prepare_indexof_regex(struct function_bind *bind)
{
    const struct regex *regex;
    int rc = compile(bind, &regex, 1, 0);
    bind->prepared = rc == 0 ? regex : NULL;
    return rc;
}

/* Number of the character where the match begins, counted from that many characters on; -1: there is none. */
static struct value call_indexof_regex(const struct function_call *call)
{
    struct arena *scratch = call->run->scratch;
    struct regex_span spans[SPANS];
    struct matches matches = {
        .regex = call->prepared, .scratch = scratch, .subject = regex_subject(call->args[0].text, scratch)};
    int64_t start = call->count > 2 ? call->args[2].number : 0, length = call->count > 3 ? call->args[3].number : -1;
    int64_t occurrence = call->count > 4 ? call->args[4].number : 1;
    enum regex_answer answer = REGEX_LIMIT;
    if (start < 0 || length < -1 || occurrence < 1)
        return value_null(VALUE_LONG);
    for (int64_t i = 0; i < start && matches.at < matches.subject.len; i++)
        (void)text_decode(matches.subject, &matches.at); /* only the step counts */
    while (matches.subject.bytes != NULL && (answer = next_match(&matches, spans)) == REGEX_YES && --occurrence > 0)
        ;
    if (answer == REGEX_LIMIT)
        return value_error();
    int64_t place =
        answer == REGEX_NO ? -1 : (int64_t)text_code_points((struct text){matches.subject.bytes, spans[0].from});
    return value_long(length >= 0 && place >= start + length ? -1 : place);
}

static struct value call_regex_quote(const struct function_call *call)
{
    struct builder to = builder_in(call->run->scratch);
    struct text text = call->args[0].text;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.bytes[i];
        if (c != '\0' && strchr("\\.+*?()|[]{}^$#&-~", c) != NULL)
            builder_byte(&to, '\\');
        builder_byte(&to, c);
    }
    return function_text(builder_end(&to));
}

#define TEXT(name, arguments, summary, classes, min, max, flags, keeps, prepare, call)                                 \
    {                                                                                                                  \
        name, arguments, summary, classes, min, max, VALUE_STRING, flags, keeps, prepare, call, NULL, NULL             \
    }

const struct function function_regular[] = {
    {"matches regex", "string matches regex string", "the regular expression stands in it; the case counts", "Ss!", 2,
     2, VALUE_BOOL, FUNCTION_OPERATOR, 0, prepare_matches, call_matches, NULL, need_matches},
    TEXT("extract", "(regex: string, group: long, text: string [, type])",
         "what the group of the first match holds; group 0: the match", "s!lss!", 3, 4, FUNCTION_KEEPS, 2,
         prepare_extract, call_extract),
    {"extract_all", "(regex: string, [groups: dynamic,] text: string)",
     "an array of what the group, or an array of what each group of each match holds", "s!a", 2, 3, VALUE_DYNAMIC,
     FUNCTION_NULLS, 0, prepare_extract_all, call_extract_all, NULL, NULL},
    TEXT("replace_regex", "(text: string, regex: string, by: string)", "each match replaced; \\1 is group 1", "ss!s!",
         3, 3, 0, 0, prepare_replace, call_replace_regex),
    TEXT("replace", "(regex: string, by: string, text: string)", "replace_regex", "s!s!s", 3, 3, FUNCTION_OLD, 0,
         prepare_replace, call_replace),
    TEXT("trim", "(regex: string, text: string)", "without one match at each end", "s!s", 2, 2, FUNCTION_KEEPS, 1,
         prepare_trim, call_trim),
    TEXT("trim_start", "(regex: string, text: string)", "without one match at the beginning", "s!s", 2, 2,
         FUNCTION_KEEPS, 1, prepare_trim, call_trim),
    TEXT("trim_end", "(regex: string, text: string)", "without one match at the end", "s!s", 2, 2, FUNCTION_KEEPS, 1,
         prepare_trim, call_trim),
    {"countof", "(text: string, search: string [, kind: string])",
     "how often it stands in the text; kind \"regex\": matches", "sss!", 2, 3, VALUE_LONG, 0, 0, prepare_countof,
     call_countof, NULL, NULL},
    {"indexof_regex", "(text, regex: string [, start: long [, length: long [, occurrence: long]]])",
     "where it matches, from 0; -1: nowhere", "ts!lll!", 2, 5, VALUE_LONG, 0, 0, prepare_indexof_regex,
     call_indexof_regex, NULL, NULL},
    TEXT("regex_quote", "(text)", "as a regular expression that matches just that", "t", 1, 1, 0, 0, NULL,
         call_regex_quote),
    {0},
};
