/* Paths, command lines, URLs and CSV taken apart. */
#include "detect/base/account.h"
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"

#include <string.h>

static struct text slice(struct text text, size_t from, size_t to)
{
    return text.bytes == NULL ? text : (struct text){text.bytes + from, to - from};
}

/* A bag of count members; names and values side by side. */
static struct value bag_of(const char *const *names, const struct text *values, size_t count, struct arena *scratch)
{
    struct dynamic_member *members = arena_zeroed(scratch, count, sizeof(*members));
    struct dynamic *bag = arena_alloc(scratch, sizeof(*bag));
    if (members == NULL || bag == NULL)
        return value_error();
    for (size_t i = 0; i < count; i++) {
        members[i].name = text_from(names[i]);
        members[i].value =
            (struct dynamic){.kind = DYNAMIC_STRING, .text = values[i].bytes == NULL ? text_from("") : values[i]};
    }
    *bag = (struct dynamic){.kind = DYNAMIC_BAG, .count = count, .members = members};
    return value_dynamic(bag);
}

/* Puts value, an array or bag, into a bag that bag_of() has just made. */
static void set_member(struct value *bag, size_t place, struct dynamic value)
{
    struct dynamic_member *members = NULL;
    memcpy(&members, &bag->dynamic->members, sizeof(struct dynamic_member *));
    members[place].value = value;
}

/* Byte index of the last of the separators of paths, or text.len. */
static size_t last_separator(struct text text)
{
    for (size_t i = text.len; i > 0; i--)
        if (text.bytes[i - 1] == '\\' || text.bytes[i - 1] == '/')
            return i - 1;
    return text.len;
}

/* "file://" at the beginning: how many bytes, and its word. */
static size_t scheme_of(struct text path, struct text *scheme)
{
    for (size_t i = 0; i + 2 < path.len; i++) {
        if (path.bytes[i] == ':' && path.bytes[i + 1] == '/' && path.bytes[i + 2] == '/') {
            *scheme = slice(path, 0, i);
            return i + 3;
        }
        char lower = (char)(path.bytes[i] | 0x20);
        if (lower < 'a' || lower > 'z')
            break;
    }
    return 0;
}

static struct value call_parse_path(const struct function_call *call)
{
    static const char *const names[] = {"Scheme",   "RootPath",  "DirectoryPath",          "DirectoryName",
                                        "Filename", "Extension", "AlternateDataStreamName"};
    struct text part[7] = {{NULL, 0}}, path = call->args[0].text;
    size_t skipped = scheme_of(path, &part[0]);
    struct text rest = slice(path, skipped, path.len);
    char letter = rest.len > 1 ? (char)(rest.bytes[0] | 0x20) : '\0';
    if (letter >= 'a' && letter <= 'z' && rest.bytes[1] == ':')
        part[1] = slice(rest, 0, 2);
    size_t end = last_separator(rest);
    struct text name = end == rest.len ? slice(rest, part[1].len, rest.len) : slice(rest, end + 1, rest.len);
    part[2] = end == rest.len ? part[1] : slice(rest, 0, end);
    size_t before = last_separator(part[2]);
    part[3] =
        before == part[2].len ? slice(part[2], part[1].len, part[2].len) : slice(part[2], before + 1, part[2].len);
    size_t colon = text_find(name, ':');
    if (colon < name.len)
        part[6] = slice(name, colon + 1, name.len);
    part[4] = slice(name, 0, colon);
    struct text extension = text_after_last(part[4], '.');
    part[5] = extension.len < part[4].len ? extension : (struct text){NULL, 0};
    return bag_of(names, part, 7, call->run->scratch);
}

/* The next argument of a Windows command line from *at on, as CommandLineToArgvW reads all but the first. */
static void take_argument(struct text line, size_t *at, struct builder *to)
{
    bool is_quoted = false;
    while (*at < line.len) {
        size_t slashes = 0;
        while (*at + slashes < line.len && line.bytes[*at + slashes] == '\\')
            slashes++;
        *at += slashes;
        bool is_quote = *at < line.len && line.bytes[*at] == '"';
        for (size_t i = 0; i < (is_quote ? slashes / 2 : slashes); i++)
            builder_byte(to, '\\');
        if (*at == line.len)
            return;
        char c = line.bytes[*at];
        if (!is_quoted && slashes == 0 && (c == ' ' || c == '\t'))
            return;
        if (is_quote && slashes % 2 == 0) {
            bool is_double = is_quoted && *at + 1 < line.len && line.bytes[*at + 1] == '"';
            if (is_double)
                builder_byte(to, '"');
            else
                is_quoted = !is_quoted;
            *at += is_double ? 2 : 1;
            continue;
        }
        if (!is_quoted && (c == ' ' || c == '\t'))
            return;
        builder_byte(to, c);
        *at += 1;
    }
}

