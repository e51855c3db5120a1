/*
 * evtx_template: the templates of a chunk, each read once, and what they say of the events that use them.
 */
#ifndef COLLECTORS_FILES_EVTX_TEMPLATE_H
#define COLLECTORS_FILES_EVTX_TEMPLATE_H

#include "collectors/evtx/evtx_program.h"

/* A text that a template has, or the number of the value that is put there; units.count 0 and EVTX_NO_NUMBER: none. */
struct evtx_source {
    struct evtx_units units;
    uint16_t number;
};

struct evtx_template {
    uint32_t definition, id;
    size_t first, count;                            /* of its steps */
    bool is_plain;                                  /* no text of an event is put together of several parts */
    struct evtx_source provider, event_id, channel; /* of Event/System */
    signed char has_words;                          /* evtx_sift's; -1: not yet known */
    size_t next;                                    /* in its bucket, + 1; 0: none */
};

#define EVTX_TEMPLATE_BUCKETS 64u

/* All zero: none. */
struct evtx_templates {
    struct evtx_steps steps;
    struct evtx_template *list;
    size_t count, room;
    size_t buckets[EVTX_TEMPLATE_BUCKETS]; /* number + 1; 0: none */
};

/* Another chunk comes. */
void evtx_templates_forget(struct evtx_templates *t);

/* Forgets all if they are many, which no real chunk's are. Not while steps are gone through. */
void evtx_templates_trim(struct evtx_templates *t);

/* Frees what t has allocated. */
void evtx_templates_clear(struct evtx_templates *t);

/*
 * Sets *number to the template of an instance, which is read if it was not yet. take_twin: where its definition was
 * overwritten, another one of the same id does. Returns 0; -EBADMSG with *why (static); -ENOMEM with *why NULL.
 */
int evtx_templates_find(size_t *number, struct evtx_templates *t, struct evtx_chunk chunk,
                        const struct evtx_instance *instance, bool take_twin, const char **why);

#endif
