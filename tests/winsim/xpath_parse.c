#include "tests/winsim/xpath_internal.h"

#include "tests/winsim/winsim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct xpath *x;
    const char *at;
    const char *text;
    char *why; /* filled at the first fault; then nothing more is read */
    bool is_value_path;
};

static uint16_t parse_or(struct parser *p);
static uint16_t parse_path(struct parser *p);

static uint16_t refuse(struct parser *p, const char *reason)
{
    if (p->why[0] == 0)
        snprintf(p->why, XPATH_WHY_SIZE, "%s at character %zu of: %.80s", reason, (size_t)(p->at - p->text) + 1,
                 p->text);
    p->at += strlen(p->at);
    return XPATH_END;
}

static void skip_blanks(struct parser *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r' || *p->at == '\n')
        p->at++;
}

/* Takes token if it is next. A token of letters must end at a word's end. */
static bool take(struct parser *p, const char *token)
{
    size_t size = strlen(token);
    skip_blanks(p);
    if (strncmp(p->at, token, size) != 0)
        return false;
    char last = token[size - 1], next = p->at[size];
    if (last >= 'a' && last <= 'z' && ((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z')))
        return false;
    p->at += size;
    return true;
}

static void expect(struct parser *p, const char *token)
{
    char reason[32];
    snprintf(reason, sizeof(reason), "'%s' expected", token);
    if (!take(p, token))
        refuse(p, reason);
}

static const char *keep(struct parser *p, const char *text, size_t size)
{
    char *copy = p->x->texts + p->x->texts_size;
    memcpy(copy, text, size);
    copy[size] = 0;
    p->x->texts_size += size + 1;
    return copy;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || (unsigned char)c >= 0x80;
}

static const char *name(struct parser *p)
{
    skip_blanks(p);
    const char *begin = p->at;
    if (*p->at == '*')
        p->at++;
    else
        while (is_name_character(*p->at))
            p->at++;
    if (p->at == begin || (*begin >= '0' && *begin <= '9') || *begin == '-' || *begin == '.') {
        p->at = begin;
        refuse(p, "a name expected");
        return "";
    }
    if (*p->at == '(' || *p->at == ':')
        refuse(p, *p->at == '(' ? "function not supported" : "namespaces and axes are not supported");
    return keep(p, begin, (size_t)(p->at - begin));
}

static uint16_t new_expression(struct parser *p, enum xpath_kind kind)
{
    struct xpath *x = p->x;
    if (x->expression_count == XPATH_MAX_PARTS)
        return refuse(p, "too many expressions");
    x->expressions[x->expression_count] = (struct xpath_expression){.kind = kind,
                                                                    .left = XPATH_END,
                                                                    .right = XPATH_END,
                                                                    .path = XPATH_END,
                                                                    .second_path = XPATH_END,
                                                                    .next = XPATH_END};
    return x->expression_count++;
}

/* Predicates of a step: "[" or "]" any number of times. Returns the first. */
static uint16_t parse_predicates(struct parser *p)
{
    uint16_t first = XPATH_END, last = XPATH_END;
    while (take(p, "[")) {
        uint16_t one = parse_or(p);
        expect(p, "]");
        if (one == XPATH_END)
            break;
        if (first == XPATH_END)
            first = one;
        else
            p->x->expressions[last].next = one;
        last = one;
    }
    return first;
}

static uint16_t parse_step(struct parser *p)
{
    struct xpath *x = p->x;
    if (x->step_count == XPATH_MAX_PARTS)
        return refuse(p, "too many steps");
    uint16_t index = x->step_count++;
    x->steps[index] = (struct xpath_step){.predicates = XPATH_END, .next = XPATH_END};
    x->steps[index].is_attribute = take(p, "@");
    x->steps[index].name = name(p);
    if (!x->steps[index].is_attribute) {
        uint16_t predicates = parse_predicates(p);
        x->steps[index].predicates = predicates;
    }
    return index;
}

static uint16_t parse_path(struct parser *p)
{
    uint16_t first = parse_step(p), last = first;
    while (last != XPATH_END && take(p, "/")) {
        if (p->x->steps[last].is_attribute)
            return refuse(p, "nothing may follow an attribute");
        uint16_t next = parse_step(p);
        p->x->steps[last].next = next;
        last = next;
    }
    return p->why[0] == 0 ? first : XPATH_END;
}

bool xpath_number(uint64_t *out, const char *text)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = is_hex ? text + 2 : text;
    char *end;
    if (strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits) || digits[0] == 0)
        return false;
    *out = strtoull(digits, &end, is_hex ? 16 : 10);
    return *end == 0;
}

static const char *number(struct parser *p, uint64_t *out)
{
    skip_blanks(p);
    size_t size = strspn(p->at, "0123456789abcdefABCDEFxX");
    const char *text = keep(p, p->at, size);
    if (!xpath_number(out, text))
        refuse(p, "a number or a quoted text expected");
    else
        p->at += size;
    return text;
}

static void parse_literal(struct parser *p, struct xpath_expression *e)
{
    skip_blanks(p);
    char quote = *p->at;
    if (quote != '\'' && quote != '"') {
        e->literal = number(p, &e->number);
        e->is_number = true;
        return;
    }
    const char *end = strchr(p->at + 1, quote);
    if (end == NULL) {
        refuse(p, "a quote without its end");
        return;
    }
    e->literal = keep(p, p->at + 1, (size_t)(end - p->at - 1));
    p->at = end + 1;
}

static void parse_operand(struct parser *p, struct xpath_expression *e)
{
    if (take(p, "position()")) {
        e->operand = XPATH_POSITION;
    } else if (take(p, "band(")) {
        e->operand = XPATH_BAND;
        e->path = parse_path(p);
        expect(p, ",");
        number(p, &e->mask);
        expect(p, ")");
    } else if (take(p, "timediff(")) {
        e->operand = XPATH_TIMEDIFF;
        e->path = parse_path(p);
        if (take(p, ","))
            e->second_path = parse_path(p);
        expect(p, ")");
    } else {
        e->path = parse_path(p);
    }
}

static uint16_t parse_test(struct parser *p)
{
    static const struct {
        const char *token;
        enum xpath_operator op;
    } operators[] = {{"!=", XPATH_NOT_EQUAL}, {"<=", XPATH_AT_MOST}, {">=", XPATH_AT_LEAST},
                     {"=", XPATH_EQUAL},      {"<", XPATH_LESS},     {">", XPATH_MORE}};
    if (!p->is_value_path && take(p, "(")) {
        uint16_t inner = parse_or(p);
        expect(p, ")");
        return inner;
    }
    uint16_t index = new_expression(p, XPATH_TEST);
    if (index == XPATH_END)
        return index;
    struct xpath_expression *e = &p->x->expressions[index];
    p->x->tests++;
    parse_operand(p, e);
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (take(p, operators[i].token)) {
            e->op = operators[i].op;
            parse_literal(p, e);
            break;
        }
    }
    if (e->op == XPATH_EXISTS && (e->operand == XPATH_POSITION || e->operand == XPATH_TIMEDIFF))
        return refuse(p, "a comparison expected");
    return index;
}

