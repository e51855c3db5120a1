/* Tabular operators: what follows a |. Those that no rule for single events can use are named and skipped; what they
 * mean for the rule is said in kql_leg.c. */
#include "detect/kql/kql_parser.h"

static struct kql_node *begin(struct kql_parser *parser, struct text keyword, const struct kql_token *token)
{
    struct kql_node *node = kql_parser_node(parser, KQL_OPERATOR, token);
    node->text = keyword;
    return node;
}

/* (a, b) = value */
static struct kql_node *names_and_value(struct kql_parser *parser)
{
    struct kql_node *node = kql_parser_node(parser, KQL_ASSIGN, kql_parser_peek(parser, 0));
    kql_parser_expect(parser, "(");
    do
        kql_parser_add(parser, node, kql_parser_name(parser));
    while (kql_parser_accept(parser, ","));
    kql_parser_expect(parser, ")");
    kql_parser_expect(parser, "=");
    kql_parser_add(parser, node, kql_parser_scalar(parser));
    return node;
}

static bool is_names_and_value(const struct kql_parser *parser)
{
    size_t at = 1;
    if (!kql_parser_is(kql_parser_peek(parser, 0), "("))
        return false;
    while (kql_parser_peek(parser, at)->kind == KQL_TOKEN_NAME && kql_parser_is(kql_parser_peek(parser, at + 1), ","))
        at += 2;
    return kql_parser_peek(parser, at)->kind == KQL_TOKEN_NAME && kql_parser_is(kql_parser_peek(parser, at + 1), ")") &&
           kql_parser_is(kql_parser_peek(parser, at + 2), "=");
}

/* [name =] expression. */
static struct kql_node *column(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (is_names_and_value(parser))
        return names_and_value(parser);
    size_t len = token->kind == KQL_TOKEN_NAME ? 1 : 3; /* name, or ['name'] */
    bool has_name = kql_parser_is(kql_parser_peek(parser, len), "=") &&
                    (len == 1 || (kql_parser_is(token, "[") && kql_parser_is(kql_parser_peek(parser, 2), "]")));
    if (!has_name) {
        if (kql_parser_accept(parser, "*"))
            return kql_parser_node(parser, KQL_STAR, token);
        return kql_parser_scalar(parser);
    }
    struct kql_node *node = kql_parser_node(parser, KQL_ASSIGN, token);
    node->text = kql_parser_name(parser)->text;
    kql_parser_expect(parser, "=");
    kql_parser_add(parser, node, kql_parser_scalar(parser));
    return node;
}

/* Does what an operator holds end here? */
static bool is_end(const struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    return token->kind == KQL_TOKEN_END || kql_parser_is(token, "|") || kql_parser_is(token, ";") ||
           kql_parser_is(token, ")") || kql_parser_is(token, "}");
}

static void columns(struct kql_parser *parser, struct kql_node *node)
{
    do
        kql_parser_add(parser, node, column(parser));
    while (kql_parser_accept(parser, ","));
}

static void where(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_add(parser, node, kql_parser_scalar(parser));
    if (kql_parser_is(kql_parser_peek(parser, 0), "=") && !parser->is_failing)
        (void)kql_parser_fail(parser, "an operator; is it \"==\"");
}

/* Names with * in them: `Device*`, `*Id`, `*`. Their parts touch. */
static struct kql_node *wild_name(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (kql_parser_is(token, "["))
        return kql_parser_name(parser);
    struct kql_node *node = kql_parser_node(parser, KQL_NAME, token);
    const char *end = token->text.bytes;
    while (!parser->is_failing) {
        const struct kql_token *part = kql_parser_peek(parser, 0);
        bool is_part = part->kind == KQL_TOKEN_NAME || kql_parser_is(part, "*");
        if (!is_part || part->text.bytes != end)
            break;
        end += part->text.len;
        kql_parser_advance(parser);
    }
    if (end == token->text.bytes)
        return kql_parser_fail(parser, "a column's name");
    node->text.len = (size_t)(end - token->text.bytes);
    return node;
}

