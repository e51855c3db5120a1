#include "collectors/files/follow.h"

#include "collectors/files/cmdlet_file.h"
#include "collectors/files/cmdlet_log.h"
#include "collectors/files/follow_directory.h"
#include "collectors/files/replay_input.h"
#include "detect/base/condition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Bytes read at a time. */
#define BLOCK 65536u

/* Most bytes before a file's first row; Exchange has about 1,500 there. */
#define MAX_HEAD 65536u
_Static_assert(MAX_HEAD <= BLOCK, "a head is read into a block");

/* How long until a checkpoint that was not kept is tried again, ms. */
#define AGAIN_MS 1000u

/* First line of a bookmark. */
#define FORM "cmdlet-files 1 "

/* A file that is followed. */
struct tracked {
    struct follow_entry entry;
    uint64_t id, offset;            /* id 0: not known yet; rows before offset were handed over */
    uint64_t torn_size, torn_since; /* size with a row that lacks its end, and since when, ms; 0: there is none */
    bool is_listed;
};

struct follow {
    struct follow_settings set;
    char *source, *directory, *block;
    struct collector_sink sink; /* what the rows' reader gets: reports bear the source's name */
    struct tracked files[FOLLOW_MAX_FILES];
    size_t count;
    uint64_t before;      /* files that were changed then or earlier, and are not followed, are done with */
    bool has_begun;       /* the directory was read, or there is a bookmark */
    bool is_changed;      /* what a bookmark says has changed since it was last kept */
    bool is_unkept;       /* the last checkpoint was not kept: nothing more is read until one is */
    int trouble;          /* of the last poll's listing: said once; 1: nothing was said yet */
    pthread_mutex_t lock; /* guards is_stopping */
    struct condition stopping;
    bool is_stopping;
};

int follow_entries_add(struct follow_entries *to, const char *name, uint64_t changed)
{
    size_t length = strlen(name);
    bool is_taken = length >= 4 && length < FOLLOW_NAME_SIZE && to->count < FOLLOW_MAX_LISTED &&
                    text_equal_nocase(text_from(name + length - 4), text_from(".log"));
    for (size_t i = 0; i < length; i++)
        is_taken = is_taken && (unsigned char)name[i] >= ' ';
    if (!is_taken)
        return 0;
    if (to->count == to->room) {
        size_t room = to->room == 0 ? 64 : 2 * to->room;
        struct follow_entry *grown = realloc(to->items, room * sizeof(*grown));
        if (grown == NULL)
            return -ENOMEM;
        to->items = grown;
        to->room = room;
    }
    struct follow_entry *entry = &to->items[to->count++];
    memcpy(entry->name, name, length + 1);
    entry->changed = changed;
    return 0;
}

/* ---- what the sink gets ---- */

static bool wants(void *context, const struct event *event)
{
    const struct follow *f = context;
    return collector_wants(&f->set.sink, event);
}

static int give(void *context, const struct event *event)
{
    struct follow *f = context;
    return f->set.sink.event(f->set.sink.context, event);
}

static void say(void *context, const struct collector_report *report)
{
    struct follow *f = context;
    struct collector_report own = *report;
    own.source = text_from(f->source);
    f->set.sink.report(f->set.sink.context, &own);
}

static int go_on(void *context, bool may_hold)
{
    const struct follow *f = context;
    return collector_alive(&f->set.sink, may_hold);
}

/* ---- bookmarks: "cmdlet-files 1 BEFORE", then a line "OFFSET ID NAME" for each file ---- */

static bool take_number(const char **at, char end, uint64_t *number)
{
    const char *stop = strchr(*at, end);
    if (stop == NULL || !text_to_number(number, (struct text){*at, (size_t)(stop - *at)}))
        return false;
    *at = stop + 1;
    return true;
}

