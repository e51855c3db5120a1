#include "agent/log/log.h"

#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "detect/base/text.h"
#include "detect/event/event.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines were lost: the one message of the log's own. */
#define LOST_ID 1000

/* "2026-11-24T12:00:00.000Z": event_time_format's text without the digits below a millisecond. */
#define MILLISECONDS_END 23

struct log {
    pthread_mutex_t lock; /* guards all below */
    FILE *file;           /* NULL: none, or it could not be opened again after a rotation */
    char *path;
    uint64_t size, max_bytes;
    unsigned files;
    enum log_level level;
    bool to_stderr;
    uint64_t lost; /* lines */
    void (*watch)(void *context, enum log_level level, unsigned id, const char *text);
    void *watch_context;
};

static const char *const level_names[] = {
    [LOG_ERROR] = "ERROR",
    [LOG_WARNING] = "WARN ",
    [LOG_INFO] = "INFO ",
    [LOG_DEBUG] = "DEBUG",
};

static int file_begin(struct log *log)
{
    int rc = file_open(&log->file, log->path, "ab");
    if (rc < 0)
        return rc;
    long size = fseek(log->file, 0, SEEK_END) == 0 ? ftell(log->file) : -1;
    log->size = size < 0 ? log->max_bytes : (uint64_t)size; /* beyond what long can say: rotate */
    return 0;
}

int log_open(struct log **out, const char *path, uint64_t max_bytes, unsigned files, enum log_level level,
             bool to_stderr)
{
    if (max_bytes < LOG_MAX_LINE || files < 1)
        return -EINVAL;
    struct log *log = calloc(1, sizeof(*log));
    if (log == NULL)
        return -ENOMEM;
    log->max_bytes = max_bytes;
    log->files = files;
    log->level = level;
    log->to_stderr = to_stderr;
    int rc = 0;
    if (path != NULL) {
        log->path = strdup(path);
        rc = log->path == NULL ? -ENOMEM : file_begin(log);
    }
    if (rc == 0)
        rc = -pthread_mutex_init(&log->lock, NULL);
    if (rc < 0) {
        if (log->file != NULL)
            (void)fclose(log->file); /* nothing was written */
        free(log->path);
        free(log);
        return rc;
    }
    *out = log;
    return 0;
}

void log_close(struct log *log)
{
    if (log == NULL)
        return;
    if (log->file != NULL)
        (void)fclose(log->file); /* every line was flushed when it was written */
    pthread_mutex_destroy(&log->lock);
    free(log->path);
    free(log);
}

int log_change(struct log *log, const char *path, uint64_t max_bytes, unsigned files, enum log_level level)
{
    struct log *next = NULL;
    int rc = log_open(&next, path, max_bytes, files, level, false);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&log->lock);
    struct log old = *log;
    log->file = next->file;
    log->path = next->path;
    log->size = next->size;
    log->max_bytes = max_bytes;
    log->files = files;
    log->level = level;
    next->file = old.file; /* the old file goes with next */
    next->path = old.path;
    pthread_mutex_unlock(&log->lock);
    log_close(next);
    return 0;
}

/* path.number; number 0 is path itself. */
static int numbered(char **out, const char *path, unsigned number)
{
    size_t size = strlen(path) + 16;
    char *name = malloc(size);
    if (name == NULL)
        return -ENOMEM;
    if (number == 0)
        snprintf(name, size, "%s", path);
    else
        snprintf(name, size, "%s.%u", path, number);
    *out = name;
    return 0;
}

static int move_up(const char *path, unsigned number)
{
    char *from = NULL, *to = NULL;
    int rc = numbered(&from, path, number);
    if (rc == 0)
        rc = numbered(&to, path, number + 1);
    if (rc == 0)
        rc = file_replace(from, to);
    free(to);
    free(from);
    return rc;
}

/* Where a file can't be moved (a reader on Windows forbids it), the log goes on growing: no line is worth less than the
 * limit. It is tried again with the next line. */
static void rotate(struct log *log)
{
    (void)fclose(log->file); /* every line was flushed */
    log->file = NULL;
    for (unsigned number = log->files - 1; number > 0; number--)
        (void)move_up(log->path, number - 1); /* most are not there at first */
    if (log->files == 1)
        (void)file_remove(log->path); /* as above: else it grows */
    (void)file_begin(log);            /* fails: file stays NULL, and the line counts as lost */
}

/* Puts one line into the file; the lock is held. */
static bool put(struct log *log, const char *line, size_t size)
{
    if (log->path == NULL)
        return true;
    if (log->file != NULL && log->size > 0 && log->size + size > log->max_bytes)
        rotate(log);
    if (log->file == NULL && file_begin(log) < 0)
        return false;
    if (fwrite(line, 1, size, log->file) == size && fflush(log->file) == 0) {
        log->size += size;
        return true;
    }
    (void)fclose(log->file); /* its buffer may hold a rest of the line: begin with an empty one next time */
    log->file = NULL;
    return false;
}

/* A whole line with its newline; returns its size. */
static size_t line_make(char line[LOG_MAX_LINE], enum log_level level, unsigned id, struct text text)
{
    char time[EVENT_TIME_SIZE];
    event_time_format(time, event_time_now());
    int head = snprintf(line, LOG_MAX_LINE, "%.*sZ %s T%04u ", MILLISECONDS_END, time, level_names[level], id % 10000);
    size_t size = (size_t)head;
    size += plain_copy(line + size, LOG_MAX_LINE - 1 - size, text);
    line[size++] = '\n';
    return size;
}

static void put_lost(struct log *log)
{
    char text[64], line[LOG_MAX_LINE];
    snprintf(text, sizeof(text), "%llu lines could not be written here", (unsigned long long)log->lost);
    size_t size = line_make(line, LOG_WARNING, LOST_ID, text_from(text));
    if (put(log, line, size))
        log->lost = 0;
}

void log_watch(struct log *log, void (*watch)(void *context, enum log_level level, unsigned id, const char *text),
               void *context)
{
    pthread_mutex_lock(&log->lock);
    log->watch = watch;
    log->watch_context = context;
    pthread_mutex_unlock(&log->lock);
}

void log_write(struct log *log, enum log_level level, unsigned id, const char *format, ...)
{
    char text[LOG_MAX_LINE], line[LOG_MAX_LINE];
    va_list arguments;

    if (log == NULL)
        return;
    pthread_mutex_lock(&log->lock);
    bool is_wanted = level <= log->level;
    pthread_mutex_unlock(&log->lock);
    if (!is_wanted)
        return;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (size < 0)
        snprintf(text, sizeof(text), "a message could not be put into words: %s", format);

    pthread_mutex_lock(&log->lock);
    size_t line_size = line_make(line, level, id, text_from(text));
    if (log->lost > 0)
        put_lost(log);
    if (!put(log, line, line_size))
        log->lost++;
    if (log->to_stderr)
        (void)fwrite(line, 1, line_size, stderr); /* nowhere else to say it */
    pthread_mutex_unlock(&log->lock);
    if (log->watch != NULL)
        log->watch(log->watch_context, level, id, text);
}
