/* Statements, and what all parts of the parser stand on. Grammar: docs/rule-language.md. */
#include "detect/kql/kql_parser.h"
#include <errno.h>

const struct kql_token *kql_parser_peek(const struct kql_parser *parser, size_t ahead)
{
    const struct kql_token *token = &parser->tokens[parser->at];
    for (; ahead > 0 && token->kind != KQL_TOKEN_END; ahead--)
        token++;
    return token;
}

bool kql_parser_is(const struct kql_token *token, const char *text)
{
    return (token->kind == KQL_TOKEN_NAME || token->kind == KQL_TOKEN_SIGN) && text_equal(token->text, text_from(text));
}

void kql_parser_advance(struct kql_parser *parser)
{
    const struct kql_token *token = &parser->tokens[parser->at];
    if (token->kind == KQL_TOKEN_END)
        return;
    if (token->kind == KQL_TOKEN_SIGN && token->text.len == 1) {
        if (strchr("([{", token->text.bytes[0]) != NULL)
            parser->nesting++;
        else if (strchr(")]}", token->text.bytes[0]) != NULL && parser->nesting > 0)
            parser->nesting--;
    }
    parser->at++;
}

bool kql_parser_accept(struct kql_parser *parser, const char *text)
{
    if (parser->is_failing || !kql_parser_is(kql_parser_peek(parser, 0), text))
        return false;
    kql_parser_advance(parser);
    return true;
}

struct kql_node *kql_parser_fail(struct kql_parser *parser, const char *expected)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!parser->is_failing) {
        if (token->kind == KQL_TOKEN_END)
            kql_faults_add(parser->faults, token->place, "K101", "the query ends where %s should follow", expected);
        else
            kql_faults_add(parser->faults, token->place, "K101", "unexpected %s%.*s%s; expected %s",
                           token->kind == KQL_TOKEN_STRING ? "" : "\"", KQL_NAME(token->text),
                           token->kind == KQL_TOKEN_STRING ? "" : "\"", expected);
    }
    parser->is_failing = true;
    return kql_parser_node(parser, KQL_BAD, token);
}

void kql_parser_expect(struct kql_parser *parser, const char *text)
{
    char expected[16] = {'"'};
    if (kql_parser_accept(parser, text))
        return;
    size_t len = text_copy(expected + 1, sizeof expected - 2, text_from(text));
    expected[len + 1] = '"';
    (void)kql_parser_fail(parser, expected);
}

bool kql_parser_deeper(struct kql_parser *parser)
{
    if (parser->depth < KQL_MAX_DEPTH) {
        parser->depth++;
        return true;
    }
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!parser->is_failing)
        kql_faults_add(parser->faults, token->place, "K105",
                       "nested deeper than %d; give the inner part "
                       "a name with let",
                       KQL_MAX_DEPTH);
    parser->is_failing = true;
    return false;
}

struct kql_node *kql_parser_node(struct kql_parser *parser, enum kql_kind kind, const struct kql_token *token)
{
    struct kql_node *node = arena_zeroed(parser->arena, 1, sizeof *node);
    if (node == NULL) {
        parser->has_no_memory = true;
        parser->is_failing = true;
        parser->spare = (struct kql_node){.kind = KQL_BAD};
        return &parser->spare;
    }
    node->kind = kind;
    node->place = token->place;
    node->text = token->kind == KQL_TOKEN_STRING ? token->value : token->text;
    return node;
}

void kql_parser_add(struct kql_parser *parser, struct kql_node *node, struct kql_node *child)
{
    if (parser->has_no_memory || child == NULL)
        return;
    if (node->last == NULL)
        node->first = child;
    else
        node->last->next = child;
    node->last = child;
    node->count++;
}

