/* kql_parser: what the parts of the parser share (expressions, operators, statements). Its users need kql_tree.h alone.
 */
#ifndef DETECT_KQL_KQL_PARSER_H
#define DETECT_KQL_KQL_PARSER_H

#include "detect/kql/kql_tree.h"

struct kql_parser {
    const struct kql_token *tokens; /* KQL_TOKEN_END is the last */
    size_t at;
    unsigned nesting; /* parentheses, brackets and braces open before token `at` */
    unsigned depth;   /* of the reader's own recursion */
    bool is_failing;  /* a syntax error was told of; nothing more is said until the next | or ; */
    bool has_no_memory;
    struct kql_node spare; /* stands for every node when memory is out */
    struct arena *arena;
    struct kql_faults *faults;
};

/* The token `ahead` tokens on; the last one for ever. */
const struct kql_token *kql_parser_peek(const struct kql_parser *parser, size_t ahead);

/* Is the token this sign, or this word? */
bool kql_parser_is(const struct kql_token *token, const char *text);

/* Moves on by one token, except at the end. */
void kql_parser_advance(struct kql_parser *parser);

/* Moves past `text` if it comes next. */
bool kql_parser_accept(struct kql_parser *parser, const char *text);

/* The same; else it is a syntax error that says what was expected. */
void kql_parser_expect(struct kql_parser *parser, const char *text);

/* Tells of a syntax error at the next token, once. `expected` is what would be right. Returns a KQL_BAD node. */
struct kql_node *kql_parser_fail(struct kql_parser *parser, const char *expected);

/* Room for one level more? If not, tells of it, once; then nothing more is read. Each success is undone by depth--. */
bool kql_parser_deeper(struct kql_parser *parser);

struct kql_node *kql_parser_node(struct kql_parser *parser, enum kql_kind kind, const struct kql_token *token);
void kql_parser_add(struct kql_parser *parser, struct kql_node *node, struct kql_node *child);

/* `name`, or `['any text']`, as KQL_NAME. */
struct kql_node *kql_parser_name(struct kql_parser *parser);

/* One scalar expression (kql_parser_expression.c). */
struct kql_node *kql_parser_scalar(struct kql_parser *parser);
/* A function's argument: an expression, a table, `*` or name = argument. */
struct kql_node *kql_parser_argument(struct kql_parser *parser);

/* A table or an expression, with its operators if any follow (kql_parser_table.c). */
struct kql_node *kql_parser_pipe(struct kql_parser *parser);
/* (name:type, ...) */
struct kql_node *kql_parser_schema(struct kql_parser *parser);
/* One leg of a union, the right side of a join: a name, a call, or a table in parentheses. */
struct kql_node *kql_parser_leg(struct kql_parser *parser);
/* `isfuzzy=true`, `hint.strategy=shuffle` and their like: KQL_ASSIGN each, added to node. */
void kql_parser_parameters(struct kql_parser *parser, struct kql_node *node);

/* What follows a |, the keyword too (kql_parser_operator.c). */
struct kql_node *kql_parser_operator(struct kql_parser *parser);
/* Skips to the next | or ; or closing sign that is not within parentheses opened since `nesting`. */
void kql_parser_skip(struct kql_parser *parser, unsigned nesting);

#endif