static void wild_names(struct kql_parser *parser, struct kql_node *node)
{
    static const char *const orders[] = {"asc", "desc", "granny"};
    do {
        kql_parser_add(parser, node, wild_name(parser));
        for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
            if (kql_parser_accept(parser, orders[i]) && kql_parser_accept(parser, "-"))
                kql_parser_advance(parser);
    } while (kql_parser_accept(parser, ","));
}

static void summarize(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    if (!kql_parser_is(kql_parser_peek(parser, 0), "by"))
        columns(parser, node);
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (!kql_parser_accept(parser, "by"))
        return;
    struct kql_node *by = kql_parser_node(parser, KQL_BY, token);
    columns(parser, by);
    kql_parser_add(parser, node, by);
}

/* Order does not matter here: what `by` names is read and forgotten. */
static void ordered(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    if (!kql_parser_is(kql_parser_peek(parser, 0), "by") && !is_end(parser))
        kql_parser_add(parser, node, kql_parser_scalar(parser));
    if (!kql_parser_accept(parser, "by"))
        return;
    do {
        (void)column(parser);
        (void)(kql_parser_accept(parser, "asc") || kql_parser_accept(parser, "desc"));
        if (kql_parser_accept(parser, "nulls"))
            (void)(kql_parser_accept(parser, "first") || kql_parser_accept(parser, "last"));
    } while (kql_parser_accept(parser, ","));
}

static void union_legs(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    do
        kql_parser_add(parser, node, kql_parser_leg(parser));
    while (kql_parser_accept(parser, ","));
}

/* join [kind=...] (right) on ...; the keys are not needed. */
static void join(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    kql_parser_add(parser, node, kql_parser_leg(parser));
    if (parser->is_failing)
        return;
    if (!is_end(parser))
        kql_parser_expect(parser, "on");
    kql_parser_skip(parser, parser->nesting);
}

static void pattern(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    kql_parser_add(parser, node, kql_parser_scalar(parser));
    kql_parser_expect(parser, "with");
    struct kql_node *pattern = kql_parser_node(parser, KQL_PATTERN, kql_parser_peek(parser, 0));
    while (!parser->is_failing && !is_end(parser)) {
        const struct kql_token *token = kql_parser_peek(parser, 0);
        struct kql_node *part = NULL;
        if (kql_parser_accept(parser, "*")) {
            part = kql_parser_node(parser, KQL_STAR, token);
        } else if (token->kind == KQL_TOKEN_STRING) {
            part = kql_parser_node(parser, KQL_STRING, token);
            kql_parser_advance(parser);
        } else {
            part = kql_parser_name(parser);
            if (kql_parser_accept(parser, ":")) {
                part->kind = KQL_TYPE;
                kql_parser_add(parser, part, kql_parser_name(parser));
            }
        }
        kql_parser_add(parser, pattern, part);
    }
    if (pattern->count == 0)
        (void)kql_parser_fail(parser, "a pattern: texts in quotes, names of columns, *");
    kql_parser_add(parser, node, pattern);
}

static void expand(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    do {
        struct kql_node *expanded = column(parser);
        if (kql_parser_accept(parser, "to")) {
            struct kql_node *type = kql_parser_node(parser, KQL_TYPE, kql_parser_peek(parser, 0));
            kql_parser_expect(parser, "typeof");
            kql_parser_expect(parser, "(");
            kql_parser_add(parser, type, expanded);
            kql_parser_add(parser, type, kql_parser_name(parser));
            kql_parser_expect(parser, ")");
            expanded = type;
        }
        kql_parser_add(parser, node, expanded);
    } while (kql_parser_accept(parser, ","));
    if (kql_parser_accept(parser, "limit"))
        (void)kql_parser_scalar(parser);
}

static void plugin(struct kql_parser *parser, struct kql_node *node)
{
    kql_parser_parameters(parser, node);
    kql_parser_add(parser, node, kql_parser_scalar(parser));
    if (kql_parser_accept(parser, ":"))
        (void)kql_parser_schema(parser);
}

static void rest(struct kql_parser *parser, struct kql_node *node)
{
    (void)node;
    kql_parser_skip(parser, parser->nesting);
}

