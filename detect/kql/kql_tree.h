/*
 * kql_tree: a query as it was written: tokens and the tree that the parser makes of them. No names are looked up here.
 * Nodes live in the arena of the query; texts borrow from the query or from the arena.
 */
#ifndef DETECT_KQL_KQL_TREE_H
#define DETECT_KQL_KQL_TREE_H

#include "detect/kql/kql_fault.h"
#include <stdint.h>

/* Limits, refused with K105. What real rules need is a tenth of each. */
#define KQL_MAX_QUERY 65536 /* bytes of a query */
#define KQL_MAX_DEPTH 64    /* parentheses and calls within each other, operators of one kind in a row not counted */

enum kql_token_kind {
    KQL_TOKEN_END,
    KQL_TOKEN_NAME,     /* also every keyword; and words with "!" before or "~" after: "!has", "in~" */
    KQL_TOKEN_STRING,   /* value: with the escapes taken out */
    KQL_TOKEN_LONG,     /* value as written */
    KQL_TOKEN_REAL,     /* value as written */
    KQL_TOKEN_TIMESPAN, /* value as written */
    KQL_TOKEN_TYPED,    /* datetime(...), long(...) and their like: text is all of it */
    KQL_TOKEN_SIGN,     /* one of the language's signs */
};

struct kql_token {
    enum kql_token_kind kind;
    struct expr_place place;
    struct text text; /* as written */
    struct text value;
};

enum kql_kind {
    /* Values. */
    KQL_NAME,     /* text */
    KQL_STRING,   /* text */
    KQL_LONG,     /* text as written */
    KQL_REAL,     /* text as written */
    KQL_TIMESPAN, /* text as written */
    KQL_BOOL,     /* text: true or false in any case */
    KQL_TYPED,    /* text: the type's name; one KQL_STRING child: what stands between the parentheses */
    KQL_ARRAY,    /* dynamic([...]): children are constants */
    KQL_BAG,      /* dynamic({...}): children are KQL_ASSIGN */
    KQL_NULL,     /* null within dynamic(...) */
    KQL_STAR,     /* * as an argument */
    KQL_CALL,     /* text: the function; children: arguments */
    KQL_UNARY,    /* text: + or -; one child */
    KQL_BINARY,   /* text: the operator; two children */
    KQL_LIST,     /* text: in, has_any, ...; children: left side, then the elements */
    KQL_BETWEEN,  /* text: between or !between; children: value, low, high */
    KQL_MEMBER,   /* text: the name; one child: the object */
    KQL_INDEX,    /* children: the object, the index */
    KQL_ASSIGN,   /* text: the name; one child; more children where several names stand before: names, then the value */
    KQL_TYPE,     /* name:type; text: the name; one KQL_NAME child: the type, or KQL_SCHEMA */
    KQL_SCHEMA,   /* (name:type, ...) or (*) */
    /* Tables. */
    KQL_PIPE,      /* children: source, then KQL_OPERATOR */
    KQL_UNION,     /* a source; children: parameters as KQL_ASSIGN, then legs */
    KQL_DATATABLE, /* children: KQL_SCHEMA, then the values row by row */
    KQL_EXTERNAL,  /* externaldata; children: KQL_SCHEMA, then addresses as KQL_STRING, then properties as KQL_ASSIGN */
    KQL_SOURCE,    /* find, search, range, print and their like, not looked into; text: the keyword */
    KQL_OPERATOR,  /* text: the keyword ("where"); children as the operator has them */
    KQL_BY,        /* what stands after "by" of summarize, sort, top; after "on" of join */
    KQL_PATTERN,   /* parse: children are KQL_STAR, KQL_STRING, KQL_NAME, KQL_TYPE */
    KQL_BAD,       /* what could not be read; said already */
    /* Statements. */
    KQL_LET,    /* text: the name; one child */
    KQL_LAMBDA, /* children: parameters as KQL_TYPE, the last one is KQL_QUERY */
    KQL_QUERY,  /* children: KQL_LET, the last one is what the query is (absent if there is none) */
};

struct kql_node {
    enum kql_kind kind;
    struct expr_place place;
    struct text text;
    struct kql_node *first, *last; /* children */
    struct kql_node *next;         /* sibling */
    unsigned count;                /* children */
};

/*
 * Cuts query into tokens, KQL_TOKEN_END last. What is no token is reported in faults and left out.
 * Returns 0, -ENOMEM, or -EINVAL for a query longer than KQL_MAX_QUERY (told of).
 */
int kql_lexer_run(struct kql_token **out, struct arena *arena, struct text query, struct kql_faults *faults);

/*
 * Reads a whole query into a KQL_QUERY. Syntax errors are reported in faults; the reading goes on at the next | or ;.
 * *out may then hold KQL_BAD nodes. Returns 0, -ENOMEM, or -EINVAL as kql_lexer_run.
 */
int kql_parser_query(struct kql_node **out, struct arena *arena, struct text query, struct kql_faults *faults);

/* The same for one scalar expression and nothing after it. */
int kql_parser_expression(struct kql_node **out, struct arena *arena, struct text query, struct kql_faults *faults);

#endif
