#include "agent/scan/scan_report.h"

#include "agent/scan/scan_page.h"
#include "agent/system/file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct scan_report {
    pthread_mutex_t lock; /* guards hits ... file_count */
    struct scan_hit *hits;
    size_t count, room, bytes;
    uint64_t omitted;
    struct scan_page_file *files;
    size_t file_count;
    FILE *to;
    char *path, *part;
};

int scan_report_new(struct scan_report **out, const char *path)
{
    static const char suffix[] = ".part";
    struct scan_report *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return -ENOMEM;
    int rc = -ENOMEM;
    r->path = strdup(path);
    r->part = malloc(strlen(path) + sizeof(suffix));
    if (r->path != NULL && r->part != NULL) {
        snprintf(r->part, strlen(path) + sizeof(suffix), "%s%s", path, suffix);
        rc = file_open(&r->to, r->part, "wb");
    }
    if (rc == 0)
        rc = -pthread_mutex_init(&r->lock, NULL);
    if (rc < 0) {
        if (r->to != NULL)
            (void)fclose(r->to); /* nothing was written */
        free(r->part);
        free(r->path);
        free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void scan_report_free(struct scan_report *r)
{
    if (r == NULL)
        return;
    if (r->to != NULL) {
        (void)fclose(r->to);        /* not wanted any more */
        (void)file_remove(r->part); /* as above */
    }
    for (size_t i = 0; i < r->count; i++)
        scan_page_hit_clear(&r->hits[i]);
    for (size_t i = 0; i < r->file_count; i++) {
        free(r->files[i].source);
        free(r->files[i].trouble);
    }
    free(r->files);
    free(r->hits);
    pthread_mutex_destroy(&r->lock);
    free(r->part);
    free(r->path);
    free(r);
}

/* Takes what is in hit, or counts it as omitted; the lock is held. */
static int keep(struct scan_report *r, struct scan_hit *hit)
{
    if (r->count >= SCAN_REPORT_MAX_ALERTS || r->bytes + hit->size > SCAN_REPORT_MAX_BYTES) {
        r->omitted++;
        return 0;
    }
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 64 : 2 * r->room;
        struct scan_hit *hits = realloc(r->hits, room * sizeof(*hits));
        if (hits == NULL)
            return -ENOMEM;
        r->hits = hits;
        r->room = room;
    }
    hit->number = r->count;
    r->bytes += hit->size;
    r->hits[r->count++] = *hit;
    *hit = (struct scan_hit){0};
    return 0;
}

int scan_report_add(struct scan_report *r, size_t file, const char *source, const struct alert *alert, const char *id)
{
    struct scan_hit hit = {.file = file, .time = alert->event->time};
    int rc = scan_page_hit(&hit, source, alert, id);
    if (rc == 0) {
        pthread_mutex_lock(&r->lock);
        rc = keep(r, &hit);
        pthread_mutex_unlock(&r->lock);
    }
    scan_page_hit_clear(&hit);
    return rc;
}

int scan_report_file(struct scan_report *r, size_t file, const char *source, const struct scan_totals *totals,
                     const char *trouble)
{
    struct scan_page_file one = {file, text_dup(text_from(source)), text_dup(text_from(trouble)), *totals};
    int rc = one.source == NULL || one.trouble == NULL ? -ENOMEM : 0;
    pthread_mutex_lock(&r->lock);
    struct scan_page_file *files =
        rc < 0 ? NULL : realloc(r->files, (r->file_count + 1) * sizeof(*files)); /* as many as on the command line */
    if (files != NULL) {
        r->files = files;
        r->files[r->file_count++] = one;
    }
    pthread_mutex_unlock(&r->lock);
    if (files != NULL)
        return 0;
    free(one.source);
    free(one.trouble);
    return -ENOMEM;
}

static int by_time(const void *a, const void *b)
{
    const struct scan_hit *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static int page_write(struct scan_report *r, const struct scan_totals *totals)
{
    if (r->count > 0)
        qsort(r->hits, r->count, sizeof(r->hits[0]), by_time);
    const struct scan_page page = {.totals = totals,
                                   .files = r->files,
                                   .file_count = r->file_count,
                                   .hits = r->hits,
                                   .hit_count = r->count,
                                   .omitted = r->omitted};
    int rc = scan_page_write(r->to, &page);
    if (rc < 0)
        return rc;
    errno = 0;
    return ferror(r->to) || fflush(r->to) != 0 ? errno == 0 ? -EIO : -errno : 0;
}

int scan_report_write(struct scan_report *r, const struct scan_totals *totals)
{
    int rc = page_write(r, totals);
    if (rc < 0)
        return rc;
    FILE *to = r->to;
    r->to = NULL;
    if (fclose(to) != 0)
        rc = -errno;
    if (rc == 0)
        rc = file_replace(r->part, r->path);
    if (rc < 0)
        (void)file_remove(r->part); /* of no use; the first failure counts */
    return rc;
}
