/* The parsed form of an XPath, shared by xpath_parse.c and xpath_match.c. Indexes instead of pointers; XPATH_END: none.
 */
#ifndef TESTS_WINSIM_XPATH_INTERNAL_H
#define TESTS_WINSIM_XPATH_INTERNAL_H

#include "tests/winsim/xpath.h"

#define XPATH_END UINT16_MAX
#define XPATH_MAX_PARTS 512

enum xpath_kind { XPATH_OR, XPATH_AND, XPATH_TEST };
enum xpath_operand { XPATH_PATH, XPATH_POSITION, XPATH_BAND, XPATH_TIMEDIFF };
enum xpath_operator {
    XPATH_EXISTS,
    XPATH_EQUAL,
    XPATH_NOT_EQUAL,
    XPATH_LESS,
    XPATH_AT_MOST,
    XPATH_MORE,
    XPATH_AT_LEAST
};

struct xpath_expression {
    enum xpath_kind kind;
    uint16_t left, right; /* of XPATH_OR and XPATH_AND: expressions */
    enum xpath_operand operand;
    enum xpath_operator op;
    uint16_t path, second_path; /* first steps */
    uint64_t mask;              /* of XPATH_BAND */
    const char *literal;        /* as written, without quotes */
    bool is_number;
    uint64_t number;
    uint16_t next; /* the next predicate of the same step */
};

struct xpath_step {
    const char *name; /* "*": any */
    bool is_attribute;
    uint16_t predicates; /* the first, an expression */
    uint16_t next;
};

struct xpath {
    struct xpath_expression expressions[XPATH_MAX_PARTS];
    struct xpath_step steps[XPATH_MAX_PARTS];
    uint16_t expression_count, step_count;
    uint16_t root; /* first step */
    unsigned tests;
    char *texts; /* names and literals */
    size_t texts_size;
};

/* "123" or "0x7b" in full. */
bool xpath_number(uint64_t *out, const char *text);

#endif
