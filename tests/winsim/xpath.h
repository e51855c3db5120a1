/*
 * xpath: the part of XPath 1.0 that the Windows Event Log takes (learn.microsoft.com: Consuming Events; MS-EVEN6
 * section 2.2.15).
 *
 *   query     = ("*" | "Event") { "[" or "]" }
 *   or        = and { "or" and }            and = test { "and" test }
 *   test      = "(" or ")" | operand [ ("=" | "!=" | "<" | "<=" | ">" | ">=") literal ]
 *   operand   = path | "position()" | "band(" path "," number ")" | "timediff(" path [ "," path ] ")"
 *   path      = step { "/" step }           step = name { "[" or "]" } | "*" { "[" or "]" } | "@" name
 *   literal   = 'text' | "text" | number | 0xnumber
 *
 * Everything else is refused, as are more than WINSIM_MAX_EXPRESSIONS tests.
 */
#ifndef TESTS_WINSIM_XPATH_H
#define TESTS_WINSIM_XPATH_H

#include "tests/winsim/event_tree.h"

struct xpath;

/* Room for the reason of a refusal, with its NUL. */
#define XPATH_WHY_SIZE 160

/* Returns the query, which the caller frees, or NULL with why filled. */
struct xpath *xpath_new(const char *text, char why[XPATH_WHY_SIZE]);

/*
 * A value path of EvtCreateRenderContext: Event/System/EventID, Event/System/Provider/@Name,
 * Event/EventData/Data[@Name="x"]. Returns as xpath_new; "or" and "and" are refused.
 */
struct xpath *xpath_new_value_path(const char *text, char why[XPATH_WHY_SIZE]);

/* Frees x; NULL is allowed. */
void xpath_free(struct xpath *x);

/* Does the event match? now: FILETIME, for timediff. */
bool xpath_matches(const struct xpath *x, const struct event_tree *tree, uint64_t now);

/* What a value path finds: the first that matches. */
struct xpath_found {
    uint32_t node;
    const char *attribute; /* its name, or NULL: the node's own text */
    const char *value;
};
bool xpath_find(struct xpath_found *out, const struct xpath *x, const struct event_tree *tree);

#endif
