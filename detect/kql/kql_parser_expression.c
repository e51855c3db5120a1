/* Scalar expressions. From weakest to strongest: or, and, equality and lists, < >, + -, * / %, has and its like, sign,
 * path. Source of the order: microsoft/Kusto-Query-Language grammar/Kql.g4. */
#include "detect/kql/kql_parser.h"

enum level { LEVEL_OR, LEVEL_AND, LEVEL_EQUALITY, LEVEL_RELATION, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_STRING, LEVEL_UNARY };

static const char *const equality[] = {"==", "!=", "<>", NULL};
static const char *const lists[] = {"in", "!in", "in~", "!in~", "has_any", "has_all", NULL};
static const char *const relations[] = {"<", ">", "<=", ">=", NULL};
static const char *const sums[] = {"+", "-", NULL};
static const char *const products[] = {"*", "/", "%", NULL};
static const char *const strings[] = {"=~",
                                      "!~",
                                      "has",
                                      "!has",
                                      "has_cs",
                                      "!has_cs",
                                      "hasprefix",
                                      "!hasprefix",
                                      "hasprefix_cs",
                                      "!hasprefix_cs",
                                      "hassuffix",
                                      "!hassuffix",
                                      "hassuffix_cs",
                                      "!hassuffix_cs",
                                      "contains",
                                      "!contains",
                                      "contains_cs",
                                      "!contains_cs",
                                      "startswith",
                                      "!startswith",
                                      "startswith_cs",
                                      "!startswith_cs",
                                      "endswith",
                                      "!endswith",
                                      "endswith_cs",
                                      "!endswith_cs",
                                      NULL};
static const char *const ors[] = {"or", NULL}, *const ands[] = {"and", NULL};

static bool is_one_of(const struct kql_token *token, const char *const *words)
{
    for (; *words != NULL; words++)
        if (kql_parser_is(token, *words))
            return true;
    return false;
}

static struct kql_node *binary(struct kql_parser *parser, enum level level);

struct kql_node *kql_parser_scalar(struct kql_parser *parser)
{
    if (!kql_parser_deeper(parser))
        return kql_parser_fail(parser, "less nesting");
    struct kql_node *node = binary(parser, LEVEL_OR);
    parser->depth--;
    return node;
}

struct kql_node *kql_parser_argument(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (kql_parser_accept(parser, "*"))
        return kql_parser_node(parser, KQL_STAR, token);
    if (!parser->is_failing && token->kind == KQL_TOKEN_NAME && kql_parser_is(kql_parser_peek(parser, 1), "=")) {
        struct kql_node *node = kql_parser_node(parser, KQL_ASSIGN, token);
        kql_parser_advance(parser);
        kql_parser_advance(parser);
        kql_parser_add(parser, node, kql_parser_argument(parser));
        return node;
    }
    return kql_parser_pipe(parser);
}

/* What stands between the parentheses of a call or a list, up to and with the closing one. */
static void arguments(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_expect(parser, "(");
    while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), ")")) {
        kql_parser_add(parser, node, kql_parser_argument(parser));
        if (!kql_parser_accept(parser, ","))
            break;
    }
    kql_parser_expect(parser, ")");
}

/* A constant within dynamic(...). */
static struct kql_node *constant(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!kql_parser_deeper(parser))
        return kql_parser_fail(parser, "less nesting");
    struct kql_node *node = NULL;
    if (kql_parser_accept(parser, "[")) {
        node = kql_parser_node(parser, KQL_ARRAY, token);
        while (!parser->is_failing && !kql_parser_is(kql_parser_peek(parser, 0), "]")) {
            kql_parser_add(parser, node, constant(parser));
            if (!kql_parser_accept(parser, ","))
                break;
        }
        kql_parser_expect(parser, "]");
    } else if (kql_parser_accept(parser, "{")) {
        node = kql_parser_node(parser, KQL_BAG, token);
        while (!parser->is_failing && kql_parser_peek(parser, 0)->kind == KQL_TOKEN_STRING) {
            struct kql_node *member = kql_parser_node(parser, KQL_ASSIGN, kql_parser_peek(parser, 0));
            kql_parser_advance(parser);
            kql_parser_expect(parser, ":");
            kql_parser_add(parser, member, constant(parser));
            kql_parser_add(parser, node, member);
            if (!kql_parser_accept(parser, ","))
                break;
        }
        kql_parser_expect(parser, "}");
    } else if (kql_parser_accept(parser, "null")) {
        node = kql_parser_node(parser, KQL_NULL, token);
    } else {
        node = binary(parser, LEVEL_UNARY);
    }
    parser->depth--;
    return node;
}