struct kql_node *kql_parser_name(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!parser->is_failing && token->kind == KQL_TOKEN_NAME && token->text.bytes[0] != '!') {
        kql_parser_advance(parser);
        return kql_parser_node(parser, KQL_NAME, token);
    }
    const struct kql_token *quoted = kql_parser_peek(parser, 1);
    if (!parser->is_failing && kql_parser_is(token, "[") && quoted->kind == KQL_TOKEN_STRING &&
        kql_parser_is(kql_parser_peek(parser, 2), "]")) {
        struct kql_node *node = kql_parser_node(parser, KQL_NAME, quoted);
        node->place = token->place;
        for (int i = 0; i < 3; i++)
            kql_parser_advance(parser);
        return node;
    }
    return kql_parser_fail(parser, "a name");
}

void kql_parser_skip(struct kql_parser *parser, unsigned nesting)
{
    for (;;) {
        const struct kql_token *token = kql_parser_peek(parser, 0);
        if (token->kind == KQL_TOKEN_END)
            return;
        bool is_let = kql_parser_is(token, ";") && kql_parser_is(kql_parser_peek(parser, 1), "let");
        if (is_let)
            parser->nesting = nesting; /* the next statement begins, whatever was left open */
        if (parser->nesting <= nesting && (kql_parser_is(token, "|") || kql_parser_is(token, ";") ||
                                           kql_parser_is(token, ")") || kql_parser_is(token, "}")))
            return;
        kql_parser_advance(parser);
    }
}

static struct kql_node *query(struct kql_parser *parser, const char *end);

/* (a:string, T:(c:long)) { ... } */
static struct kql_node *lambda(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_LAMBDA, kql_parser_peek(parser, 0));
    (void)kql_parser_accept(parser, "view");
    kql_parser_expect(parser, "(");
    while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), ")")) {
        struct kql_node *type = kql_parser_node(parser, KQL_TYPE, kql_parser_peek(parser, 0));
        type->text = kql_parser_name(parser)->text;
        kql_parser_expect(parser, ":");
        bool is_table = kql_parser_is(kql_parser_peek(parser, 0), "(");
        kql_parser_add(parser, type, is_table ? kql_parser_schema(parser) : kql_parser_name(parser));
        if (kql_parser_accept(parser, "="))
            kql_parser_add(parser, type, kql_parser_scalar(parser));
        kql_parser_add(parser, node, type);
        if (!kql_parser_accept(parser, ","))
            break;
    }
    kql_parser_expect(parser, ")");
    kql_parser_expect(parser, "{");
    if (!parser->is_failing && kql_parser_deeper(parser)) {
        kql_parser_add(parser, node, query(parser, "}"));
        parser->depth--;
    }
    kql_parser_expect(parser, "}");
    return node;
}

static bool is_lambda(const struct kql_parser *parser)
{
    size_t ahead = kql_parser_is(kql_parser_peek(parser, 0), "view");
    if (!kql_parser_is(kql_parser_peek(parser, ahead), "("))
        return false;
    if (kql_parser_is(kql_parser_peek(parser, ahead + 1), ")"))
        return kql_parser_is(kql_parser_peek(parser, ahead + 2), "{");
    return kql_parser_peek(parser, ahead + 1)->kind == KQL_TOKEN_NAME &&
           kql_parser_is(kql_parser_peek(parser, ahead + 2), ":");
}

static struct kql_node *let(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_LET, kql_parser_peek(parser, 0));
    kql_parser_advance(parser);
    struct kql_node *name = kql_parser_name(parser);
    node->text = name->text;
    node->place = name->place;
    kql_parser_expect(parser, "=");
    if (!parser->is_failing)
        kql_parser_add(parser, node, is_lambda(parser) ? lambda(parser) : kql_parser_pipe(parser));
    return node;
}

/* Statements that say what a service should do with the query; none has a meaning for one event. */
static bool is_foreign_statement(const struct kql_parser *parser)
{
    static const char *const words[] = {"set", "declare", "alias", "restrict", "pattern"};
    const struct kql_token *token = kql_parser_peek(parser, 0), *next = kql_parser_peek(parser, 1);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (kql_parser_is(token, words[i]) && next->kind == KQL_TOKEN_NAME)
            return true;
    return false;
}

