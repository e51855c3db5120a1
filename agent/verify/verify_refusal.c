#include "agent/verify/verify_refusal.h"

#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "agent/verify/verify_row.h"
#include "detect/kql/kql.h"
#include "detect/rule/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Memory for one rule and its notes, bytes. */
#define MAX_MEMORY ((size_t)64 << 20)

/* What a row says. */
struct row {
    struct text file, class, construct;
    uint32_t line, column;
};

static int malformed(struct verify *v, const char *what, struct text file)
{
    v->malformed++;
    plain_printf(v->faults_to, "%s:%lu: %.*s: %s\n", v->name, v->line, (int)file.len, file.bytes, what);
    return 0;
}

static bool number(uint32_t *out, struct text text)
{
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9' || value > 1000000)
            return false;
        value = value * 10 + (uint32_t)(text.bytes[i] - '0');
    }
    *out = value;
    return text.len > 0;
}

/* Is what the row names in the language by now? rc: of compiling the rule. */
static bool is_supported(const struct row *row, int rc)
{
    if (rc == 0)
        return text_equal(row->class, text_from("function-not-in-core")) ||
               text_equal(row->class, text_from("row-expansion"));
    static const char *const expansions[] = {"parse", "mv-expand", "mvexpand"};
    struct expr_entry entry;
    for (size_t i = 0; i < sizeof(expansions) / sizeof(expansions[0]); i++)
        if (text_equal(row->construct, text_from(expansions[i])))
            return true;
    if (text_equal(row->construct, text_from("parse_xml"))) /* read by the front end itself */
        return true;
    for (size_t i = 0; expr_entry_at(&entry, i); i++)
        if (entry.is_kql && text_equal(row->construct, text_from(entry.name)))
            return true;
    return false;
}

static bool is_told(const struct notes *notes, const struct row *row)
{
    for (size_t i = 0; i < notes->error_count; i++)
        if (notes->errors[i].place.line == row->line && notes->errors[i].place.column == row->column &&
            text_equal(text_from(kql_fault_class(notes->errors[i].code)), row->class))
            return true;
    return false;
}

static void say(struct verify *v, const struct row *row, const struct notes *notes, int rc)
{
    v->mismatches++;
    plain_printf(v->mismatches_to, "%s:%lu: %.*s:%u:%u: %.*s is not told;", v->name, v->line, (int)row->file.len,
                 row->file.bytes, (unsigned)row->line, (unsigned)row->column, (int)row->class.len, row->class.bytes);
    if (rc == 0)
        fputs(" the rule compiles", v->mismatches_to);
    for (size_t i = 0; i < notes->error_count; i++)
        plain_printf(v->mismatches_to, " %u:%u %s", notes->errors[i].place.line, notes->errors[i].place.column,
                     kql_fault_class(notes->errors[i].code));
    fputc('\n', v->mismatches_to);
}

/* Compiles the query of a rule file's content, places counted from the query's beginning. */
static int compile(struct verify *v, const struct row *row, struct text content, struct arena *arena,
                   struct columns *columns)
{
    struct notes read = {.arena = arena}, notes = {.arena = arena};
    const struct node *root = NULL;
    int rc = node_parse(&root, content, &read);
    const struct node *query = rc == 0 ? node_get(root, "query") : NULL;
    if (rc == -ENOMEM)
        return rc;
    if (query == NULL || query->type != NODE_SCALAR)
        return malformed(v, "the file holds no query", row->file);
    struct legs legs = {0};
    struct kql_options options = {.at = {1, 1}};
    rc = kql_compile(&legs, arena, columns, query->text, &options, &notes);
    if (rc == -ENOMEM)
        return rc;
    if (is_told(&notes, row))
        return 0;
    if (is_supported(row, rc))
        v->supported++;
    else
        say(v, row, &notes, rc);
    return 0;
}

static int check(struct verify *v, const struct row *row, struct text content)
{
    struct arena *arena = NULL;
    struct columns *columns = NULL;
    int rc = arena_new(&arena, MAX_MEMORY);
    if (rc == 0)
        rc = columns_new(&columns);
    if (rc == 0)
        rc = compile(v, row, content, arena, columns);
    columns_free(columns);
    arena_free(arena);
    return rc;
}

int verify_refusal_row(struct verify *v, struct text line)
{
    struct text column[VERIFY_MAX_COLUMNS] = {{NULL, 0}};
    size_t count = verify_row_split(column, line), size = 0;
    struct row row = {.file = column[0], .class = column[3], .construct = column[4]};
    char *name = NULL, *path = NULL, *content = NULL;
    if (count != 5 || !number(&row.line, column[1]) || !number(&row.column, column[2]))
        return malformed(v, "not a row of rule_file, query_line, query_column, class, construct", row.file);
    if (v->rules == NULL)
        return malformed(v, "--rules must name the directory of the rule files", row.file);
    name = text_dup(row.file);
    if (name == NULL)
        return -ENOMEM;
    int rc = file_join(&path, v->rules, name);
    if (rc == 0)
        rc = file_read(&content, &size, path, NODE_MAX_BYTES);
    if (rc == 0)
        rc = check(v, &row, (struct text){content, size});
    else if (rc != -ENOMEM)
        rc = malformed(v, strerror(-rc), row.file);
    free(content);
    free(path);
    free(name);
    return rc;
}