static struct kql_node *dynamic(struct kql_parser *parser)
{
    kql_parser_advance(parser);
    kql_parser_expect(parser, "(");
    struct kql_node *node = kql_parser_node(parser, KQL_TYPED, kql_parser_peek(parser, 0));
    node->text = text_from("dynamic");
    kql_parser_add(parser, node, constant(parser));
    kql_parser_expect(parser, ")");
    return node;
}

/* "a" "b": one string. */
static struct kql_node *string(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    struct kql_node *node = kql_parser_node(parser, KQL_STRING, token);
    size_t len = 0, count = 0;
    for (; kql_parser_peek(parser, count)->kind == KQL_TOKEN_STRING; count++)
        len += kql_parser_peek(parser, count)->value.len;
    if (count > 1) {
        char *joined = arena_alloc(parser->arena, len);
        parser->has_no_memory |= joined == NULL;
        size_t used = 0;
        for (size_t i = 0; i < count && joined != NULL; i++) {
            struct text part = kql_parser_peek(parser, i)->value;
            memcpy(joined + used, part.bytes, part.len);
            used += part.len;
        }
        node->text = (struct text){joined, used};
    }
    while (count-- > 0)
        kql_parser_advance(parser);
    return node;
}

static struct kql_node *literal(struct kql_parser *parser, enum kql_kind kind)
{
    struct kql_node *node = kql_parser_node(parser, kind, kql_parser_peek(parser, 0));
    kql_parser_advance(parser);
    return node;
}

/* datetime(2020-01-02) and its like: the type's name, and the text between the parentheses as child. */
static struct kql_node *typed(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    struct kql_node *node = kql_parser_node(parser, KQL_TYPED, token);
    size_t len = 0;
    while (len < token->text.len && strchr("( \t", token->text.bytes[len]) == NULL)
        len++;
    node->text = (struct text){token->text.bytes, len};
    struct kql_node *value = kql_parser_node(parser, KQL_STRING, token);
    value->text = token->value;
    kql_parser_add(parser, node, value);
    kql_parser_advance(parser);
    return node;
}

static struct kql_node *primary(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0), *next = kql_parser_peek(parser, 1);
    if (parser->is_failing)
        return kql_parser_fail(parser, "a value");
    switch (token->kind) {
    case KQL_TOKEN_STRING:
        return string(parser);
    case KQL_TOKEN_LONG:
        return literal(parser, KQL_LONG);
    case KQL_TOKEN_REAL:
        return literal(parser, KQL_REAL);
    case KQL_TOKEN_TIMESPAN:
        return literal(parser, KQL_TIMESPAN);
    case KQL_TOKEN_TYPED:
        return typed(parser);
    case KQL_TOKEN_NAME:
    case KQL_TOKEN_SIGN:
    case KQL_TOKEN_END:
        break;
    }
    if (kql_parser_is(token, "true") || kql_parser_is(token, "false") || kql_parser_is(token, "True") ||
        kql_parser_is(token, "False") || kql_parser_is(token, "TRUE") || kql_parser_is(token, "FALSE"))
        return literal(parser, KQL_BOOL);
    if (kql_parser_is(token, "dynamic") && kql_parser_is(next, "("))
        return dynamic(parser);
    if (token->kind == KQL_TOKEN_NAME && kql_parser_is(next, "(") && token->text.bytes[0] != '!') {
        struct kql_node *node = kql_parser_node(parser, KQL_CALL, token);
        kql_parser_advance(parser);
        arguments(parser, node);
        return node;
    }
    if (kql_parser_accept(parser, "(")) {
        struct kql_node *node = kql_parser_pipe(parser);
        kql_parser_expect(parser, ")");
        return node;
    }
    if (token->kind == KQL_TOKEN_NAME || kql_parser_is(token, "["))
        return kql_parser_name(parser);
    return kql_parser_fail(parser, "a value, a column or a function");
}

