/*
 * output_echo: a collector's own words, before they go into a log or a status: what they repeat of what was sent to it
 * is taken out, since neither a credential nor an event's contents may stand there.
 */
#ifndef TRANSPORT_OUTPUT_ECHO_H
#define TRANSPORT_OUTPUT_ECHO_H

#include "transport/outputs/output_type.h"

/* Shortest piece of an alert that counts as its contents, bytes: field names and common words are shorter. */
#define OUTPUT_ECHO_MIN 24

/* Longest word that is left alone, bytes: a token that was made for this request is longer, an id is not. */
#define OUTPUT_ECHO_WORD 64

struct output_echo;

/* Copies and covers (https_cover.h) the credentials of settings, those of its type among them. Returns 0, -ENOMEM or
 * -EIO. */
int output_echo_new(struct output_echo **out, const struct output_type *type, const struct output_settings *settings);
void output_echo_free(struct output_echo *echo); /* NULL is allowed */

/* Puts "***" for each credential, each word longer than OUTPUT_ECHO_WORD, and each piece of OUTPUT_ECHO_MIN bytes or
 * more that stands in one of the alerts. */
void output_echo_hide(char answer[OUTPUT_MAX_ANSWER + 1], struct output_echo *echo, const struct output_alert *alerts,
                      size_t count);

#endif
