#include "agent/verify/verify.h"

#include "agent/system/plain.h"
#include "agent/verify/verify_cmdlet.h"
#include "agent/verify/verify_expression.h"
#include "agent/verify/verify_refusal.h"
#include "agent/verify/verify_row.h"
#include "detect/alert/entity.h"
#include "detect/event/kinds.h"
#include "detect/rules/rule_builtin.h"
#include "detect/search/term.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Most bytes of a text in a message. */
#define SHOWN 120

static const struct {
    const char *header; /* without the column "source" */
    size_t columns;     /* the same */
    size_t texts;       /* how many of the first columns hold escapes; the others are numbers, but for entities */
} kinds[] = {
    [VERIFY_HAS] = {"haystack\tneedle\texpected", 3, 2},
    [VERIFY_HAS_ALL] = {"command_line\texpected", 2, 1},
    [VERIFY_ENTITY] = {"computer\taccount\thost_name\tdomain_index\thost_name_domain\taccount_name\taccount_domain", 7,
                       7},
    [VERIFY_EXPRESSION] = {"id\tkind\texpression\tfield_types\tfields_json\texpected_json", VERIFY_EXPRESSION_COLUMNS,
                           0},
};

#define FIRST_KIND VERIFY_HAS
#define LAST_KIND VERIFY_EXPRESSION

/* The row as it stands in the file, cut, on one line. */
static void show(FILE *to, struct text text)
{
    char cut[SHOWN + 4];
    (void)plain_copy(cut, sizeof(cut), text); /* ends in "..." where it is longer */
    plain_printf(to, "\"%s\"", cut);
}

static void malformed(struct verify *v, const char *what)
{
    v->malformed++;
    plain_printf(v->faults_to, "%s:%lu: %s\n", v->name, v->line, what);
}

/* "1" or "0"; -1: neither. */
static int expected_of(struct text text)
{
    if (text.len != 1 || (text.bytes[0] != '0' && text.bytes[0] != '1'))
        return -1;
    return text.bytes[0] - '0';
}

/* The kind that a row of this shape has; three columns are a row of has unless only the second is 1 or 0. */
static enum verify_kind kind_of_row(const struct text *column, size_t count)
{
    bool second = count >= 2 && expected_of(column[1]) >= 0, third = count >= 3 && expected_of(column[2]) >= 0;
    if (count == 7 || count == 8)
        return VERIFY_ENTITY;
    if ((count == 3 || count == 4) && third)
        return VERIFY_HAS;
    return (count == 2 || count == 3) && second ? VERIFY_HAS_ALL : VERIFY_UNKNOWN;
}

/* Is line the header of a kind? Then v->kind is set. */
static bool header_of(struct verify *v, struct text line)
{
    static const char source[] = "\tsource";
    if (text_equal(line, text_from(VERIFY_REFUSAL_HEADER))) {
        v->kind = VERIFY_REFUSAL;
        return true;
    }
    if (text_equal(line, text_from(VERIFY_CMDLET_HEADER))) {
        v->kind = VERIFY_CMDLET;
        return true;
    }
    struct text end = {line.len >= sizeof(source) - 1 ? line.bytes + line.len - (sizeof(source) - 1) : line.bytes,
                       line.len >= sizeof(source) - 1 ? sizeof(source) - 1 : 0};
    if (text_equal(end, text_from(source)))
        line.len -= sizeof(source) - 1;
    for (unsigned kind = FIRST_KIND; kind <= LAST_KIND; kind++) {
        if (text_equal(line, text_from(kinds[kind].header))) {
            v->kind = (enum verify_kind)kind;
            return true;
        }
    }
    return false;
}

/* The columns with texts, unescaped, in a buffer that the caller frees. Returns 0, -EINVAL (said), or -ENOMEM. */
static int texts_make(struct verify *v, struct text *texts, char **buffer, const struct text *column, size_t room)
{
    *buffer = malloc(room + 1);
    if (*buffer == NULL)
        return -ENOMEM;
    char *to = *buffer;
    for (size_t i = 0; i < kinds[v->kind].texts; i++) {
        const char *fault = verify_row_unescape(&texts[i], to, column[i]);
        if (fault != NULL) {
            malformed(v, fault);
            return -EINVAL;
        }
        to += texts[i].len;
    }
    return 0;
}

