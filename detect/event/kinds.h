/*
 * kinds: which events of which logs are known, and where their fields stand: the one table of it. Readers of event
 * XML, of values and of ETW, the default channels and their queries are made from it. A new kind is one entry here.
 *
 * Sources of the entries: docs/rule-semantics.md, "Raw events".
 */
#ifndef DETECT_EVENT_KINDS_H
#define DETECT_EVENT_KINDS_H

#include "detect/event/event.h"
#include <stddef.h>

/* A datum as the event's template has it. */
struct kinds_name {
    struct text name;
    enum event_field field; /* the canonical field that it is; EVENT_FIELD_COUNT: none */
};

/* The events of one provider and id. */
struct kinds_entry {
    struct text provider;           /* System/Provider/@Name, compared byte for byte */
    uint32_t id;                    /* System/EventID */
    struct text channel;            /* the log that Windows writes them to; absent: none (ETW alone) */
    enum event_kind kind;           /* EVENT_OTHER: they have no canonical fields */
    enum event_kind elsewhere;      /* their kind when they are read from another log than channel */
    bool is_default;                /* read where the config names no channels of its own */
    const struct kinds_name *names; /* their data, in the order in which Windows writes them */
    size_t name_count;
};

/* Entry number i, below kinds_count(). */
const struct kinds_entry *kinds_at(size_t i);
size_t kinds_count(void);

/* The entry of an event in a log. NULL: none; such events are EVENT_OTHER. */
const struct kinds_entry *kinds_find(struct text provider, uint32_t id);

/* The kind of an event of entry (NULL is allowed); read_from: the log or channel that it is read from. */
enum event_kind kinds_kind(const struct kinds_entry *entry, struct text read_from);

/* System/Provider/@Name of a kind's events; absent for EVENT_OTHER. */
struct text kinds_provider(enum event_kind kind);

/*
 * Fills the canonical fields that entry's names say, and what is made of them (numbers of processes, parts of the
 * hashes, the integrity of a 4688), from event's data. Of two data of one name the first counts. entry NULL: nothing.
 */
void kinds_fill(struct event *event, const struct kinds_entry *entry);

/* Longest of kinds_query(), with its NUL. */
#define KINDS_QUERY_SIZE 640

/*
 * The XPath query for the default entries of channel (letter case aside), "*[System[(EventID=4688 or EventID=1102)]]".
 * False: there are none. Source of its form: learn.microsoft.com/windows/win32/wes/consuming-events.
 */
bool kinds_query(char to[KINDS_QUERY_SIZE], struct text channel);

/* The same for these event ids, 1 to 24 of them. */
void kinds_query_of(char to[KINDS_QUERY_SIZE], const uint32_t *ids, size_t count);

#endif
