/* html: text that others wrote, made harmless and visible inside an HTML page. */
#ifndef AGENT_SCAN_HTML_H
#define AGENT_SCAN_HTML_H

#include "detect/base/text.h"
#include <stdbool.h>

/* A piece of a page that grows; zeroed at first. */
struct html {
    char *bytes; /* the caller frees it */
    size_t size, room;
    bool is_cut; /* memory ran out: what came after is missing */
};

/* Adds markup of our own, as it is. */
void html_markup(struct html *html, const char *markup);

/*
 * Adds text so that a browser shows exactly its characters: & < > " ' as references; control characters, and those
 * that reverse, hide or join what stands beside them, as {U+202E}; invalid bytes as U+FFFD. At most max_bytes of text
 * are shown, then "..." says that there is more. Safe between tags and in quoted attributes.
 */
void html_text(struct html *html, struct text text, size_t max_bytes);

#endif
