/*
 * scan_order: which piece of a scan a thread reads next, so that all threads end at about the same time and none waits
 * for ever for its turn to write.
 *
 * The first piece that is not read to its end comes before all others, as its alerts are written first (scan_output.h);
 * where that is being read already, the largest that is left comes next. One thread alone so reads the pieces as they
 * are given. Callers lock.
 */
#ifndef AGENT_SCAN_SCAN_ORDER_H
#define AGENT_SCAN_SCAN_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct scan_order;

/* Makes one for pieces of sizes[0..count-1] bytes; 0: not known. Returns 0 or -ENOMEM. */
int scan_order_new(struct scan_order **out, const uint64_t *sizes, size_t count);

/* Frees o; NULL is allowed. */
void scan_order_free(struct scan_order *o);

/* The piece that is begun now; count: all were begun. */
size_t scan_order_next(struct scan_order *o);

/* The piece was read to its end, or given up. */
void scan_order_done(struct scan_order *o, size_t piece);

#endif
