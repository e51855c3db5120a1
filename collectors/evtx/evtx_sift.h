/*
 * evtx_sift: which records of a chunk can be left out unread, as they certainly match no rule?
 *
 * The chunk's UTF-16, at even and at odd addresses, is made narrow, and the rules' words are looked for in that, once
 * for the whole chunk. A record is left out if none stands in it nor in the texts of the templates that it uses (their
 * names aside: what rules want of an event by its provider and channel is asked once for each kind), and if nothing in
 * it can hide one: text in a code page, text that is put together of parts, or what has no template at all.
 */
#ifndef COLLECTORS_FILES_EVTX_SIFT_H
#define COLLECTORS_FILES_EVTX_SIFT_H

#include "collectors/collector.h"
#include "collectors/evtx/evtx_template.h"
#include "detect/rule/rule_set.h"

struct evtx_sift;

/* sink: which events it wants is asked once for each kind of them. Both must outlive the sift. Returns 0 or -ENOMEM. */
int evtx_sift_new(struct evtx_sift **out, const struct rule_set *rules, const struct collector_sink *sink);

/* Frees s; NULL is allowed. */
void evtx_sift_free(struct evtx_sift *s);

/* The records that are asked for next lie in this chunk, whose bytes stay until the next call. */
void evtx_sift_chunk(struct evtx_sift *s, struct evtx_chunk chunk);

/* Can the record be left out? *is_process: it is then the creation of a process. templates: the chunk's. */
bool evtx_sift_leaves_out(struct evtx_sift *s, struct evtx_templates *templates, const struct evtx_record *record,
                          bool *is_process);

/* Do words of a rule stand in these bytes of the chunk, as UTF-16 or as they are? */
bool evtx_sift_has_words(struct evtx_sift *s, size_t from, size_t to);

#endif