/* The program: to the next quote when it begins with one, else to a blank. Backslashes mean nothing here. */
static struct text take_program(struct text line, size_t *at)
{
    bool is_quoted = line.len > 0 && line.bytes[0] == '"';
    size_t from = is_quoted ? 1 : 0, end = from;
    while (end < line.len && (is_quoted ? line.bytes[end] != '"' : line.bytes[end] != ' ' && line.bytes[end] != '\t'))
        end++;
    *at = is_quoted && end < line.len ? end + 1 : end;
    return slice(line, from, end);
}

/* A command line has no more arguments than every second of its bytes. */
static struct value call_parse_command_line(const struct function_call *call)
{
    struct text line = call->args[0].text;
    struct arena *scratch = call->run->scratch;
    size_t count = 0, at = 0, blanks = 0;
    while (blanks < line.len && (line.bytes[blanks] == ' ' || line.bytes[blanks] == '\t'))
        blanks++;
    line = slice(line, blanks, line.len);
    size_t room = line.len / 2 + 1;
    struct dynamic *items = arena_zeroed(scratch, room, sizeof(*items));
    if (items == NULL)
        return value_error();
    if (line.len > 0)
        items[count++] = (struct dynamic){.kind = DYNAMIC_STRING, .text = take_program(line, &at)};
    for (;;) {
        while (at < line.len && (line.bytes[at] == ' ' || line.bytes[at] == '\t'))
            at++;
        if (at >= line.len || count == room)
            return function_array_of(items, count, scratch);
        struct builder to = builder_in(scratch);
        take_argument(line, &at, &to);
        struct text argument = builder_end(&to);
        if (argument.bytes == NULL)
            return value_error();
        items[count++] = (struct dynamic){.kind = DYNAMIC_STRING, .text = argument};
    }
}

static int prepare_command_line(struct function_bind *bind)
{
    if (text_equal(function_constant(bind, 1).text, text_from("windows")))
        return 0;
    return function_refuse(bind, "K122", bind->args[1]->place, "the only parser of command lines is \"windows\"");
}

/* Parameters of a query, a=1&b=2, as a bag in *out. False: scratch's limit. */
static bool query_bag(struct text query, struct dynamic *out, struct arena *scratch)
{
    size_t most = 1, count = 0;
    for (size_t i = 0; i < query.len; i++)
        most += query.bytes[i] == '&';
    struct dynamic_member *members = arena_zeroed(scratch, most, sizeof(*members));
    if (members == NULL)
        return false;
    for (size_t at = 0; at < query.len;) {
        size_t end = at + text_find(slice(query, at, query.len), '&');
        struct text pair = slice(query, at, end);
        size_t equals = text_find(pair, '=');
        struct text value = equals < pair.len ? slice(pair, equals + 1, pair.len) : text_from("");
        if (pair.len > 0)
            members[count++] = (struct dynamic_member){slice(pair, 0, equals), {.kind = DYNAMIC_STRING, .text = value}};
        at = end + 1;
    }
    *out = (struct dynamic){.kind = DYNAMIC_BAG, .count = count, .members = members};
    return true;
}

/* The part of *rest after the first byte c, which then ends before it. */
static struct text cut_after(struct text *rest, char c)
{
    size_t at = text_find(*rest, c);
    if (at == rest->len)
        return (struct text){"", 0};
    struct text after = slice(*rest, at + 1, rest->len);
    rest->len = at;
    return after;
}

static struct value call_parse_url(const struct function_call *call)
{
    static const char *const names[] = {"Scheme",           "Host",    "Port", "Path", "Username", "Password",
                                        "Query Parameters", "Fragment"};
    struct arena *scratch = call->run->scratch;
    struct text part[8] = {{NULL, 0}}, rest = call->args[0].text;
    struct dynamic query;
    part[7] = cut_after(&rest, '#');
    struct text parameters = cut_after(&rest, '?');
    size_t scheme = scheme_of(rest, &part[0]);
    rest = slice(rest, scheme, rest.len);
    size_t path = text_find(rest, '/');
    part[3] = slice(rest, path, rest.len);
    struct text authority = slice(rest, 0, path);
    struct text host = text_after_last(authority, '@');
    if (host.len < authority.len) {
        part[4] = slice(authority, 0, authority.len - host.len - 1);
        part[5] = cut_after(&part[4], ':');
    }
    struct text port = text_after_last(host, ':');
    bool has_port = port.len < host.len && (port.len == 0 || memchr(port.bytes, ']', port.len) == NULL);
    part[1] = has_port ? slice(host, 0, host.len - port.len - 1) : host;
    part[2] = has_port ? port : (struct text){NULL, 0};
    struct value bag = bag_of(names, part, 8, scratch);
    if (bag.type == VALUE_ERROR || !query_bag(parameters, &query, scratch))
        return value_error();
    set_member(&bag, 6, query);
    return bag;
}