/* .name, [index], .["name"] */
static struct kql_node *path(struct kql_parser *parser)
{
    struct kql_node *node = primary(parser);
    unsigned steps = 0;
    for (; !parser->is_failing && steps < KQL_MAX_DEPTH; steps++) {
        const struct kql_token *token = kql_parser_peek(parser, 0), *next = kql_parser_peek(parser, 1);
        bool is_dot = kql_parser_is(token, ".");
        struct kql_node *object = node;
        if (is_dot && next->kind == KQL_TOKEN_NAME) {
            node = kql_parser_node(parser, KQL_MEMBER, next);
            kql_parser_advance(parser);
            kql_parser_advance(parser);
            kql_parser_add(parser, node, object);
        } else if (kql_parser_is(token, "[") || (is_dot && kql_parser_is(next, "["))) {
            node = kql_parser_node(parser, KQL_INDEX, token);
            (void)kql_parser_accept(parser, ".");
            kql_parser_expect(parser, "[");
            kql_parser_add(parser, node, object);
            kql_parser_add(parser, node, kql_parser_scalar(parser));
            kql_parser_expect(parser, "]");
        } else {
            return node;
        }
    }
    return steps < KQL_MAX_DEPTH ? node : kql_parser_fail(parser, "fewer steps in a path");
}

static struct kql_node *unary(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!is_one_of(token, sums))
        return path(parser);
    struct kql_node *node = kql_parser_node(parser, KQL_UNARY, token);
    kql_parser_advance(parser);
    kql_parser_add(parser, node, path(parser));
    return node;
}

/* The operator at this level that comes next; NULL if none does. */
static const struct kql_token *operator_at(const struct kql_parser *parser, enum level level)
{
    static const char *const *const words[] = {
        [LEVEL_OR] = ors,   [LEVEL_AND] = ands,         [LEVEL_EQUALITY] = equality, [LEVEL_RELATION] = relations,
        [LEVEL_SUM] = sums, [LEVEL_PRODUCT] = products, [LEVEL_STRING] = strings,
    };
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (parser->is_failing)
        return NULL;
    if (level == LEVEL_STRING && kql_parser_is(token, "matches"))
        return token;
    return is_one_of(token, words[level]) ? token : NULL;
}

/* in (...), has_any (...), between (a .. b), with the left side read. */
static struct kql_node *list(struct kql_parser *parser, struct kql_node *left)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    bool is_list = is_one_of(token, lists);
    struct kql_node *node = kql_parser_node(parser, is_list ? KQL_LIST : KQL_BETWEEN, token);
    kql_parser_advance(parser);
    kql_parser_add(parser, node, left);
    if (is_list) {
        arguments(parser, node);
        return node;
    }
    kql_parser_expect(parser, "(");
    kql_parser_add(parser, node, binary(parser, LEVEL_SUM));
    kql_parser_expect(parser, "..");
    kql_parser_add(parser, node, binary(parser, LEVEL_SUM));
    kql_parser_expect(parser, ")");
    return node;
}

static struct kql_node *operand(struct kql_parser *parser, enum level level)
{
    return level + 1 == LEVEL_UNARY ? unary(parser) : binary(parser, (enum level)(level + 1));
}

static struct kql_node *binary(struct kql_parser *parser, enum level level)
{
    if (level == LEVEL_UNARY)
        return unary(parser);
    bool can_chain = level == LEVEL_OR || level == LEVEL_AND || level == LEVEL_SUM || level == LEVEL_PRODUCT;
    struct kql_node *node = operand(parser, level);
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (level == LEVEL_EQUALITY && !parser->is_failing &&
        (is_one_of(token, lists) || kql_parser_is(token, "between") || kql_parser_is(token, "!between")))
        return list(parser, node);
    for (unsigned chain = 0; (token = operator_at(parser, level)) != NULL; chain++) {
        struct kql_node *left = node;
        bool is_same = can_chain && level <= LEVEL_AND && left->kind == KQL_BINARY && chain > 0;
        kql_parser_advance(parser);
        if (kql_parser_is(token, "matches"))
            kql_parser_expect(parser, "regex");
        if (!is_same) { /* a chain of and, or is one node with many children */
            node = kql_parser_node(parser, KQL_BINARY, token);
            if (kql_parser_is(token, "matches"))
                node->text = text_from("matches regex");
            kql_parser_add(parser, node, left);
        }
        kql_parser_add(parser, node, operand(parser, level));
        if (level > LEVEL_AND && chain >= KQL_MAX_DEPTH)
            return kql_parser_fail(parser, "fewer operators in a row");
        if (!can_chain)
            break;
    }
    return node;
}
