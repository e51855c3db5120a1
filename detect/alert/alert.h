/*
 * alert: a match with everything that an encoder needs: the row that the rule itself makes ("faithful") and the host
 * and account as they really are ("corrected"). Source: docs/rule-semantics.md, "The rule's row" and "Quirks".
 */
#ifndef DETECT_ALERT_ALERT_H
#define DETECT_ALERT_ALERT_H

#include "detect/alert/entity.h"
#include "detect/rule/rule_set.h"

/* A column of the rule's result. */
struct alert_cell {
    struct text name;
    struct value value;
};

/* Most rules named as attached to an alert's. */
#define ALERT_MAX_ALSO 8

/* Borrows from its event and its rule; valid as long as both are and until alert_clear(). */
struct alert {
    const struct rule *rule;
    const struct leg *leg;          /* the one that the row is of: the first that is true of the event, and is about the
                                       event's own process before its creator */
    uint64_t legs;                  /* all that are true, as in struct rule_match */
    const struct alert_cell *cells; /* the row, in the rule's order */
    size_t cell_count;              /* 0: the rule makes none */
    struct arena *arena;            /* what the cells' values lie in; NULL without cells */
    const struct event *event;
    const char *severity; /* static: the row's, where the rule has such a column, else the rule's */
    unsigned severity_ecs;
    const char *also[ALERT_MAX_ALSO]; /* ids of rules that are attached to this one and found the event too */
    size_t also_count;                /* 0 from alert_make() */
    uint64_t created;                 /* when the agent made it, as struct event's time */
    struct entity host_account;       /* corrected */
    const char *follows;              /* id of the alert that this adds to; NULL: it is an alert of its own */
    const char *action;               /* with follows: what it adds, as ECS's event.action */
    bool is_test; /* the agent itself started the process, to see whether it is noticed; false from alert_make() */
    struct text source; /* the file that the event was read from; empty: it came live, and from alert_make() */
};

/*
 * Fills *out. match: with a leg that is true; columns: of its set. created: as in struct alert. Returns 0, or -ENOMEM
 * with *out left as it was.
 */
int alert_make(struct alert *out, const struct rule_match *match, const struct columns *columns,
               const struct event *event, uint64_t created);

/* Frees what alert_make allocated. */
void alert_clear(struct alert *alert);

/* The cell of that name, or NULL. */
const struct alert_cell *alert_cell(const struct alert *alert, const char *name);

/* Is it the creator of the event's process, and not that process itself, that the rule found? */
bool alert_is_of_parent(const struct alert *alert);

#endif