static void say_match(struct verify *v, const struct text *column, bool is, bool expected, const char *encoding)
{
    v->mismatches++;
    plain_printf(v->mismatches_to, "%s:%lu: ", v->name, v->line);
    show(v->mismatches_to, column[0]);
    if (v->kind == VERIFY_HAS) {
        fputs(" has ", v->mismatches_to);
        show(v->mismatches_to, column[1]);
    } else {
        fputs(" has all terms of the rule", v->mismatches_to);
    }
    plain_printf(v->mismatches_to, " is %d in %s, expected %d\n", is, encoding, expected);
}

/* What a row of has or has_all asks. */
struct question {
    const struct term *term; /* of has */
    const struct rule_set *set;
    struct rule_scratch *scratch;
};

/* Does the built-in rule find a process of that command line? */
static bool is_rule_match(const struct question *question, struct text line)
{
    const struct rule_match *list;
    struct event event = {.kind = EVENT_SECURITY_4688, .event_id = 4688};
    event.field[EVENT_PROVIDER] = kinds_provider(EVENT_SECURITY_4688);
    event.field[EVENT_CHANNEL] = text_from("Security");
    event.field[EVENT_COMMAND_LINE] = line;
    size_t count = rule_set_match(question->set, &event, event_time_now(), question->scratch, &list);
    bool is_match = false;
    for (size_t i = 0; i < count; i++)
        is_match |= list[i].number == 0 && list[i].legs != 0;
    return is_match;
}

static bool answer(const struct question *question, struct text text)
{
    return question->term != NULL ? term_in(question->term, text) : is_rule_match(question, text);
}

/* As it comes from a file and as it comes from Windows, in UTF-16; one mismatch a row at most. Returns 0 or -ENOMEM. */
static int match_check(struct verify *v, const struct text *column, const struct question *question, struct text text,
                       bool expected)
{
    uint16_t *units = NULL;
    size_t count = 0;
    int rc = text_to_utf16(&units, &count, text);
    if (rc < 0)
        return rc;
    char *bytes = malloc(TEXT_UTF16_MAX_BYTES(count) + 1);
    if (bytes == NULL) {
        free(units);
        return -ENOMEM;
    }
    bool is_utf8 = answer(question, text), is_utf16 = answer(question, text_from_utf16(bytes, units, count));
    if (is_utf8 != expected)
        say_match(v, column, is_utf8, expected, "UTF-8");
    else if (is_utf16 != expected)
        say_match(v, column, is_utf16, expected, "UTF-16");
    free(bytes);
    free(units);
    return 0;
}

static int has_row(struct verify *v, const struct text *column, const struct text *texts, bool expected)
{
    struct question question = {.term = NULL};
    struct arena *arena = NULL;
    int rc = arena_new(&arena, EXPR_SCRATCH_BYTES);
    if (rc == 0)
        rc = term_new(&question.term, arena, texts[1], TERM_EDGE_LEFT | TERM_EDGE_RIGHT);
    if (rc == 0)
        rc = match_check(v, column, &question, texts[0], expected);
    else if (rc == -EINVAL)
        malformed(v, "the needle is longer than any term may be");
    arena_free(arena);
    return rc == -EINVAL ? 0 : rc;
}

static int has_all_row(struct verify *v, const struct text *column, struct text line, bool expected)
{
    struct question question = {.term = NULL};
    int rc = v->builtin != NULL ? 0 : rule_builtin_set(&v->builtin, NULL);
    if (rc == 0)
        rc = rule_scratch_new(&question.scratch, v->builtin);
    question.set = v->builtin;
    if (rc == 0)
        rc = match_check(v, column, &question, line, expected);
    rule_scratch_free(question.scratch);
    return rc;
}

static int match_row(struct verify *v, const struct text *column, const struct text *texts)
{
    int expected = expected_of(column[kinds[v->kind].columns - 1]);
    if (expected < 0) {
        malformed(v, "the expected answer is neither 1 nor 0");
        return 0;
    }
    return v->kind == VERIFY_HAS ? has_row(v, column, texts, expected == 1)
                                 : has_all_row(v, column, texts[0], expected == 1);
}

static void entity_check(struct verify *v, const char *name, struct text is, struct text expected)
{
    if (text_equal(is, expected))
        return;
    v->mismatches++;
    plain_printf(v->mismatches_to, "%s:%lu: %s is ", v->name, v->line, name);
    show(v->mismatches_to, is);
    fputs(", expected ", v->mismatches_to);
    show(v->mismatches_to, expected);
    fputc('\n', v->mismatches_to);
}

