/*
 * process_table: which processes there are, by pid and creation time, with command line, image and account: what an
 * event about a new process does not say of its creator.
 *
 * Bounded in entries and bytes. Ended processes are kept for a while, since their children may be reported after them;
 * the one that ended first goes first. Only when all entries are of running processes does the oldest of those go. One
 * thread at a time.
 */
#ifndef COLLECTORS_ETW_PROCESS_TABLE_H
#define COLLECTORS_ETW_PROCESS_TABLE_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An ended process is kept this long, 100 ns: ten minutes. */
#define PROCESS_TABLE_KEEP_ENDED (600u * 10000000ull)

/* Events of different processors are not exactly in order: an end this long, 100 ns, before a start that the process
 * made is no contradiction. */
#define PROCESS_TABLE_SLACK (2u * 10000000ull)

/* Times as in struct event. */
struct process_entry {
    uint32_t pid, parent_pid;              /* parent_pid: of the process that really created it, as far as is known */
    uint64_t created;                      /* 0: not known, before it was first seen */
    uint64_t ended;                        /* 0: it runs */
    bool is_match;                         /* its own command line fulfils a rule */
    struct text image, command_line, user; /* user: SID; absent: not known */
};

struct process_table;

struct process_table_limits {
    size_t entries; /* 1 or more */
    size_t bytes;   /* of all texts; a text that alone is larger is left out */
};

struct process_table_counts {
    uint64_t entries, bytes, ended; /* now; ended: of processes that ended */
    uint64_t evicted;               /* ended ones that went before their time, for want of room */
    uint64_t evicted_running;       /* running ones that went for want of room: what they start is not recognised */
};

/* Returns 0 or -ENOMEM. */
int process_table_new(struct process_table **out, const struct process_table_limits *limits);

/* NULL is allowed. */
void process_table_free(struct process_table *table);

/* A process began at entry->created; texts are copied. One with the same pid that still ran has ended by then: its end
 * was lost. Returns 0 or -ENOMEM: it is not in the table. */
int process_table_start(struct process_table *table, const struct process_entry *entry);

/*
 * A process that ran before it was heard of, from a list of running ones. What is known of the running process with
 * that pid already is only completed (unless the creation times, both known, differ: then it is another). As
 * process_table_start().
 */
int process_table_seed(struct process_table *table, const struct process_entry *entry);

/* The process with that pid ended at time; not known: nothing happens. Old entries go. */
void process_table_end(struct process_table *table, uint32_t pid, uint64_t time);

/*
 * The process that bore pid at time: of those created until then (or at a time not known) the latest, unless it ended
 * more than PROCESS_TABLE_SLACK before. NULL: not known. Valid until the table changes.
 */
const struct process_entry *process_table_find(const struct process_table *table, uint32_t pid, uint64_t time);

struct process_table_counts process_table_counts(const struct process_table *table);

#endif