static const struct {
    struct text name;
    void (*read)(struct kql_parser *parser, struct kql_node *node);
} operators[] = {
#define WORD(word, read)                                                                                               \
    {                                                                                                                  \
        {(word), sizeof(word) - 1}, (read)                                                                             \
    }
    WORD("where", where),
    WORD("filter", where),
    WORD("extend", columns),
    WORD("project", columns),
    WORD("project-rename", columns),
    WORD("distinct", columns),
    WORD("serialize", rest),
    WORD("project-away", wild_names),
    WORD("project-keep", wild_names),
    WORD("project-reorder", wild_names),
    WORD("summarize", summarize),
    WORD("sort", ordered),
    WORD("order", ordered),
    WORD("top", ordered),
    WORD("take", rest),
    WORD("limit", rest),
    WORD("as", rest),
    WORD("count", rest),
    WORD("union", union_legs),
    WORD("join", join),
    WORD("lookup", join),
    WORD("parse", pattern),
    WORD("parse-where", pattern),
    WORD("mv-expand", expand),
    WORD("mvexpand", expand),
    WORD("evaluate", plugin),
    WORD("invoke", plugin),
    WORD("mv-apply", rest),
    WORD("mvapply", rest),
    WORD("make-series", rest),
    WORD("render", rest),
    WORD("sample", rest),
    WORD("sample-distinct", rest),
    WORD("getschema", rest),
    WORD("top-nested", rest),
    WORD("top-hitters", rest),
    WORD("scan", rest),
    WORD("partition", rest),
    WORD("reduce", rest),
    WORD("fork", rest),
    WORD("facet", rest),
    WORD("consume", rest),
    WORD("find", rest),
    WORD("search", rest),
    WORD("parse-kv", rest),
    WORD("assert-schema", rest),
    WORD("project-by-names", rest),
    WORD("make-graph", rest),
    WORD("graph-match", rest),
    WORD("graph-to-table", rest),
    WORD("range", rest),
    WORD("print", rest),
    WORD("externaldata", rest),
#undef WORD
};

/* A keyword, with the parts that hyphens join: `project-away`. */
static struct text keyword(struct kql_parser *parser)
{
    struct text word = kql_parser_peek(parser, 0)->text;
    kql_parser_advance(parser);
    for (;;) {
        const struct kql_token *hyphen = kql_parser_peek(parser, 0), *part = kql_parser_peek(parser, 1);
        if (!kql_parser_is(hyphen, "-") || part->kind != KQL_TOKEN_NAME ||
            hyphen->text.bytes != word.bytes + word.len || part->text.bytes != hyphen->text.bytes + 1)
            return word;
        word.len += 1 + part->text.len;
        kql_parser_advance(parser);
        kql_parser_advance(parser);
    }
}

struct kql_node *kql_parser_operator(struct kql_parser *parser)
{
    const struct kql_token *token = kql_parser_peek(parser, 0);
    if (token->kind != KQL_TOKEN_NAME)
        return kql_parser_fail(parser, "an operator: where, extend, project, ...");
    struct text word = keyword(parser);
    size_t count = sizeof operators / sizeof operators[0];
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(operators[i].name, word))
            continue;
        struct kql_node *node = begin(parser, word, token);
        operators[i].read(parser, node);
        if (!parser->is_failing && !is_end(parser))
            return kql_parser_fail(parser, "\"|\", \";\" or the end");
        return parser->is_failing ? kql_parser_node(parser, KQL_BAD, token) : node;
    }
    struct text meant = kql_nearest(word, &operators[0].name, count, sizeof operators[0]);
    if (meant.bytes != NULL)
        kql_faults_add(parser->faults, token->place, "K101", "there is no operator \"%.*s\"; did you mean \"%.*s\"?",
                       KQL_NAME(word), KQL_NAME(meant));
    else
        kql_faults_add(parser->faults, token->place, "K101", "there is no operator \"%.*s\"", KQL_NAME(word));
    parser->is_failing = true;
    return kql_parser_node(parser, KQL_BAD, token);
}