static struct value call_parse_urlquery(const struct function_call *call)
{
    static const char *const names[] = {"Query Parameters"};
    struct text none = {NULL, 0};
    struct dynamic query;
    struct text text = call->args[0].text;
    if (text.len > 0 && text.bytes[0] == '?')
        text = slice(text, 1, text.len);
    struct value bag = bag_of(names, &none, 1, call->run->scratch);
    if (bag.type == VALUE_ERROR || !query_bag(text, &query, call->run->scratch))
        return value_error();
    set_member(&bag, 0, query);
    return bag;
}

/* One field of a CSV record from *at on, without the comma after it. */
static struct text take_field(struct text text, size_t *at, struct arena *scratch)
{
    struct builder to = builder_in(scratch);
    bool is_quoted = false;
    for (; *at < text.len; *at += 1) {
        char c = text.bytes[*at];
        if (c == '"' && is_quoted && *at + 1 < text.len && text.bytes[*at + 1] == '"') {
            builder_byte(&to, '"');
            *at += 1;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && (c == ',' || c == '\n' || c == '\r')) {
            break;
        } else {
            builder_byte(&to, c);
        }
    }
    return builder_end(&to);
}

/* The first record. */
static struct value call_parse_csv(const struct function_call *call)
{
    struct text text = call->args[0].text;
    struct arena *scratch = call->run->scratch;
    size_t most = 1, count = 0, at = 0;
    for (size_t i = 0; i < text.len; i++)
        most += text.bytes[i] == ',';
    struct dynamic *items = arena_zeroed(scratch, most, sizeof(*items));
    if (items == NULL)
        return value_error();
    for (bool is_more = true; is_more; at++) {
        struct text field = take_field(text, &at, scratch);
        if (field.bytes == NULL)
            return value_error();
        items[count++] = (struct dynamic){.kind = DYNAMIC_STRING, .text = field};
        is_more = at < text.len && text.bytes[at] == ',';
    }
    return function_array_of(items, count, scratch);
}

static struct value call_account_name(const struct function_call *call)
{
    struct text domain, name;
    account_split(&domain, &name, call->args[0].text);
    return function_text(name);
}

static struct value call_account_domain(const struct function_call *call)
{
    struct text domain, name;
    account_split(&domain, &name, call->args[0].text);
    return function_text(domain);
}

#define PARSE(name, arguments, summary, classes, count, flags, prepare, call)                                          \
    {                                                                                                                  \
        name, arguments, summary, classes, count, count, VALUE_DYNAMIC, flags, 0, prepare, call, NULL, NULL            \
    }

const struct function function_parse[] = {
    PARSE("parse_path", "(path: string)",
          "a bag: Scheme RootPath DirectoryPath DirectoryName Filename Extension "
          "AlternateDataStreamName",
          "s", 1, FUNCTION_KEEPS, NULL, call_parse_path),
    PARSE("parse_command_line", "(line: string, parser: string)",
          "the arguments, as Windows takes them apart; parser: \"windows\"", "ts!", 2, 0, prepare_command_line,
          call_parse_command_line),
    PARSE("parse_url", "(url: string)", "a bag: Scheme Host Port Path Username Password \"Query Parameters\" Fragment",
          "s", 1, FUNCTION_KEEPS, NULL, call_parse_url),
    PARSE("parseurl", "(url: string)", "parse_url", "s", 1, FUNCTION_OLD, NULL, call_parse_url),
    PARSE("parse_urlquery", "(query: string)", "a bag: \"Query Parameters\"", "s", 1, FUNCTION_KEEPS, NULL,
          call_parse_urlquery),
    PARSE("parse_csv", "(record: string)", "the fields of one record of comma-separated values", "s", 1, 0, NULL,
          call_parse_csv),
    {"account_name", "(account: string)", "ours: the name in domain\\name, name@domain or name", "s", 1, 1,
     VALUE_STRING, FUNCTION_KEEPS, 0, NULL, call_account_name, NULL, NULL},
    {"account_domain", "(account: string)", "ours: the domain in domain\\name or name@domain; empty if there is none",
     "s", 1, 1, VALUE_STRING, FUNCTION_KEEPS, 0, NULL, call_account_domain, NULL, NULL},
    {0},
};
