/*
 * kql_fault: what is wrong in a query, and where. All mistakes of a query are collected, not only the first.
 *
 * A fault has a code for people and a class for programs:
 *   K1xx the language (syntax, unknown operator or function, limits), K2xx names and types, K3xx what needs more than
 * one event, W4xx warnings. Codes K120 to K124, K210 and K211 come from detect/expression/expr.h.
 */
#ifndef DETECT_KQL_KQL_FAULT_H
#define DETECT_KQL_KQL_FAULT_H

#include "detect/base/arena.h"
#include "detect/expression/expr.h"
#include <stdbool.h>
#include <stddef.h>

/* Faults kept of one query; more are counted, not kept: the first hundred are enough to work on. */
#define KQL_FAULT_MAX 100

/* Bytes of a message, with its NUL. */
#define KQL_FAULT_MESSAGE 320

struct kql_fault {
    struct expr_place place; /* of the query: line and column from 1, columns count characters */
    char code[8];
    const void *owner;               /* whose it is: kql_faults.owner when it was told */
    char message[KQL_FAULT_MESSAGE]; /* what is wrong; what would be right */
};

struct kql_faults {
    struct kql_fault *list; /* from the arena that kql_faults_begin was given */
    size_t room;
    size_t count;
    size_t left_out;   /* found, but not kept */
    const void *owner; /* the caller's: whose the next ones are; NULL: nobody's */
};

/* An empty list with room for so many, KQL_FAULT_MAX or less. Returns 0 or -ENOMEM. */
int kql_faults_begin(struct kql_faults *faults, struct arena *arena, size_t room);

/* Adds one; the same code at the same place counts once. */
__attribute__((format(printf, 4, 5))) void kql_faults_add(struct kql_faults *faults, struct expr_place place,
                                                          const char *code, const char *format, ...);

/* Puts them in the order of their places. */
void kql_faults_sort(struct kql_faults *faults);

/* The class of a code: "join-or-subquery", "syntax", ...; "warning" for W4xx, "" for a code that no query has. */
const char *kql_fault_class(const char *code);

/*
 * The one of count names (each at names + i * stride, a struct text) that word was probably meant to be: the one that
 * the fewest letters changed, added, left out or swapped make of it, and at most a third of them; an absent text if
 * there is none.
 */
struct text kql_nearest(struct text word, const struct text *names, size_t count, size_t stride);

/* For printf's "%.*s": at most 64 bytes of a name out of the query. */
#define KQL_NAME(text) (int)((text).len < 64 ? (text).len : 64), (text).bytes

#endif
