#include "agent/rules/rule_report.h"

#include "agent/system/plain.h"
#include "detect/base/utf8.h"
#include "detect/rule/coverage.h"

#include <stdlib.h>
#include <string.h>

/* Longest part of a source line that is shown, characters. */
#define SHOWN 160

/* Line number of bytes, without its end. */
static struct text line_of(const char *bytes, size_t size, unsigned number)
{
    struct text rest = {bytes, size};
    for (; number > 1 && rest.len > 0; number--) {
        size_t end = text_find(rest, '\n');
        size_t used = end < rest.len ? end + 1 : end;
        rest = (struct text){rest.bytes + used, rest.len - used};
    }
    rest.len = text_find(rest, '\n');
    if (rest.len > 0 && rest.bytes[rest.len - 1] == '\r')
        rest.len--;
    return rest;
}

/* The line, and a caret below its column-th character; a long line from where the caret can be seen. */
static void show_line(FILE *to, struct text line, unsigned column)
{
    size_t at = 0, caret = 0;
    unsigned character = 1, first = column > SHOWN - 20 ? column - (SHOWN - 20) : 1;
    fputs("    ", to);
    for (; at < line.len && character < first + SHOWN; character++) {
        size_t begin = at;
        uint32_t point = text_decode(line, &at);
        if (character < first)
            continue;
        if (plain_is_invisible(point))
            fputc(' ', to);
        else
            plain_printf(to, "%.*s", (int)(at - begin), line.bytes + begin);
        caret += character < column;
    }
    fputs("\n    ", to);
    for (size_t i = 0; i < caret; i++)
        fputc(' ', to);
    fputs("^\n", to);
}

static void show_notes(FILE *to, const struct rule_load_file *file, const struct note *notes, size_t count,
                       const char *what)
{
    for (size_t i = 0; i < count; i++) {
        const struct note *note = &notes[i];
        if (note->place.line == 0) {
            plain_printf(to, "%s: %s%s: %s\n", file->path, what, note->code, note->message);
            continue;
        }
        plain_printf(to, "%s:%u:%u: %s%s: %s\n", file->path, note->place.line, note->place.column, what, note->code,
                     note->message);
        if (file->bytes != NULL)
            show_line(to, line_of(file->bytes, file->size, note->place.line), note->place.column);
    }
}

static size_t number_of(const struct rule_load *load, const struct rule *rule)
{
    size_t number = 0;
    (void)rule_set_find(load->set, rule->id, &number); /* it is there */
    return number;
}

static void show_leg(FILE *to, const struct rule_load *load, const struct rule *rule, size_t i)
{
    const struct leg *leg = &rule->legs.items[i];
    const struct columns *columns = rule_set_columns(load->set);
    const struct expr_needs *needs = rule_set_leg(load->set, number_of(load, rule), i).needs;
    plain_printf(to, "  leg %u: %.*s\n", leg->number, (int)leg->table.len, leg->table.bytes);
    if (needs == NULL)
        plain_printf(to, "    always on: nothing is known that must stand in an event; each is evaluated\n");
    for (size_t n = 0; needs != NULL && n < needs->count && n < 20; n++)
        plain_printf(to, "    %s \"%.*s\" in %s\n",
                     n == 0 ? "looked for:" : "        or:", (int)needs->literals[n].text.len,
                     needs->literals[n].text.bytes, column_name(columns, needs->literals[n].column));
    if (needs != NULL && needs->count > 20)
        plain_printf(to, "        or: %u more\n", (unsigned)needs->count - 20);
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        enum coverage coverage = coverage_of(leg, needs, columns, (enum event_kind)kind);
        if (coverage != COVERAGE_NONE)
            plain_printf(to, "    %s: %s\n", coverage_kind_name((enum event_kind)kind), coverage_name(coverage));
    }
}

void rule_report_text(FILE *to, const struct rule_load *load, const struct rule_load_file *file)
{
    if (file->error < 0) {
        plain_printf(to, "%s: can't be read: %s\n", file->path, strerror(-file->error));
        return;
    }
    show_notes(to, file, file->notes.errors, file->notes.error_count, "");
    show_notes(to, file, file->notes.warnings, file->notes.warning_count, "warning ");
    if (file->notes.dropped > 0)
        plain_printf(to, "%s: and %u more mistakes\n", file->path, (unsigned)file->notes.dropped);
    if (file->is_extra && notes_ok(&file->notes))
        plain_printf(to, "%s: good: no rule itself, but for rules\n", file->path);
    if (file->rule == NULL || !notes_ok(&file->notes))
        return;
    plain_printf(to, "%s: good: \"%s\", %s, %s\n", file->path, file->rule->name, file->rule->severity, file->rule->id);
    if (file->is_off) {
        plain_printf(to, "  off: %s%s\n", file->rule->is_disabled ? "" : "its authors call it ",
                     file->rule->is_disabled      ? "enabled: false"
                     : file->rule->status != NULL ? file->rule->status
                                                  : "otherwise");
        return;
    }
    for (size_t i = 0; i < file->rule->legs.count; i++)
        show_leg(to, load, file->rule, i);
}

/* Text of outside as JSON. */
static json_t *string_of(struct text text)
{
    char *clean;
    size_t size;
    if (utf8_clean(&clean, &size, text) < 0)
        return NULL;
    json_t *string = json_stringn(clean, size);
    free(clean);
    return string;
}