static bool read_bookmark(struct follow *f, const char *text)
{
    if (strncmp(text, FORM, sizeof(FORM) - 1) != 0)
        return false;
    const char *at = text + sizeof(FORM) - 1;
    if (!take_number(&at, '\n', &f->before))
        return false;
    while (*at != '\0' && f->count < FOLLOW_MAX_FILES) {
        struct tracked *file = &f->files[f->count];
        *file = (struct tracked){.offset = 0};
        const char *end;
        if (!take_number(&at, ' ', &file->offset) || !take_number(&at, ' ', &file->id) ||
            (end = strchr(at, '\n')) == NULL || (size_t)(end - at) >= FOLLOW_NAME_SIZE)
            return false;
        memcpy(file->entry.name, at, (size_t)(end - at));
        f->count++;
        at = end + 1;
    }
    return true;
}

static char *write_bookmark(const struct follow *f)
{
    size_t room = sizeof(FORM) + 24 + f->count * (FOLLOW_NAME_SIZE + 48), used;
    char *text = malloc(room);
    if (text == NULL)
        return NULL;
    used = (size_t)snprintf(text, room, FORM "%" PRIu64 "\n", f->before);
    for (size_t i = 0; i < f->count; i++)
        used += (size_t)snprintf(text + used, room - used, "%" PRIu64 " %" PRIu64 " %s\n", f->files[i].offset,
                                 f->files[i].id, f->files[i].entry.name);
    return text;
}

static int checkpoint(struct follow *f)
{
    if (!f->is_changed || f->set.sink.checkpoint == NULL)
        return 0;
    char *text = write_bookmark(f);
    if (text == NULL)
        return -ENOMEM;
    const struct collector_bookmark bookmark = {.text = text_from(text)};
    int rc = f->set.sink.checkpoint(f->set.sink.context, text_from(f->source), &bookmark);
    f->is_changed = f->is_unkept = rc < 0;
    free(text);
    return rc;
}

/* ---- one file ---- */

/* Bytes of the lines that begin with '#' at a file's beginning; those name the columns. */
static size_t head_length(const char *bytes, size_t size)
{
    size_t at = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0, done = 0;
    while (at < size && bytes[at] == '#') {
        const char *end = memchr(bytes + at, '\n', size - at);
        if (end == NULL)
            break;
        done = at = (size_t)(end - bytes) + 1;
    }
    return done;
}

/* Feeds the names of the columns, and goes to the place that was reached. */
static int begin_at(struct follow *f, struct cmdlet_file *rows, FILE *from, uint64_t offset)
{
    size_t size = fread(f->block, 1, MAX_HEAD, from), head = head_length(f->block, size);
    if (ferror(from))
        return -EIO;
    if (head > offset)
        head = 0; /* the place is within it: all is read again */
    int rc = head == 0 ? 0 : cmdlet_file_feed(rows, f->block, head);
    if (rc == 0)
        rc = replay_input_seek(from, head == 0 ? 0 : offset);
    if (rc == 0 && head > 0)
        cmdlet_file_place(rows, offset);
    return rc;
}

/* Has the row that lacks its end done so for long? */
static bool is_torn(struct tracked *file, uint64_t size, uint64_t now_ms)
{
    if (file->torn_size != size) {
        file->torn_size = size;
        file->torn_since = now_ms;
    }
    return now_ms - file->torn_since >= FOLLOW_TORN_MS;
}

static int read_rows(struct follow *f, struct tracked *file, struct cmdlet_file *rows, FILE *from, uint64_t now_ms)
{
    int rc = begin_at(f, rows, from, file->offset);
    uint64_t end = rc == 0 ? cmdlet_file_offset(rows) : 0;
    for (size_t size = 1; rc == 0 && size > 0; end += size) {
        size = fread(f->block, 1, BLOCK, from);
        rc = ferror(from) ? -EIO : size == 0 ? 0 : cmdlet_file_feed(rows, f->block, size);
    }
    if (rc == 0 && cmdlet_file_offset(rows) < end && is_torn(file, end, now_ms))
        rc = cmdlet_file_end(rows);
    uint64_t offset = cmdlet_file_offset(rows);
    f->is_changed |= offset != file->offset;
    file->offset = offset;
    return rc;
}

