#include "detect/powershell/powershell_log.h"

#include <stdbool.h>

const char *powershell_log_change_name(enum powershell_log_change change)
{
    static const char *const names[] = {"", "add", "remove", "both", "replace", "clear", "delta"};
    return names[change];
}

static struct text part(struct text text, size_t from, size_t to)
{
    return (struct text){text.bytes + from, to - from};
}

static struct text after(struct text text, size_t from)
{
    return part(text, from < text.len ? from : text.len, text.len);
}

static bool begins_with(struct text text, struct text with)
{
    return text.len >= with.len && text_equal_nocase(part(text, 0, with.len), with);
}

static struct text trimmed(struct text text)
{
    while (text.len > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t'))
        text = after(text, 1);
    while (text.len > 0 && strchr(" \t\r\n", text.bytes[text.len - 1]) != NULL)
        text.len--;
    return text;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Does " -Name " or " -Name" at the end begin at at, a blank or the text's beginning? */
static bool is_parameter_at(struct text text, size_t at)
{
    if (at >= text.len || text.bytes[at] != '-' || (at > 0 && text.bytes[at - 1] != ' '))
        return false;
    size_t end = at + 1;
    while (end < text.len && is_name_byte(text.bytes[end]))
        end++;
    return end > at + 1 && (end == text.len || text.bytes[end] == ' ');
}

/* The value that begins a text: up to the parameter after it. A blank and a dash within quotes end none. */
static struct text value_at(struct text text)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.bytes[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && is_parameter_at(text, i))
            return trimmed(part(text, 0, i));
    }
    return trimmed(text);
}

static struct text unquoted(struct text text)
{
    return text.len >= 2 && text.bytes[0] == '"' && text.bytes[text.len - 1] == '"' ? part(text, 1, text.len - 1)
                                                                                    : text;
}

/* Exchange 2010's {Name=value, Name=value}. */
static struct text value_in_braces(struct text text, struct text name)
{
    for (size_t i = 1; i + name.len < text.len; i++) {
        bool is_begin = text.bytes[i - 1] == '{' || text.bytes[i - 1] == ' ' || text.bytes[i - 1] == ',';
        if (!is_begin || text.bytes[i + name.len] != '=' || !begins_with(after(text, i), name))
            continue;
        struct text value = after(text, i + name.len + 1);
        size_t depth = 0;
        for (size_t k = 0; k < value.len; k++) {
            char c = value.bytes[k];
            if (depth == 0 && (c == ',' || c == '}'))
                return trimmed(part(value, 0, k));
            depth += c == '{' || c == '(';
            depth -= depth > 0 && (c == '}' || c == ')');
        }
        return trimmed(value);
    }
    return (struct text){NULL, 0};
}

/* The raw value, quotes and all. */
static struct text find_value(struct text parameters, struct text name)
{
    struct text text = trimmed(parameters);
    if (text.len == 0 || name.len == 0)
        return (struct text){NULL, 0};
    if (text.bytes[0] == '{')
        return value_in_braces(text, name);
    for (size_t i = 0; i + name.len < text.len; i++) {
        size_t end = i + 1 + name.len;
        if (is_parameter_at(text, i) && begins_with(after(text, i + 1), name) &&
            (end == text.len || text.bytes[end] == ' '))
            return value_at(trimmed(after(text, end)));
    }
    return (struct text){NULL, 0};
}

struct text powershell_log_value(struct text parameters, struct text name)
{
    return unquoted(find_value(parameters, name));
}

/* The keys of @{Key=value;Key=value}. */
static enum powershell_log_change change_of_table(struct text table)
{
    bool adds = false, removes = false, is_key = true, is_quoted = false;
    for (size_t i = 2; i < table.len; i++) {
        struct text rest = after(table, i);
        char c = table.bytes[i];
        if (is_key && c != ' ' && c != '"' && c != '\'') {
            adds |= begins_with(rest, text_from("add")) || c == '+';
            removes |= begins_with(rest, text_from("remove")) || c == '-';
            is_key = false;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (c == ';' && !is_quoted) {
            is_key = true;
        }
    }
    return adds && removes ? POWERSHELL_LOG_BOTH
           : adds          ? POWERSHELL_LOG_ADD
           : removes       ? POWERSHELL_LOG_REMOVE
                           : POWERSHELL_LOG_DELTA;
}

static enum powershell_log_change change_of(struct text value)
{
    if (value.bytes == NULL)
        return POWERSHELL_LOG_NONE;
    if (text_equal_nocase(value, text_from("$null")))
        return POWERSHELL_LOG_CLEAR;
    if (begins_with(value, text_from("@{")))
        return change_of_table(value);
    /* What was added and removed is written as a list without items. */
    return value.len == 0 || text_equal(value, text_from("()")) ? POWERSHELL_LOG_DELTA : POWERSHELL_LOG_REPLACE;
}

enum powershell_log_change powershell_log_parameter(struct text parameters, struct text name)
{
    return change_of(find_value(parameters, name));
}

/* Takes with from the front of *text, in any letter case. */
static bool take(struct text *text, struct text with)
{
    if (!begins_with(*text, with))
        return false;
    *text = after(*text, with.len);
    return true;
}

/* Takes Set-<letters or digits>NOUN, perhaps after Module\, and what ends the name. */
static bool take_cmdlet(struct text *line, struct text noun)
{
    size_t end = text_find(*line, ')');
    if (end == line->len)
        return false;
    struct text name = text_after_last(part(*line, 0, end), '\\');
    *line = after(*line, end);
    if (!take(&name, text_from("set-")) || name.len < noun.len ||
        !text_equal_nocase(after(name, name.len - noun.len), noun))
        return false;
    for (size_t i = 0; i < name.len - noun.len; i++)
        if (!is_name_byte(name.bytes[i]))
            return false;
    return true;
}

static enum powershell_log_change binding_of(struct text line, struct text noun, struct text name)
{
    if (!take(&line, text_from("ParameterBinding(")) || !take_cmdlet(&line, noun) ||
        !take(&line, text_from("): name=\"")) || !take(&line, name) || !take(&line, text_from("\"; value=\"")))
        return POWERSHELL_LOG_NONE;
    struct text value = trimmed(line);
    if (value.len > 0 && value.bytes[value.len - 1] == '"')
        value.len--;
    if (value.len == 0 || text_equal_nocase(value, text_from("System.Collections.Hashtable")))
        return POWERSHELL_LOG_DELTA;
    return change_of(value);
}

enum powershell_log_change powershell_log_binding(struct text details, struct text noun, struct text name)
{
    while (details.len > 0) {
        size_t end = text_find(details, '\n');
        enum powershell_log_change change = binding_of(trimmed(part(details, 0, end)), noun, name);
        if (change != POWERSHELL_LOG_NONE)
            return change;
        details = after(details, end + 1);
    }
    return POWERSHELL_LOG_NONE;
}
