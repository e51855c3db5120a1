/* query: what EvtSubscribe and EvtQuery select: one XPath on one channel, or a <QueryList> over several. */
#ifndef TESTS_WINSIM_QUERY_H
#define TESTS_WINSIM_QUERY_H

#include "tests/winsim/xpath.h"

/* A Select or a Suppress. */
struct query_part {
    char *channel;
    struct xpath *xpath; /* NULL: all events */
    unsigned group;      /* the <Query> it stands in: a Suppress acts on the Selects of its own */
    bool is_suppress;
};

struct query {
    struct query_part *parts;
    size_t count, room;
};

enum query_fault { QUERY_GOOD, QUERY_INVALID, QUERY_MALFORMED, QUERY_NO_CHANNEL };

/*
 * text: NULL, an XPath, or structured XML; channel: for XPath, NULL if there is none. Returns QUERY_GOOD and sets *out,
 * which the caller frees; else fills why. QUERY_MALFORMED: not well-formed XML. QUERY_NO_CHANNEL: a Select or Suppress
 * without a Path, or an XPath without channel.
 */
enum query_fault query_new(struct query **out, const char *channel, const char *text, char why[XPATH_WHY_SIZE]);
void query_free(struct query *q);

/* Is text structured XML? */
bool query_is_structured(const char *text);

/* Are all events of channel selected, so that nothing must be parsed? */
bool query_takes_all(const struct query *q, const char *channel);

/* Is the event of that channel selected? now: FILETIME. */
bool query_matches(const struct query *q, const char *channel, const struct event_tree *tree, uint64_t now);

/* Channel names are compared without regard to letter case (A-Z). */
bool channel_name_equal(const char *a, const char *b);

#endif
