/* own: what a kind of output has of its own, as the config would hand it over: all texts absent, all numbers 0, but for
 * one word. Kept until the next call. */
#ifndef TESTS_TRANSPORT_OUTPUTS_OWN_H
#define TESTS_TRANSPORT_OUTPUTS_OWN_H

#include "transport/outputs/output_type.h"

#include <string.h>

static inline const void *own_of(const char *type, const char *setting, unsigned word)
{
    static union {
        max_align_t align;
        char bytes[512];
    } own;
    const struct output_type *t = output_type_find(type);
    memset(&own, 0, sizeof(own));
    for (size_t i = 0; i < t->setting_count; i++)
        if (strcmp(t->settings[i].name, setting) == 0)
            memcpy(own.bytes + t->settings[i].offset, &word, sizeof(word));
    return &own;
}

#endif
