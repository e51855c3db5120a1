/*
 * column: what the expressions of rules read of an event: one numbering for all rules of a set, so that each thing that
 * any rule asks for has one number, and a struct expr_row over an event.
 *
 * Columns are made while rules are compiled, by one thread; afterwards any number of threads may read.
 */
#ifndef DETECT_RULE_COLUMN_H
#define DETECT_RULE_COLUMN_H

#include "detect/event/event.h"
#include "detect/expression/expr.h"

/* No column: memory is short. */
#define COLUMN_NONE (~0u)

enum column_kind {
    COLUMN_FIELD,    /* a canonical field of the event; string */
    COLUMN_DATA,     /* the event's own data of a name (EventData, UserData); string */
    COLUMN_POSITION, /* the event's own data at a position, 0-based; string */
    COLUMN_SYSTEM    /* what stands in the event's System part; the type says column_type() */
};

/* In brackets the type where it is not string. */
enum column_system {
    COLUMN_EVENT_ID,          /* [int] */
    COLUMN_TIME,              /* when it happened [datetime] */
    COLUMN_RECORD_ID,         /* [long] */
    COLUMN_PROCESS_ID,        /* of the new process [long] */
    COLUMN_PARENT_PROCESS_ID, /* of its creator [long] */
    COLUMN_EVENT_DATA,        /* all of the event's own data as a bag, name to text; unnamed ones as "Data" [dynamic] */
    COLUMN_ALL_DATA,          /* the texts of all of the event's own data, each on a line of its own */
    COLUMN_SYSTEM_COUNT
};

struct column {
    enum column_kind kind;
    enum event_field field;    /* COLUMN_FIELD */
    unsigned position;         /* COLUMN_POSITION */
    enum column_system system; /* COLUMN_SYSTEM */
    struct text name;          /* COLUMN_DATA: the data's name as the log writes it */
};

struct columns;

/* An empty numbering. Returns 0, or -ENOMEM with *out left as it was. */
int columns_new(struct columns **out);

/* Frees it; NULL is allowed. */
void columns_free(struct columns *columns);

size_t columns_count(const struct columns *columns);

/* Column number i, below columns_count(). */
const struct column *column_at(const struct columns *columns, unsigned i);

/* "process.command_line", "data TaskName", "data 3", "EventID": for messages. Static, or valid as long as columns. */
const char *column_name(const struct columns *columns, unsigned i);

/* The type of a column's values; expr_column() must be given the same. */
enum value_type column_type(const struct columns *columns, unsigned i);

/* The number of that column, which is made if it is new. COLUMN_NONE: no memory. The name's letter case counts; it is
 * copied. */
unsigned column_of_field(struct columns *columns, enum event_field field);
unsigned column_of_data(struct columns *columns, struct text name);
unsigned column_of_position(struct columns *columns, unsigned position);
unsigned column_of_system(struct columns *columns, enum column_system system);

/* Such a column as an expression, of its type. NULL: no memory. */
struct expr *column_expr(struct arena *arena, const struct columns *columns, unsigned column, struct text name,
                         struct expr_place place);

/* An event as expressions see it. row must stay the first member. */
struct column_row {
    struct expr_row row;
    const struct columns *columns;
    const struct event *event;
};

/*
 * Makes row of event; both must outlive it. now: the time, as an event's time. A string column that the event lacks is
 * an absent text: an empty one to KQL, and told apart by sigma:exists; a number that is not known is null.
 */
void column_row_of(struct column_row *row, const struct columns *columns, const struct event *event, uint64_t now);

/* The text of a string column in event: absent where it has none. Not for COLUMN_SYSTEM. */
struct text column_text(const struct columns *columns, unsigned i, const struct event *event);

#endif
