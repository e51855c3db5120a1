/*
 * encode_ecs: alert -> one ECS 9.4 JSON document on one line (docs/alert-format.md, config/alert.schema.json).
 */
#ifndef TRANSPORT_DOCUMENT_ENCODE_ECS_H
#define TRANSPORT_DOCUMENT_ENCODE_ECS_H

#include "detect/alert/alert.h"
#include <stddef.h>

/*
 * Most characters (code points) of any one text in a document; the rest is cut off. That is more than any command line
 * of Windows has (EVENT_MAX_COMMAND_LINE), so only an imported log can go beyond; where a command line was cut,
 * tripline.command_line_truncated says so and tripline.command_line_sha256 what it was whole.
 */
#define ENCODE_MAX_TEXT 32768u

/* Who says it. */
struct encode_agent {
    const char *version; /* of the program */
    const char *id;      /* stable for this installation; NULL leaves agent.id out */
};

/* The members that all alerts of a rule and an agent have. All zero before the first document; kept from one to the
 * next of one agent, it saves a fifth of the time. Not for two threads at once. */
struct encode_ecs_kept {
    const struct rule *rule; /* NULL: nothing is kept */
    char *members;
    size_t size;
};

/* Frees it; all zero again. */
void encode_ecs_clear(struct encode_ecs_kept *kept);

/*
 * *out: valid UTF-8 JSON without a newline, NUL-terminated, the caller frees it; *size its bytes. Invalid UTF-8 and
 * lone surrogates are U+FFFD in it, NUL and control characters are escaped. id: alert_id()'s of the alert. Returns 0,
 * -ENOMEM, or -EIO when the digest of a text that was cut could not be made.
 */
int encode_ecs(char **out, size_t *size, struct encode_ecs_kept *kept, const struct alert *alert, const char *id,
               const struct encode_agent *agent);

#endif
