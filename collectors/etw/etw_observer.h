/*
 * etw_observer: ETW events as bytes -> the process events that a rule matches, with what the table of processes knows
 * of their creators. The Windows code around it only fetches the bytes (etw_win.c).
 */
#ifndef COLLECTORS_ETW_ETW_OBSERVER_H
#define COLLECTORS_ETW_ETW_OBSERVER_H

#include "collectors/etw/process_table.h"
#include "detect/event/event.h"
#include "detect/rule/rule_set.h"

/* UserDataLength of an event is a USHORT (evntcons.h). */
#define ETW_MAX_PAYLOAD 65535u

/* The parts of an EVENT_RECORD that count here. */
struct etw_record {
    const unsigned char *provider; /* 16 bytes of a GUID */
    uint16_t id;
    uint8_t version, opcode;
    unsigned pointer_size; /* of the writer: 4 or 8 */
    uint32_t pid;          /* header's: in whose context it was written; UINT32_MAX: not known */
    uint64_t time;         /* as struct event's */
    const void *data;      /* at any address */
    size_t size;
};

/* One event that a rule may match. Its texts are its own. Freed with free(). */
struct etw_hit {
    struct etw_hit *next; /* for whoever queues it */
    struct event event;
    char texts[];
};

struct etw_observer_settings {
    const struct rule_set *rules; /* must outlive it */
    struct text computer;         /* this host's name, as in System/Computer; copied */
    struct process_table_limits limits;
    /* Makes UTF-8 of 8-bit text of the system's code page, at most size - 1 bytes and a NUL; NULL: it is ASCII. */
    size_t (*decode)(char *to, size_t size, struct text bytes);
};

struct etw_observer_counts {
    uint64_t events; /* of the kinds that are read, in whatever state */
    uint64_t starts; /* processes that began */
    uint64_t bad;    /* not what their kind should be: left out */
    uint64_t hits;
};

struct etw_observer;

/* One thread at a time. Returns 0 or -ENOMEM. */
int etw_observer_new(struct etw_observer **out, const struct etw_observer_settings *settings);

/* NULL is allowed. */
void etw_observer_free(struct etw_observer *o);

/* Forgets all processes: what happened meanwhile was not seen. Returns 0 or -ENOMEM. */
int etw_observer_restart(struct etw_observer *o);

/* A running process, from a list of them (entry->is_match is found out here). Returns 0 or -ENOMEM. */
int etw_observer_seed(struct etw_observer *o, const struct process_entry *entry);

/*
 * One event: the class Process (process start, end, list of running ones), Sysmon 1, 4688; all others are passed over.
 * *hit: one that a rule may match (its own command line, or its creator's), or NULL.
 * Returns 0; -EBADMSG: it can't be read, *hit is NULL; -ENOMEM.
 */
int etw_observer_take(struct etw_observer *o, const struct etw_record *record, struct etw_hit **hit);

struct etw_observer_counts etw_observer_counts(const struct etw_observer *o);
struct process_table_counts etw_observer_table(const struct etw_observer *o);

#endif
