/*
 * kql_bind: what the parts that give a query its meaning share: names in force, the columns of a row, values, legs.
 * Users of the compiler need kql.h alone.
 *
 * A query is followed for one event. Each leg begins with a table; its operators make new rows of older ones. A column
 * is bound when a filter asks for it, and then once: what no filter needs is never compiled for the match.
 */
#ifndef DETECT_KQL_KQL_BIND_H
#define DETECT_KQL_KQL_BIND_H

#include "detect/kql/kql_tables.h"
#include "detect/kql/kql_tree.h"

/* Limits, refused with K105. */
#define KQL_MAX_LEGS 64
#define KQL_MAX_NODES 1024   /* operators and functions of a leg's condition, each let counted where it is used */
#define KQL_MAX_STEPS 200000 /* nodes bound in all; stops what lets and lambdas could multiply */
#define KQL_MAX_ITEMS 10000  /* values of a list */
#define KQL_MAX_BINDS 512    /* nodes within nodes, once lets and columns are put in */

struct kql_row;
struct kql_selection;

enum kql_what {
    KQL_IS_FAILED,    /* not known: told of already, or not to be known; so is all that is made of it */
    KQL_IS_VALUE,     /* expr */
    KQL_IS_AGGREGATE, /* a count or another figure over many events */
    KQL_IS_BAG,       /* WindowsEvent's EventData; expr too */
    KQL_IS_XML,       /* EventData as XML text */
    KQL_IS_XML_ROOT,  /* parse_xml() of it, and what is between that and the list */
    KQL_IS_XML_LIST,  /* the Data elements */
    KQL_IS_XML_ITEM,  /* each of them, one after another */
    KQL_IS_XML_NAME,  /* its ["@Name"] */
    KQL_IS_XML_TEXT,  /* its ["#text"] */
};

enum kql_selects { KQL_SELECTS_NOTHING, KQL_SELECTS_ID, KQL_SELECTS_CHANNEL, KQL_SELECTS_PROVIDER };

struct kql_value {
    enum kql_what what;
    struct expr *expr;
    unsigned nodes;           /* operators and functions in it */
    enum kql_selects selects; /* is it the event's id, channel, provider itself? */
    bool is_event_time;       /* the event's own time */
    bool is_now;              /* made of now() alone; offset: ticks after it, if is_offset_known */
    bool is_offset_known;
    bool is_loose;       /* a text that stands for a dynamic: a number compared with it is read out of it */
    bool is_placeholder; /* made of '{{...}}', which the service fills in */
    bool is_variable;    /* made of an element that mv-expand gives */
    bool is_monotone;    /* KQL_IS_AGGREGATE: compared so that more events can only make it true */
    int64_t offset;
    const struct kql_selection *selection; /* of a bool: the events that it can be true for; NULL: all */
};

/* Event ids, channels and providers; a dimension with count 0 is not limited. */
struct kql_selection {
    const uint32_t *ids;
    size_t id_count;
    const struct text *channels;
    size_t channel_count;
    const struct text *providers;
    size_t provider_count;
};

/* A name of a let, or of a lambda's parameter. */
struct kql_name {
    struct text name;
    const struct kql_node *node; /* what it stands for */
    struct kql_name *scope;      /* the names in force there */
    const struct kql_row *row;   /* and the row; NULL: none */
    bool is_bound;               /* value holds */
    struct kql_value value;
    struct kql_name *outer; /* the next name in force */
};

struct kql_column {
    struct text name;
    const struct kql_node *node;
    struct kql_name *scope;
    const struct kql_row *row;
    bool is_bound, is_busy;
    bool is_aggregate; /* of summarize */
    bool is_of_one;    /* and a set or list that a filter may ask about as if the group were this one event */
    struct kql_value value;
    struct kql_column *next;
};

enum kql_row_kind {
    KQL_ROW_TABLE,   /* the columns of a table here */
    KQL_ROW_EXTEND,  /* columns, and what is below */
    KQL_ROW_ONLY,    /* columns and nothing else; patterns name columns of below that stay */
    KQL_ROW_HIDE,    /* what is below without patterns */
    KQL_ROW_UNION,   /* below; a column of another leg of the union is there too, empty */
    KQL_ROW_PIVOT,   /* the event's own data by name, and the columns listed */
    KQL_ROW_UNKNOWN, /* below, and any other name: after a join, or of a table elsewhere */
};

