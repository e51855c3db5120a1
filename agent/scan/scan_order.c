#include "agent/scan/scan_order.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct piece {
    uint64_t size;
    size_t number;
};

struct scan_order {
    size_t count;
    size_t first;          /* all before it are done */
    size_t largest;        /* all before it in by_size are begun */
    struct piece *by_size; /* the largest first */
    struct {
        bool is_begun, is_done;
    } pieces[];
};

/* Of the same size: as they are given. */
static int by_size(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->number < y->number ? -1 : x->number > y->number;
}

int scan_order_new(struct scan_order **out, const uint64_t *sizes, size_t count)
{
    struct scan_order *o = calloc(1, sizeof(*o) + count * sizeof(o->pieces[0]));
    if (o == NULL)
        return -ENOMEM;
    o->count = count;
    o->by_size = calloc(count + 1, sizeof(*o->by_size));
    if (o->by_size == NULL) {
        free(o);
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        o->by_size[i] = (struct piece){sizes[i], i};
    qsort(o->by_size, count, sizeof(*o->by_size), by_size);
    *out = o;
    return 0;
}

void scan_order_free(struct scan_order *o)
{
    if (o == NULL)
        return;
    free(o->by_size);
    free(o);
}

size_t scan_order_next(struct scan_order *o)
{
    while (o->largest < o->count && o->pieces[o->by_size[o->largest].number].is_begun)
        o->largest++;
    if (o->largest == o->count)
        return o->count;
    size_t next = o->pieces[o->first].is_begun ? o->by_size[o->largest].number : o->first;
    o->pieces[next].is_begun = true;
    return next;
}

void scan_order_done(struct scan_order *o, size_t piece)
{
    o->pieces[piece].is_done = true;
    while (o->first < o->count && o->pieces[o->first].is_done)
        o->first++;
}
