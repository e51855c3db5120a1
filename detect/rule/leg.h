/*
 * leg: one condition of a rule over single events of one table or log source, compiled. A Sentinel rule has a leg for
 * each table that its query unites; a Sigma rule has one, or one for each kind whose fields are named otherwise.
 */
#ifndef DETECT_RULE_LEG_H
#define DETECT_RULE_LEG_H

#include "detect/expression/column.h"
#include "detect/rule/note.h"

/* Most legs of a rule: they are numbered in the bits of a word. */
#define LEG_MAX 64

/* Which events a leg may be true of: an event is one of them if all that is given here holds of it. The condition
 * itself tests nothing of this again. */
struct leg_source {
    uint64_t kinds;            /* bit 1 << enum event_kind for each kind */
    struct text channel;       /* System/Channel, letter case aside; absent: any */
    struct text provider;      /* System/Provider/@Name, letter case aside; absent: any */
    const uint32_t *event_ids; /* one of these; NULL: any */
    size_t event_id_count;
};

/* A column of the leg's result. */
struct leg_column {
    struct text name; /* as the rule names it */
    const struct expr *value;
    struct expr_place place;
};

struct leg {
    struct text table; /* "SecurityEvent"; Sigma: the log source, "process_creation" */
    const struct leg_source *sources;
    size_t source_count;
    const struct expr *condition; /* of type bool */
    const struct leg_column *row; /* in the result's order; Sigma: none */
    size_t row_count;
    struct expr_place place; /* where the table is named */
    bool is_faithful;        /* the rule as it is written; false: a leg that mends it (docs/rule-semantics.md, Q8) */
    unsigned number;         /* in messages and documents, 1 and up; set by legs_add() where it is 0 */
    bool is_of_creator;      /* its condition asks of the process that created the event's one, not of that itself */
};

/* The legs of one rule while it is compiled. All zero is an empty list. */
struct legs {
    struct leg *items;
    size_t count, room;
};

/* Adds a copy of leg, and says there what follows from its condition. Returns 0, -ENOMEM, or -E2BIG: LEG_MAX are
 * there. */
int legs_add(struct legs *legs, struct arena *arena, const struct columns *columns, const struct leg *leg);

/* Is an event one of source's? */
bool leg_source_takes(const struct leg_source *source, const struct event *event);

/* May leg be true of an event by its kind, id, channel and provider: do any of its sources have such events? */
bool leg_takes(const struct leg *leg, const struct event *event);

#endif