static json_t *notes_json(const struct note *notes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *note =
            json_pack("{s:i, s:i, s:s, s:o}", "line", (int)notes[i].place.line, "column", (int)notes[i].place.column,
                      "code", notes[i].code, "message", string_of(text_from(notes[i].message)));
        if (json_array_append_new(list, note) != 0) { /* NULL fails too */
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *needs_json(const struct rule_load *load, const struct expr_needs *needs)
{
    json_t *list = json_array();
    for (size_t i = 0; needs != NULL && i < needs->count; i++) {
        json_t *need =
            json_pack("{s:s, s:o}", "column", column_name(rule_set_columns(load->set), needs->literals[i].column),
                      "text", string_of(needs->literals[i].text));
        if (json_array_append_new(list, need) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Names of the columns that a condition reads. */
struct names {
    const struct columns *columns;
    json_t *list;
};

static void add_name(void *context, unsigned column)
{
    struct names *names = context;
    const char *name = column_name(names->columns, column);
    for (size_t i = 0; i < json_array_size(names->list); i++)
        if (strcmp(json_string_value(json_array_get(names->list, i)), name) == 0)
            return;
    (void)json_array_append_new(names->list, json_string(name)); /* a name that is missing is no harm */
}

static json_t *leg_json(const struct rule_load *load, const struct rule *rule, size_t i)
{
    const struct leg *leg = &rule->legs.items[i];
    struct columns *columns = rule_set_columns(load->set);
    const struct expr_needs *needs = rule_set_leg(load->set, number_of(load, rule), i).needs;
    struct names names = {columns, json_array()};
    json_t *kinds = json_object();
    expr_each_column(leg->condition, add_name, &names);
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        enum coverage coverage = coverage_of(leg, needs, columns, (enum event_kind)kind);
        if (coverage != COVERAGE_NONE)
            (void)json_object_set_new(kinds, coverage_kind_name((enum event_kind)kind),
                                      json_string(coverage_name(coverage))); /* as above */
    }
    return json_pack("{s:i, s:o, s:i, s:i, s:b, s:o, s:o, s:o}", "leg", (int)leg->number, "table",
                     string_of(leg->table), "line", (int)leg->place.line, "column", (int)leg->place.column, "always_on",
                     needs == NULL, "fields", names.list, "needs", needs_json(load, needs), "kinds", kinds);
}

static json_t *legs_json(const struct rule_load *load, const struct rule_load_file *file)
{
    json_t *list = json_array();
    if (file->rule == NULL || file->is_off || !notes_ok(&file->notes))
        return list;
    for (size_t i = 0; i < file->rule->legs.count; i++) {
        if (json_array_append_new(list, leg_json(load, file->rule, i)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *rule_report_json(const struct rule_load *load, const struct rule_load_file *file)
{
    bool is_ok = file->error == 0 && notes_ok(&file->notes);
    json_t *errors = file->error == 0 ? notes_json(file->notes.errors, file->notes.error_count)
                                      : json_pack("[{s:i, s:i, s:s, s:s}]", "line", 0, "column", 0, "code", "K000",
                                                  "message", strerror(-file->error));
    json_t *object = json_pack(
        "{s:o, s:b, s:o, s:o, s:o}", "file", string_of(text_from(file->path)), "ok", is_ok, "errors", errors,
        "warnings", notes_json(file->notes.warnings, file->notes.warning_count), "legs", legs_json(load, file));
    if (object == NULL || !is_ok || file->rule == NULL)
        return object;
    json_t *rule = rule_report_rule(load, file);
    if (rule == NULL || json_object_set_new(object, "rule", rule) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* Sets name, unless text is NULL. */
static int set(json_t *object, const char *name, const char *text)
{
    return text == NULL ? 0 : json_object_set_new(object, name, string_of(text_from(text)));
}

static json_t *attacks_json(const struct rule *rule)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rule->tactic_count; i++)
        (void)json_array_append_new(list, json_string(rule->tactics[i].id)); /* one that is missing is no harm */
    for (size_t i = 0; i < rule->technique_count; i++)
        (void)json_array_append_new(list, json_string(rule->techniques[i].id));
    return list;
}

/* The best that any leg can do with events of that kind. */
static enum coverage best_coverage(const struct rule_load *load, const struct rule *rule, enum event_kind kind)
{
    enum coverage best = COVERAGE_NONE;
    for (size_t i = 0; i < rule->legs.count; i++) {
        const struct expr_needs *needs = rule_set_leg(load->set, number_of(load, rule), i).needs;
        enum coverage coverage = coverage_of(&rule->legs.items[i], needs, rule_set_columns(load->set), kind);
        if (coverage > best)
            best = coverage;
    }
    return best;
}

json_t *rule_report_rule(const struct rule_load *load, const struct rule_load_file *file)
{
    const struct rule *rule = file->rule;
    json_t *object = json_object(), *kinds = json_object();
    int rc = object == NULL || kinds == NULL;
    rc |= set(object, "id", rule->id) | set(object, "version", rule->version) |
          set(object, "severity", rule->severity) | set(object, "name", rule->name) |
          set(object, "author", rule->author) | set(object, "license", rule->license) |
          set(object, "status", rule->status) |
          set(object, "format", rule->format == RULE_SIGMA ? "sigma" : "sentinel") | set(object, "source", file->path);
    rc |= json_object_set_new(object, "off", json_boolean(file->is_off));
    rc |= json_object_set_new(object, "older", json_boolean(file->is_older));
    rc |= json_object_set_new(object, "attack", attacks_json(rule));
    for (unsigned kind = 0; kind < EVENT_KIND_COUNT && !file->is_off; kind++) {
        enum coverage coverage = best_coverage(load, rule, (enum event_kind)kind);
        if (coverage != COVERAGE_NONE)
            rc |= json_object_set_new(kinds, coverage_kind_name((enum event_kind)kind),
                                      json_string(coverage_name(coverage)));
    }
    rc |= json_object_set_new(object, "kinds", kinds);
    if (rc != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}