static int read_file(struct follow *f, struct tracked *file, FILE *from, uint64_t now_ms)
{
    struct cmdlet_file *rows = NULL;
    int rc = cmdlet_file_new(&rows, &f->sink, text_from(file->entry.name));
    if (rc == 0)
        rc = read_rows(f, file, rows, from, now_ms);
    cmdlet_file_free(rows);
    return rc;
}

/* Reads what is new in file. One that can't be opened now is tried again at the next poll. */
static int poll_file(struct follow *f, struct tracked *file, uint64_t now_ms)
{
    FILE *from = NULL;
    struct follow_file is;
    if (follow_directory_open(&from, &is, f->directory, file->entry.name) < 0)
        return 0;
    bool is_other = (file->id != 0 && file->id != is.id) || is.size < file->offset;
    if (is_other)
        file->offset = 0;
    if (file->id != is.id || is_other) {
        file->id = is.id;
        f->is_changed = true;
    }
    int rc = is.size > file->offset ? read_file(f, file, from, now_ms) : 0;
    (void)fclose(from); /* only read */
    return rc;
}

/* ---- the directory ---- */

static void drop(struct follow *f, size_t i)
{
    f->files[i] = f->files[--f->count];
    f->is_changed = true;
}

/* Makes room: the file that was changed longest ago is done with. */
static void drop_oldest(struct follow *f)
{
    size_t oldest = 0;
    for (size_t i = 1; i < f->count; i++)
        if (f->files[i].entry.changed < f->files[oldest].entry.changed)
            oldest = i;
    if (f->files[oldest].entry.changed > f->before)
        f->before = f->files[oldest].entry.changed;
    drop(f, oldest);
}

/* Where reading of a file begins that was there before there was a bookmark. */
static uint64_t first_offset(const struct follow *f, const struct follow_entry *entry)
{
    struct follow_file is = {.size = 0};
    FILE *file = NULL;
    if (entry->changed >= f->set.not_before || follow_directory_open(&file, &is, f->directory, entry->name) < 0)
        return 0;
    (void)fclose(file); /* only read */
    return is.size;
}

static void track(struct follow *f, const struct follow_entry *entry)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->files[i].entry.name, entry->name) == 0) {
            f->files[i].entry.changed = entry->changed;
            f->files[i].is_listed = true;
            return;
        }
    if (entry->changed <= f->before)
        return;
    if (f->count == FOLLOW_MAX_FILES)
        drop_oldest(f);
    uint64_t offset = f->has_begun ? 0 : first_offset(f, entry);
    f->files[f->count++] = (struct tracked){.entry = *entry, .offset = offset, .is_listed = true};
    f->is_changed = true;
}

static int oldest_first(const void *a, const void *b)
{
    const struct follow_entry *x = a, *y = b;
    return x->changed < y->changed ? -1 : x->changed > y->changed ? 1 : strcmp(x->name, y->name);
}

static void report_listing(struct follow *f, int rc, const struct fault *fault)
{
    if (rc == f->trouble)
        return;
    f->trouble = rc;
    enum collector_report_kind kind = rc == 0         ? COLLECTOR_OPENED
                                      : rc == -ENOENT ? COLLECTOR_ABSENT
                                      : rc == -EACCES ? COLLECTOR_DENIED
                                                      : COLLECTOR_BROKEN;
    const struct collector_report report = {
        .kind = kind, .source = text_from(f->source), .fault = rc == 0 ? NULL : fault};
    f->set.sink.report(f->set.sink.context, &report);
}

