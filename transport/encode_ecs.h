/*
 * encode_ecs: alert -> one ECS 9.4 JSON document on one line (docs/alert-format.md, config/alert.schema.json).
 */
#ifndef TRANSPORT_ENCODE_ECS_H
#define TRANSPORT_ENCODE_ECS_H

#include "detect/alert.h"
#include <stddef.h>

/* Who says it. */
struct encode_agent {
    const char *version; /* of the program */
    const char *id;      /* stable for this installation; NULL leaves agent.id out */
};

/*
 * *out: valid UTF-8 JSON without a newline, NUL-terminated, the caller frees it; *size its bytes. Invalid UTF-8 and
 * lone surrogates are U+FFFD in it, NUL and control characters are escaped. Returns 0, -ENOMEM, or -EIO when the id
 * could not be made.
 */
int encode_ecs(char **out, size_t *size, const struct alert *alert, const struct encode_agent *agent);

#endif