/* What follows a statement: `;` or the end; after an error all up to there is left out. */
static void finish_statement(struct kql_parser *parser, unsigned nesting, const char *end)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    bool is_end =
        kql_parser_is(token, ";") || token->kind == KQL_TOKEN_END || (end != NULL && kql_parser_is(token, end));
    if (!parser->is_failing && !is_end) {
        (void)kql_parser_fail(parser, "\"|\" or \";\"");
        if (token->kind == KQL_TOKEN_NAME) { /* only the ; is missing */
            parser->is_failing = false;
            return;
        }
    }
    if (!parser->is_failing)
        return;
    size_t before = parser->at;
    kql_parser_skip(parser, nesting);
    while (kql_parser_is(kql_parser_peek(parser, 0), "|")) {
        kql_parser_advance(parser);
        kql_parser_skip(parser, nesting);
    }
    if (parser->at == before && !kql_parser_is(kql_parser_peek(parser, 0), ";"))
        kql_parser_advance(parser); /* a closing sign where a statement should begin */
    parser->is_failing = parser->has_no_memory;
}

/* Statements up to `end` (NULL: the end of all), which is left for the caller. */
static struct kql_node *query(struct kql_parser *parser, const char *end)
{
    struct kql_node *node = kql_parser_node(parser, KQL_QUERY, kql_parser_peek(parser, 0));
    unsigned nesting = parser->nesting;
    for (;;) {
        while (kql_parser_accept(parser, ";"))
            ;
        const struct kql_token *token = kql_parser_peek(parser, 0);
        if (parser->has_no_memory || token->kind == KQL_TOKEN_END || (end != NULL && kql_parser_is(token, end)))
            break;
        if (is_foreign_statement(parser)) {
            kql_faults_add(parser->faults, token->place, "K104",
                           "statement \"%.*s\" is not supported; only let statements and one query are",
                           KQL_NAME(token->text));
            kql_parser_skip(parser, nesting);
        } else if (kql_parser_is(token, "let")) {
            kql_parser_add(parser, node, let(parser));
        } else {
            if (node->last != NULL && node->last->kind != KQL_LET)
                (void)kql_parser_fail(parser, "one query at the end, and nothing after it");
            kql_parser_add(parser, node, kql_parser_pipe(parser));
        }
        finish_statement(parser, nesting, end);
    }
    if (node->last == NULL || node->last->kind == KQL_LET)
        (void)kql_parser_fail(parser, "the query itself: a table and what is to hold for its events");
    return node;
}

static int begin(struct kql_parser *parser, struct arena *arena, struct text text, struct kql_faults *faults)
{
    *parser = (struct kql_parser){.arena = arena, .faults = faults};
    struct kql_token *tokens = NULL;
    int status = kql_lexer_run(&tokens, arena, text, faults);
    parser->tokens = tokens;
    return status;
}

int kql_parser_query(struct kql_node **out, struct arena *arena, struct text text, struct kql_faults *faults)
{
    struct kql_parser parser;
    int status = begin(&parser, arena, text, faults);
    if (status != 0)
        return status;
    struct kql_node *node = query(&parser, NULL);
    if (parser.has_no_memory)
        return -ENOMEM;
    *out = node;
    return 0;
}

int kql_parser_expression(struct kql_node **out, struct arena *arena, struct text text, struct kql_faults *faults)
{
    struct kql_parser parser;
    int status = begin(&parser, arena, text, faults);
    if (status != 0)
        return status;
    struct kql_node *node = kql_parser_scalar(&parser);
    if (!parser.is_failing && kql_parser_peek(&parser, 0)->kind != KQL_TOKEN_END)
        (void)kql_parser_fail(&parser, "the end of the expression");
    if (parser.has_no_memory)
        return -ENOMEM;
    *out = node;
    return 0;
}