/* Which files are to be followed now. */
static int look(struct follow *f)
{
    struct follow_entries entries = {.count = 0};
    struct fault fault = {0};
    int rc = follow_directory_list(&entries, f->directory, &fault);
    report_listing(f, rc, &fault);
    if (rc == 0) {
        for (size_t i = 0; i < f->count; i++)
            f->files[i].is_listed = false;
        if (entries.count > 1)
            qsort(entries.items, entries.count, sizeof(entries.items[0]), oldest_first);
        size_t first = !f->has_begun && entries.count > FOLLOW_MAX_FILES ? entries.count - FOLLOW_MAX_FILES : 0;
        if (first > 0)
            f->before = entries.items[first - 1].changed;
        for (size_t i = first; i < entries.count; i++)
            track(f, &entries.items[i]);
        for (size_t i = f->count; i-- > 0;)
            if (!f->files[i].is_listed)
                drop(f, i);
        f->has_begun = true;
    }
    free(entries.items);
    return rc;
}

int follow_poll(struct follow *f, uint64_t now_ms)
{
    int rc = f->is_unkept ? checkpoint(f) : 0;
    if (rc < 0)
        return rc;
    rc = look(f);
    for (size_t i = 0; rc == 0 && i < f->count; i++)
        rc = poll_file(f, &f->files[i], now_ms);
    int kept = checkpoint(f);
    (void)collector_alive(&f->set.sink, true); /* does not end a collector that goes on */
    return rc < 0 ? rc : kept;
}

/* ---- a collector ---- */

int follow_new(struct follow **out, const struct follow_settings *settings)
{
    struct follow *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    if (pthread_mutex_init(&f->lock, NULL) != 0 || condition_init(&f->stopping) < 0) {
        free(f); /* what was made of the two is nothing but memory of the struct */
        return -ENOMEM;
    }
    f->set = *settings;
    f->trouble = 1;
    f->sink = (struct collector_sink){.context = f, .wants = wants, .event = give, .report = say, .alive = go_on};
    f->source = text_dup(settings->source);
    f->directory = text_dup(text_from(settings->directory));
    f->block = malloc(BLOCK);
    char *bookmark = text_dup(settings->bookmark);
    if (f->source == NULL || f->directory == NULL || f->block == NULL || bookmark == NULL) {
        free(bookmark);
        follow_free(f);
        return -ENOMEM;
    }
    f->has_begun = bookmark[0] != '\0';
    if (f->has_begun && !read_bookmark(f, bookmark)) {
        const struct collector_report report = {.kind = COLLECTOR_RESUMED,
                                                .source = text_from(f->source),
                                                .detail = text_from("reading begins as without one")};
        f->set.sink.report(f->set.sink.context, &report);
        f->count = 0;
        f->before = 0;
        f->has_begun = false;
    }
    free(bookmark);
    *out = f;
    return 0;
}

void follow_free(struct follow *f)
{
    if (f == NULL)
        return;
    condition_destroy(&f->stopping);
    (void)pthread_mutex_destroy(&f->lock); /* fails only while it is held */
    free(f->source);
    free(f->directory);
    free(f->block);
    free(f);
}

void follow_run(struct follow *f)
{
    pthread_mutex_lock(&f->lock);
    while (!f->is_stopping) {
        pthread_mutex_unlock(&f->lock);
        struct timespec now = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &now); /* fails for no clock that there is */
        int rc = follow_poll(f, (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
        pthread_mutex_lock(&f->lock);
        struct timespec deadline =
            condition_deadline(&f->stopping, rc < 0 && f->is_changed ? AGAIN_MS : f->set.poll_ms);
        bool is_early = true;
        while (!f->is_stopping && is_early)
            is_early = condition_wait(&f->stopping, &f->lock, &deadline);
    }
    pthread_mutex_unlock(&f->lock);
    (void)checkpoint(f); /* what is not kept is read again */
}

void follow_stop(struct follow *f)
{
    pthread_mutex_lock(&f->lock);
    f->is_stopping = true;
    condition_signal(&f->stopping);
    pthread_mutex_unlock(&f->lock);
}