struct kql_row {
    enum kql_row_kind kind;
    struct kql_row *self; /* to keep what was found in it */
    const struct kql_row *below;
    const struct kql_table *table;
    struct kql_column *columns; /* found so far, for a table */
    const struct text *patterns;
    size_t pattern_count;
    bool is_rest_aggregate; /* KQL_ROW_ONLY: any other column of below is a figure over events (arg_max(x, *)) */
    const struct kql_row *const *others; /* KQL_ROW_UNION: the rows of the legs */
    size_t other_count;
};

/* What mv-expand does: the conditions after it hold for one of the elements. */
struct kql_expansion {
    struct kql_value array;
    unsigned variable;
    struct kql_filter *filters; /* of the leg, when it was met */
    struct expr_place place;
    struct kql_expansion *outer;
};

struct kql_filter {
    struct kql_value value;
    struct kql_filter *before;
};

struct kql_leg {
    const struct kql_table *table; /* NULL: elsewhere */
    struct text name;              /* of the table as written */
    struct expr_place place;
    struct kql_row *row;
    struct kql_filter *filters; /* the last one first */
    size_t filter_count;
    unsigned nodes;
    struct kql_expansion *expansion;
    const struct kql_selection *selection;
    bool is_4688;         /* a filter asks for EventID == 4688 */
    bool is_constant;     /* datatable, print: no events */
    bool is_refused;      /* a mistake in it was told of */
    const char *not_here; /* why the leg can't be had here although nothing is wrong with it; NULL: it can */
    struct expr_place not_here_place;
    bool was_limited; /* take, top and their like stand before */
};

struct kql_legs {
    struct kql_leg *list[KQL_MAX_LEGS];
    size_t count;
    bool is_too_many;
};

struct kql_binder {
    struct arena *arena;
    struct columns *columns;
    struct kql_faults *faults; /* where mistakes go now */
    struct kql_faults *warnings;
    struct text (*frozen)(const void *context, struct text address); /* of what externaldata names; may be NULL */
    const void *frozen_context;
    struct kql_leg *leg; /* whose filter or column is bound, or NULL */
    unsigned steps, variables, depth;
    bool is_output;    /* the leg's result is bound: what can't be had is left out */
    bool is_aggregate; /* within an aggregate of it: of one event */
    unsigned derived;  /* within the expressions of kql_tables.c */
    bool has_no_memory;
    struct kql_row spare; /* stands for every row when memory is out */
};

/* kql_value.c: making values. */
struct kql_value kql_value_failed(void);
struct kql_value kql_value_constant(struct kql_binder *binder, struct value value, struct expr_place place);
struct kql_value kql_value_column(struct kql_binder *binder, unsigned column, struct text name,
                                  struct expr_place place);
struct kql_value kql_value_call(struct kql_binder *binder, const char *name, const struct kql_value *args, size_t count,
                                struct expr_place place);
struct kql_value kql_value_text_call(struct kql_binder *binder, struct text name, const struct kql_value *args,
                                     size_t count, struct expr_place place);
/* Tells of a function that is not there; message: what else is said of it, or NULL. */
void kql_value_no_function(struct kql_binder *binder, struct text name, struct expr_place place, const char *message);
/* The event's own data of that name. */
struct kql_value kql_value_data(struct kql_binder *binder, struct text name, struct expr_place place);
/* The fixed text of a value, or an absent one. */
struct text kql_value_text(const struct kql_value *value);
/* Says that the leg can't be had here, and why; the value is then not known. */
struct kql_value kql_value_not_here(struct kql_binder *binder, struct expr_place place, const char *why);
void *kql_alloc(struct kql_binder *binder, size_t count, size_t size);

/* kql_selection.c */
const struct kql_selection *kql_selection_both(struct kql_binder *binder, const struct kql_selection *a,
                                               const struct kql_selection *b);
const struct kql_selection *kql_selection_either(struct kql_binder *binder, const struct kql_selection *a,
                                                 const struct kql_selection *b);
/* Of `left == value` or `left in (values)`; NULL: it limits nothing. */
const struct kql_selection *kql_selection_of(struct kql_binder *binder, const struct kql_value *values, size_t count);