static uint16_t parse_chain(struct parser *p, enum xpath_kind kind)
{
    uint16_t left = kind == XPATH_OR ? parse_chain(p, XPATH_AND) : parse_test(p);
    while (!p->is_value_path && left != XPATH_END && take(p, kind == XPATH_OR ? "or" : "and")) {
        uint16_t right = kind == XPATH_OR ? parse_chain(p, XPATH_AND) : parse_test(p);
        uint16_t both = new_expression(p, kind);
        if (both == XPATH_END || right == XPATH_END)
            return XPATH_END;
        p->x->expressions[both].left = left;
        p->x->expressions[both].right = right;
        left = both;
    }
    return left;
}

static uint16_t parse_or(struct parser *p)
{
    return parse_chain(p, XPATH_OR);
}

static struct xpath *parse(const char *text, char why[XPATH_WHY_SIZE], bool is_value_path)
{
    struct xpath *x = winsim_alloc(sizeof(*x));
    x->texts = winsim_alloc(strlen(text) * 2 + 64);
    struct parser p = {.x = x, .at = text, .text = text, .why = why, .is_value_path = is_value_path};
    why[0] = 0;
    x->root = is_value_path ? parse_path(&p) : parse_step(&p);
    skip_blanks(&p);
    if (why[0] == 0 && *p.at != 0)
        refuse(&p, is_value_path ? "one path expected" : "only events may be selected: the end expected");
    if (why[0] == 0 && strcmp(x->steps[x->root].name, "Event") != 0 && strcmp(x->steps[x->root].name, "*") != 0)
        refuse(&p, "the query must begin with * or Event");
    if (why[0] == 0 && x->tests > WINSIM_MAX_EXPRESSIONS)
        snprintf(why, XPATH_WHY_SIZE, "%u expressions, at most %d are allowed", x->tests, WINSIM_MAX_EXPRESSIONS);
    if (why[0] == 0)
        return x;
    xpath_free(x);
    return NULL;
}

struct xpath *xpath_new(const char *text, char why[XPATH_WHY_SIZE])
{
    return parse(text, why, false);
}

struct xpath *xpath_new_value_path(const char *text, char why[XPATH_WHY_SIZE])
{
    return parse(text, why, true);
}

void xpath_free(struct xpath *x)
{
    if (x == NULL)
        return;
    free(x->texts);
    free(x);
}