static void entity_row(struct verify *v, const struct text *texts)
{
    char number[24];
    struct entity e = entity_faithful(texts[0], texts[1]);
    snprintf(number, sizeof(number), "%ld", e.domain_index);
    entity_check(v, "host_name", e.host_name, texts[2]);
    entity_check(v, "domain_index", text_from(number), texts[3]);
    entity_check(v, "host_name_domain", e.host_domain, texts[4]);
    entity_check(v, "account_name", e.account_name, texts[5]);
    entity_check(v, "account_domain", e.account_domain, texts[6]);
}

static int row(struct verify *v, const struct text *column, size_t room)
{
    struct text texts[VERIFY_MAX_COLUMNS] = {{NULL, 0}};
    char *buffer = NULL;
    unsigned long before = v->mismatches;
    int rc = texts_make(v, texts, &buffer, column, room);
    if (rc == 0 && v->kind == VERIFY_ENTITY)
        entity_row(v, texts);
    else if (rc == 0)
        rc = match_row(v, column, texts);
    if (v->mismatches > before) /* rows count, not columns */
        v->mismatches = before + 1;
    free(buffer);
    return rc == -EINVAL ? 0 : rc;
}

/* Without escapes but JSON's, as it stands. */
static int cmdlet_row(struct verify *v, struct text line)
{
    struct text column[VERIFY_MAX_COLUMNS] = {{NULL, 0}};
    char is[VERIFY_CMDLET_SIZE], should[VERIFY_CMDLET_SIZE];
    const char *fault = NULL;
    if (verify_row_split(column, line) != VERIFY_CMDLET_COLUMNS) {
        malformed(v, "another number of columns than the file's kind has");
        return 0;
    }
    int rc = v->cmdlets == NULL ? verify_cmdlet_rules(&v->cmdlets) : 0;
    if (rc == 0)
        rc = verify_cmdlet(is, should, &fault, v->cmdlets, column);
    if (rc == -EINVAL) {
        malformed(v, fault);
        return 0;
    }
    if (rc == 0 && strcmp(is, should) != 0) {
        v->mismatches++;
        plain_printf(v->mismatches_to, "%s:%lu: %.*s is %s, expected %s\n", v->name, v->line, (int)column[0].len,
                     column[0].bytes, is, should);
    }
    return rc;
}

int verify_line(struct verify *v, struct text line)
{
    struct text column[VERIFY_MAX_COLUMNS] = {{NULL, 0}};
    v->line++;
    if (line.len == 0 || (v->line == 1 && v->kind == VERIFY_UNKNOWN && header_of(v, line)))
        return 0;
    v->rows++;
    if (v->kind == VERIFY_REFUSAL)
        return verify_refusal_row(v, line);
    if (v->kind == VERIFY_CMDLET)
        return cmdlet_row(v, line);
    size_t count = verify_row_split(column, line);
    if (v->kind == VERIFY_UNKNOWN)
        v->kind = kind_of_row(column, count);
    if (v->kind == VERIFY_UNKNOWN)
        malformed(v, "not a row of vectors; tripline verify --help shows the kinds");
    else if (count != kinds[v->kind].columns && count != kinds[v->kind].columns + 1)
        malformed(v, "another number of columns than the file's kind has");
    else if (v->kind == VERIFY_EXPRESSION)
        return verify_expression(v, column);
    else
        return row(v, column, line.len);
    return 0;
}

int verify_lines(struct verify *v, struct text content)
{
    int rc = 0;
    if (content.len >= 3 && text_equal((struct text){content.bytes, 3}, text_from("\xEF\xBB\xBF")))
        content = (struct text){content.bytes + 3, content.len - 3};
    while (rc == 0 && content.len > 0) {
        size_t end = text_find(content, '\n');
        size_t size = end > 0 && content.bytes[end - 1] == '\r' ? end - 1 : end;
        rc = verify_line(v, (struct text){content.bytes, size});
        size_t used = end < content.len ? end + 1 : end;
        content = (struct text){content.bytes + used, content.len - used};
    }
    verify_clear(v);
    return rc;
}

void verify_clear(struct verify *v)
{
    rule_set_free(v->cmdlets);
    rule_set_free(v->builtin);
    v->cmdlets = v->builtin = NULL;
}