/* kql_bind.c: scalar expressions. */
struct kql_value kql_bind(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                          const struct kql_node *node);
struct kql_name *kql_bind_find(struct kql_name *scope, struct text name);
struct kql_value kql_bind_let(struct kql_binder *binder, struct kql_name *name);
/* kql_bind_compare.c: operators, lists, time. */
struct kql_value kql_bind_binary(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                 const struct kql_node *node);
struct kql_value kql_bind_list(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                               const struct kql_node *node);
struct kql_value kql_bind_between(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                  const struct kql_node *node);
/* kql_bind_call.c: functions and paths. */
struct kql_value kql_bind_call(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                               const struct kql_node *node);
struct kql_value kql_bind_member(struct kql_binder *binder, struct kql_name *scope, const struct kql_row *row,
                                 const struct kql_node *node);
/* A lambda's names in force: its parameters bound to the arguments of call. NULL: wrong arguments, told of. */
struct kql_name *kql_bind_parameters(struct kql_binder *binder, const struct kql_name *lambda,
                                     const struct kql_node *call, struct kql_name *scope, const struct kql_row *row);
/* The names in force in the body of a KQL_QUERY. */
struct kql_name *kql_bind_statements(struct kql_binder *binder, const struct kql_node *query, struct kql_name *scope);
/* Does Kusto have a scalar function of that name? */
bool kql_function_is_known(struct text name);

/* kql_row.c: columns. */
struct kql_row *kql_row_new(struct kql_binder *binder, enum kql_row_kind kind, const struct kql_row *below);
void kql_row_add(struct kql_binder *binder, struct kql_row *row, struct text name, const struct kql_node *node,
                 struct kql_name *scope, const struct kql_row *from);
void kql_row_add_value(struct kql_binder *binder, struct kql_row *row, struct text name, struct kql_value value);
/* The column of that name. False: there is none. */
bool kql_row_find(struct kql_binder *binder, const struct kql_row *row, struct text name, struct expr_place place,
                  struct kql_value *out);
bool kql_row_has(const struct kql_row *row, struct text name);
/* The same, but not where any name may be a column: lets go before those. */
bool kql_row_lists(const struct kql_row *row, struct text name);
/* Tells of a column that is not there. */
void kql_row_missing(struct kql_binder *binder, const struct kql_row *row, struct text name, struct expr_place place);
/* The names of its columns that can be listed, in order. */
void kql_row_names(const struct kql_row *row, void (*visit)(void *context, struct text name), void *context);
bool kql_row_matches(struct text pattern, struct text name);

/* kql_leg.c: tables. Adds the legs of a table to legs. */
void kql_leg_add(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope, const struct kql_node *node);
/* Is it a table rather than a value? */
bool kql_leg_is_table(struct kql_name *scope, const struct kql_node *node);
/* kql_summarize.c: summarize; and what its functions give for one event. False: not such a function. */
void kql_summarize_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                         const struct kql_node *node);
bool kql_summarize_call(struct kql_binder *binder, const struct kql_node *node, const struct kql_value *args,
                        size_t count, struct kql_value *out);
/* The name that Kusto gives a column without one; number is its place among those. */
struct text kql_summarize_name(struct kql_binder *binder, const struct kql_node *node, unsigned *number);
/* kql_operator.c: one operator, on all legs. */
void kql_operator_apply(struct kql_binder *binder, struct kql_legs *legs, struct kql_name *scope,
                        const struct kql_node *node);
void kql_operator_filter(struct kql_binder *binder, struct kql_leg *leg, struct kql_value value,
                         const struct kql_node *node);
void kql_operator_refuse(struct kql_binder *binder, struct kql_leg *leg);
/* kql_shape.c: operators that make new rows. False: none of them. */
bool kql_shape_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                     const struct kql_node *node);
/* kql_expand.c: parse, mv-expand, evaluate. False: none of them. */
bool kql_expand_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                      const struct kql_node *node);
/* kql_pattern.c: parse, parse-where. */
void kql_pattern_apply(struct kql_binder *binder, struct kql_leg *leg, struct kql_name *scope,
                       const struct kql_node *node);
/* kql_constant.c: a table of constants as the values of its first column. Tells of what can't be had, at place. */
bool kql_constant_list(struct kql_binder *binder, struct kql_name *scope, const struct kql_node *node,
                       struct expr_place place, struct kql_value **out, size_t *count);

#endif
