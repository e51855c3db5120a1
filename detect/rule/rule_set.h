/*
 * rule_set: many rules at once against an event.
 *
 * A set is filled by one thread and sealed; from then on it never changes, and any number of threads may match, each
 * with a rule_scratch of its own. Matching an event that fulfils nothing allocates nothing.
 *
 * Candidates: of each leg's condition something is known that must stand in one of some columns for it to be true
 * (expr_required). One pass over those columns of an event finds the legs that are worth evaluating. Legs of which
 * nothing is known are evaluated for each event of their kinds: they are "always on". The answer is the same with and
 * without.
 */
#ifndef DETECT_RULE_RULE_SET_H
#define DETECT_RULE_RULE_SET_H

#include "detect/rule/rule.h"

struct rule_set;

struct rule_set_options {
    bool is_plain;      /* without candidates: each leg is evaluated for each event; for tests */
    bool is_as_written; /* without the legs that mend a rule (struct leg: is_faithful) */
};

/* An empty set. Returns 0, or -ENOMEM with *out left as it was. */
int rule_set_new(struct rule_set **out);

/* Frees it with its rules; NULL is allowed. */
void rule_set_free(struct rule_set *set);

/* The set's columns, for rule_file_compile(). */
struct columns *rule_set_columns(const struct rule_set *set);

/*
 * Adds a rule compiled with the set's columns; it then belongs to the set, in any case but those of a return below 0.
 * Returns 0; -EEXIST: a rule of that id (letter case aside) is there, *other gets it; -ENOMEM.
 */
int rule_set_add(struct rule_set *set, struct rule *rule, const struct rule **other);

/* Puts rule, compiled with the set's columns, into the place of the one of its id, which is there and is freed. Before
 * rule_set_seal(). */
void rule_set_replace(struct rule_set *set, struct rule *rule);

/* Makes the set ready to match. Returns 0 or -ENOMEM. */
int rule_set_seal(struct rule_set *set, const struct rule_set_options *options);

size_t rule_set_count(const struct rule_set *set);

/* Rule number i, below rule_set_count(), in the order in which they were added. */
const struct rule *rule_set_at(const struct rule_set *set, size_t i);

/* The rule of that id, letter case aside, or NULL; *i, if not NULL, gets its number. */
const struct rule *rule_set_find(const struct rule_set *set, const char *id, size_t *i);

/* What rule_set_seal() made of a leg. */
struct rule_set_leg {
    bool is_used;                   /* false: left out by is_as_written */
    const struct expr_needs *needs; /* what must stand in the event; NULL: always on */
    bool is_traced;                 /* that is ASCII words that stand in raw bytes of the event too */
};
struct rule_set_leg rule_set_leg(const struct rule_set *set, size_t rule, size_t leg);

/* Bytes of the tables that were made to find candidates. */
size_t rule_set_size(const struct rule_set *set);

/* A rule that an event fulfils, or whose answer could not be had. */
struct rule_match {
    const struct rule *rule;
    size_t number;   /* of the rule in the set */
    uint64_t legs;   /* bit i: leg i is true of the event */
    uint64_t failed; /* bit i: a limit was reached while leg i was evaluated; its answer is not known, not "no" */
};

struct rule_scratch;

/* What one thread needs to match with set. Returns 0, or -ENOMEM with *out left as it was. */
int rule_scratch_new(struct rule_scratch **out, const struct rule_set *set);
void rule_scratch_free(struct rule_scratch *scratch);

/* Legs that were evaluated since the scratch was made: what the candidates are measured by. */
uint64_t rule_scratch_evaluated(const struct rule_scratch *scratch);

/*
 * The rules that event fulfils, in the set's order. now: the time, as an event's time. *out gets the list, valid until
 * the next call with scratch. Returns how many.
 */
size_t rule_set_match(const struct rule_set *set, const struct event *event, uint64_t now, struct rule_scratch *scratch,
                      const struct rule_match **out);

/* Can an event of this kind, event id, channel and provider (absent: any) fulfil a rule at all? */
bool rule_set_wants(const struct rule_set *set, const struct event *event);

/*
 * Where in these raw bytes (XML, UTF-8, any number of events) may a match be? The index of something that a rule needs,
 * at or after from; bytes.len: nowhere. Certain as long as no letter is written as a character reference.
 */
size_t rule_set_bytes_find(const struct rule_set *set, struct text bytes, size_t from);

/* The same of bytes of which it does not matter where. */
bool rule_set_bytes_may_match(const struct rule_set *set, struct text bytes);

/* The same of UTF-16 text that may hold several values of an event. */
bool rule_set_utf16_may_match(const struct rule_set *set, const uint16_t *units, size_t count);

/* Is it certain of each event of that kind that it fulfils a rule only if its command line or its creator's may match
 * (rule_set_bytes_may_match, rule_set_utf16_may_match)? */
bool rule_set_asks_lines_only(const struct rule_set *set, enum event_kind kind);

/* Calls visit for each column that a condition reads in events of the kinds (bits as in struct leg_source), once each.
 * Returns 0 or -ENOMEM. */
int rule_set_each_column(const struct rule_set *set, uint64_t kinds, void (*visit)(void *context, unsigned column),
                         void *context);

/* Calls visit for each source of each leg in use: for the queries of a live reader. */
void rule_set_each_source(const struct rule_set *set, void (*visit)(void *context, const struct leg_source *source),
                          void *context);

#endif
