/* Tables: sources, unions, datatable, externaldata. */
#include "detect/kql/kql_parser.h"

struct kql_node *kql_parser_schema(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_SCHEMA, kql_parser_peek(parser, 0));
    kql_parser_expect(parser, "(");
    if (kql_parser_accept(parser, "*")) {
        kql_parser_expect(parser, ")");
        return node;
    }
    while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), ")")) {
        struct kql_node *name = kql_parser_name(parser);
        name->kind = KQL_TYPE;
        kql_parser_expect(parser, ":");
        kql_parser_add(parser, name, kql_parser_name(parser));
        kql_parser_add(parser, node, name);
        if (!kql_parser_accept(parser, ","))
            break;
    }
    kql_parser_expect(parser, ")");
    return node;
}

/* Does a parameter `name =` or `hint.name =` come next, of the names that operators know? Sets *len to its tokens. */
static bool is_parameter(const struct kql_parser *parser, size_t *len)
{
    static const char *const names[] = {"isfuzzy",        "kind",  "withsource",        "bagexpansion",
                                        "with_itemindex", "flags", "ignoreFirstRecord", "expandcolumns",
                                        "with_source",    "id"};
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (kql_parser_is(token, "hint") && kql_parser_is(kql_parser_peek(parser, 1), ".")) {
        *len = 4;
        return kql_parser_is(kql_parser_peek(parser, 3), "=");
    }
    *len = 2;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (kql_parser_is(token, names[i]) && kql_parser_is(kql_parser_peek(parser, 1), "="))
            return true;
    return false;
}

void kql_parser_parameters(struct kql_parser *parser, struct kql_node *node)
{
    size_t len;
    while (!parser->is_failing && is_parameter(parser, &len)) {
        struct kql_node *parameter = kql_parser_node(parser, KQL_ASSIGN, kql_parser_peek(parser, 0));
        for (; len > 0; len--)
            kql_parser_advance(parser);
        const struct kql_token *value = kql_parser_peek(parser, 0);
        if (value->kind == KQL_TOKEN_END || value->kind == KQL_TOKEN_SIGN) {
            (void)kql_parser_fail(parser, "the parameter's value");
            return;
        }
        kql_parser_add(parser, parameter, kql_parser_node(parser, KQL_NAME, value));
        kql_parser_add(parser, node, parameter);
        kql_parser_advance(parser);
        (void)kql_parser_accept(parser, ",");
    }
}

struct kql_node *kql_parser_leg(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!kql_parser_deeper(parser))
        return kql_parser_fail(parser, "less nesting");
    struct kql_node *node;
    if (kql_parser_accept(parser, "(")) {
        node = kql_parser_pipe(parser);
        kql_parser_expect(parser, ")");
    } else if (token->kind == KQL_TOKEN_NAME && kql_parser_is(kql_parser_peek(parser, 1), "*")) {
        node = kql_parser_name(parser); /* Device*: every table whose name begins so */
        node->text = (struct text){token->text.bytes, token->text.len + 1};
        kql_parser_advance(parser);
    } else {
        node = kql_parser_scalar(parser);
    }
    parser->depth--;
    return node;
}

static struct kql_node *union_of(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_UNION, kql_parser_peek(parser, 0));
    kql_parser_advance(parser);
    kql_parser_parameters(parser, node);
    do
        kql_parser_add(parser, node, kql_parser_leg(parser));
    while (kql_parser_accept(parser, ","));
    return node;
}

static struct kql_node *datatable(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_DATATABLE, kql_parser_peek(parser, 0));
    kql_parser_advance(parser);
    kql_parser_add(parser, node, kql_parser_schema(parser));
    kql_parser_expect(parser, "[");
    while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), "]")) {
        kql_parser_add(parser, node, kql_parser_scalar(parser));
        if (!kql_parser_accept(parser, ","))
            break;
    }
    kql_parser_expect(parser, "]");
    return node;
}

/* externaldata(name:type, ...) [ "address", ... ] with (format="csv", ...) */
static struct kql_node *external(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_EXTERNAL, kql_parser_peek(parser, 0));
    kql_parser_advance(parser);
    kql_parser_add(parser, node, kql_parser_schema(parser));
    kql_parser_expect(parser, "[");
    while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), "]")) {
        kql_parser_add(parser, node, kql_parser_scalar(parser));
        if (!kql_parser_accept(parser, ","))
            break;
    }
    kql_parser_expect(parser, "]");
    if (!kql_parser_accept(parser, "with"))
        return node;
    kql_parser_expect(parser, "(");
    while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), ")")) {
        kql_parser_add(parser, node, kql_parser_argument(parser));
        if (!kql_parser_accept(parser, ","))
            break;
    }
    kql_parser_expect(parser, ")");
    return node;
}

/* A source that stands for its own statement and that is not looked into. */
static bool is_opaque(const struct kql_parser *parser)
{
    static const char *const words[] = {"find", "search", "range", "print"};
    const struct kql_token *token = kql_parser_peek(parser, 0), *next = kql_parser_peek(parser, 1);
    if (next->kind == KQL_TOKEN_END || kql_parser_is(next, "|") || kql_parser_is(next, ")") ||
        kql_parser_is(next, ",") || kql_parser_is(next, ";") || kql_parser_is(next, "."))
        return false; /* a column of that name */
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (kql_parser_is(token, words[i]) && (next->kind != KQL_TOKEN_SIGN || kql_parser_is(next, "(")))
            return true;
    return false;
}

static struct kql_node *source(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0), *next = kql_parser_peek(parser, 1);
    bool is_open = kql_parser_is(next, "(");
    if (kql_parser_is(token, "union") && (is_open || next->kind == KQL_TOKEN_NAME))
        return union_of(parser);
    if (kql_parser_is(token, "datatable") && is_open)
        return datatable(parser);
    if ((kql_parser_is(token, "externaldata") || kql_parser_is(token, "external_data")) && is_open)
        return external(parser);
    if (is_opaque(parser)) {
        struct kql_node *node = kql_parser_node(parser, KQL_SOURCE, token);
        kql_parser_skip(parser, parser->nesting);
        return node;
    }
    return kql_parser_scalar(parser);
}

struct kql_node *kql_parser_pipe(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (parser->is_failing || !kql_parser_deeper(parser))
        return kql_parser_fail(parser, "less nesting");
    unsigned nesting = parser->nesting;
    struct kql_node *node = source(parser);
    if (parser->is_failing) { /* the rest may still be read */
        kql_parser_skip(parser, nesting);
        parser->is_failing = parser->has_no_memory;
        node = kql_parser_node(parser, KQL_BAD, token);
    }
    if (kql_parser_is(kql_parser_peek(parser, 0), "|")) {
        struct kql_node *first = node;
        node = kql_parser_node(parser, KQL_PIPE, token);
        kql_parser_add(parser, node, first);
    }
    while (kql_parser_accept(parser, "|")) {
        kql_parser_add(parser, node, kql_parser_operator(parser));
        if (parser->is_failing) {
            kql_parser_skip(parser, nesting);
            parser->nesting = nesting;
            parser->is_failing = parser->has_no_memory;
        }
    }
    parser->depth--;
    return node;
}
