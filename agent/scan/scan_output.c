#include "agent/scan/scan_output.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What waits for its turn. */
struct kept {
    char *bytes;
    size_t size, room;
    bool is_done;
};

struct scan_output {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t moved; /* first has changed, or writing failed */
    FILE *to;
    size_t first; /* the file that writes */
    size_t count;
    int error;
    struct kept files[];
};

int scan_output_new(struct scan_output **out, FILE *to, size_t file_count)
{
    struct scan_output *o = calloc(1, sizeof(*o) + file_count * sizeof(o->files[0]));
    if (o == NULL)
        return -ENOMEM;
    o->to = to;
    o->count = file_count;
    int rc = -pthread_mutex_init(&o->lock, NULL);
    if (rc < 0) {
        free(o);
        return rc;
    }
    rc = -pthread_cond_init(&o->moved, NULL);
    if (rc < 0) {
        pthread_mutex_destroy(&o->lock);
        free(o);
        return rc;
    }
    *out = o;
    return 0;
}

void scan_output_free(struct scan_output *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->count; i++)
        free(o->files[i].bytes);
    pthread_cond_destroy(&o->moved);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

/* Whole lines, handed to the system at once; the lock is held. */
static void put(struct scan_output *o, const char *bytes, size_t size)
{
    if (o->error < 0 || size == 0)
        return;
    errno = 0;
    if (fwrite(bytes, 1, size, o->to) == size && fflush(o->to) == 0)
        return;
    o->error = errno == 0 ? -EIO : -errno;
    pthread_cond_broadcast(&o->moved);
}

static int keep(struct kept *k, const char *line, size_t size)
{
    if (k->room - k->size < size + 1) {
        size_t room = 2 * k->room + size + 1;
        char *bytes = realloc(k->bytes, room);
        if (bytes == NULL)
            return -ENOMEM;
        k->bytes = bytes;
        k->room = room;
    }
    memcpy(k->bytes + k->size, line, size);
    k->bytes[k->size + size] = '\n';
    k->size += size + 1;
    return 0;
}

/* Writes what is kept of the first file. */
static void put_kept(struct scan_output *o, struct kept *k)
{
    put(o, k->bytes, k->size);
    k->size = 0;
}

int scan_output_line(struct scan_output *o, size_t file, const char *line, size_t size)
{
    struct kept *k = &o->files[file];
    pthread_mutex_lock(&o->lock);
    while (o->error == 0 && o->first != file && k->size >= SCAN_OUTPUT_MAX_KEPT)
        pthread_cond_wait(&o->moved, &o->lock);
    int rc = o->error == 0 ? keep(k, line, size) : 0;
    if (rc == 0 && o->first == file && k->size >= SCAN_OUTPUT_ENOUGH)
        put_kept(o, k);
    if (rc == 0)
        rc = o->error;
    pthread_mutex_unlock(&o->lock);
    return rc;
}

void scan_output_flush(struct scan_output *o, size_t file)
{
    pthread_mutex_lock(&o->lock);
    if (o->first == file)
        put_kept(o, &o->files[file]);
    pthread_mutex_unlock(&o->lock);
}

void scan_output_done(struct scan_output *o, size_t file)
{
    pthread_mutex_lock(&o->lock);
    o->files[file].is_done = true;
    while (o->first < o->count && o->files[o->first].is_done) {
        struct kept *k = &o->files[o->first++];
        put_kept(o, k);
        free(k->bytes);
        *k = (struct kept){.is_done = true};
    }
    if (o->first < o->count)
        put_kept(o, &o->files[o->first]);
    pthread_cond_broadcast(&o->moved);
    pthread_mutex_unlock(&o->lock);
}

int scan_output_error(struct scan_output *o)
{
    pthread_mutex_lock(&o->lock);
    int rc = o->error;
    pthread_mutex_unlock(&o->lock);
    return rc;
}

void scan_output_fail(struct scan_output *o, int error)
{
    pthread_mutex_lock(&o->lock);
    if (o->error == 0)
        o->error = error;
    pthread_cond_broadcast(&o->moved);
    pthread_mutex_unlock(&o->lock);
}
