#include "collectors/etw/process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An entry and its texts, in one piece of memory. It is in its bucket's chain (latest first) and in one of two lists.
 */
struct node {
    struct process_entry entry;
    struct node *next; /* in the bucket */
    struct node *older, *newer;
    size_t bytes;
    char texts[];
};

struct list {
    struct node *oldest, *newest;
};

struct process_table {
    struct process_table_limits limits;
    struct process_table_counts counts;
    struct list running, ended; /* in the order of their start, or of their end */
    size_t buckets;             /* a power of two */
    struct node *bucket[];
};

int process_table_new(struct process_table **out, const struct process_table_limits *limits)
{
    size_t buckets = 64;
    while (buckets < limits->entries)
        buckets *= 2;
    struct process_table *t = calloc(1, sizeof(*t) + buckets * sizeof(struct node *));
    if (t == NULL)
        return -ENOMEM;
    t->limits = *limits;
    t->buckets = buckets;
    *out = t;
    return 0;
}

void process_table_free(struct process_table *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->buckets; i++)
        for (struct node *n = t->bucket[i], *next; n != NULL; n = next) {
            next = n->next;
            free(n);
        }
    free(t);
}

/* Windows gives pids in steps of four. */
static struct node **bucket_of(const struct process_table *t, uint32_t pid)
{
    struct node *const *bucket = &t->bucket[(pid / 4 * 2654435761u) & (t->buckets - 1)];
    return (struct node **)bucket;
}

static void list_add(struct list *list, struct node *n)
{
    n->older = list->newest;
    n->newer = NULL;
    if (list->newest == NULL)
        list->oldest = n;
    else
        list->newest->newer = n;
    list->newest = n;
}

static void list_remove(struct list *list, struct node *n)
{
    if (n->older == NULL)
        list->oldest = n->newer;
    else
        n->older->newer = n->newer;
    if (n->newer == NULL)
        list->newest = n->older;
    else
        n->newer->older = n->older;
}

static void drop_oldest(struct process_table *t, struct list *list)
{
    struct node *n = list->oldest, **at = bucket_of(t, n->entry.pid);
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    list->oldest = n->newer;
    if (list->oldest == NULL)
        list->newest = NULL;
    else
        list->oldest->older = NULL;
    t->counts.entries--;
    t->counts.ended -= n->entry.ended != 0;
    t->counts.bytes -= n->bytes;
    free(n);
}

static void end(struct process_table *t, struct node *n, uint64_t time)
{
    list_remove(&t->running, n);
    n->entry.ended = time == 0 ? 1 : time;
    list_add(&t->ended, n);
    t->counts.ended++;
}

/* What ended long ago goes, and what must go to make room for so many entries and bytes more. */
static void make_room(struct process_table *t, size_t entries, size_t bytes, uint64_t now)
{
    while (t->ended.oldest != NULL && t->ended.oldest->entry.ended + PROCESS_TABLE_KEEP_ENDED < now)
        drop_oldest(t, &t->ended);
    while (t->counts.entries > 0 &&
           (t->counts.entries + entries > t->limits.entries || t->counts.bytes + bytes > t->limits.bytes)) {
        bool has_ended = t->ended.oldest != NULL;
        ++*(has_ended ? &t->counts.evicted : &t->counts.evicted_running);
        drop_oldest(t, has_ended ? &t->ended : &t->running);
    }
}

/* Copies text to *at, which moves after it. */
static struct text keep(char **at, struct text text)
{
    if (text.bytes == NULL)
        return text;
    struct text kept = {*at, text.len};
    if (text.len > 0)
        memcpy(*at, text.bytes, text.len);
    *at += text.len;
    return kept;
}

static void leave_out_large(struct text *text, size_t limit)
{
    if (text->len > limit)
        *text = (struct text){NULL, 0};
}

static int add(struct process_table *t, const struct process_entry *from)
{
    struct process_entry e = *from;
    leave_out_large(&e.image, t->limits.bytes / 4);
    leave_out_large(&e.user, t->limits.bytes / 4);
    leave_out_large(&e.command_line, t->limits.bytes / 2);
    size_t bytes = e.image.len + e.command_line.len + e.user.len;
    struct node *n = malloc(sizeof(*n) + bytes + 1); /* 1: so that an empty text too has a place */
    if (n == NULL)
        return -ENOMEM;
    make_room(t, 1, bytes, e.created);
    char *at = n->texts;
    e.image = keep(&at, e.image);
    e.command_line = keep(&at, e.command_line);
    e.user = keep(&at, e.user);
    e.ended = 0;
    n->entry = e;
    n->bytes = bytes;
    struct node **bucket = bucket_of(t, e.pid);
    n->next = *bucket;
    *bucket = n;
    list_add(&t->running, n);
    t->counts.entries++;
    t->counts.bytes += bytes;
    return 0;
}

static struct node *find_running(const struct process_table *t, uint32_t pid)
{
    for (struct node *n = *bucket_of(t, pid); n != NULL; n = n->next)
        if (n->entry.pid == pid && n->entry.ended == 0)
            return n;
    return NULL;
}

int process_table_start(struct process_table *t, const struct process_entry *entry)
{
    struct node *before = find_running(t, entry->pid);
    if (before != NULL)
        end(t, before, entry->created);
    return add(t, entry);
}

static void complete(struct text *text, struct text from)
{
    if (text->len == 0)
        *text = from;
}

int process_table_seed(struct process_table *t, const struct process_entry *entry)
{
    struct node *before = find_running(t, entry->pid);
    if (before == NULL)
        return add(t, entry);
    struct process_entry both = before->entry;
    if (both.created != 0 && entry->created != 0 && both.created != entry->created)
        return process_table_start(t, entry);
    if (both.created == 0)
        both.created = entry->created;
    if (both.parent_pid == 0)
        both.parent_pid = entry->parent_pid;
    both.is_match = both.is_match || entry->is_match;
    complete(&both.image, entry->image);
    complete(&both.command_line, entry->command_line);
    complete(&both.user, entry->user);
    list_remove(&t->running, before); /* out of the lists, so that making room can't drop it: it is still read from */
    struct node **at = bucket_of(t, entry->pid);
    while (*at != before)
        at = &(*at)->next;
    *at = before->next;
    t->counts.entries--;
    t->counts.bytes -= before->bytes;
    int rc = add(t, &both);
    free(before);
    return rc;
}

void process_table_end(struct process_table *t, uint32_t pid, uint64_t time)
{
    struct node *n = find_running(t, pid);
    if (n != NULL)
        end(t, n, time);
    make_room(t, 0, 0, time);
}

const struct process_entry *process_table_find(const struct process_table *t, uint32_t pid, uint64_t time)
{
    const struct node *best = NULL;
    for (const struct node *n = *bucket_of(t, pid); n != NULL; n = n->next)
        if (n->entry.pid == pid && n->entry.created <= time &&
            (n->entry.ended == 0 || n->entry.ended + PROCESS_TABLE_SLACK >= time) &&
            (best == NULL || n->entry.created > best->entry.created))
            best = n;
    return best == NULL ? NULL : &best->entry;
}

struct process_table_counts process_table_counts(const struct process_table *t)
{
    return t->counts;
}
