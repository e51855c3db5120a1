/* A pattern, a NUL, a text: what both matchers say of it is the same. The first byte: flags. */
#include "detect/expression/regex.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size < 2 ? NULL : memchr(data + 1, 0, size - 1);
    struct arena *arena, *scratch;
    const struct regex *regex;
    struct regex_fault fault;
    struct regex_span spans[3];
    if (end == NULL || size > 2000)
        return 0;
    if (arena_new(&arena, (size_t)8 << 20) < 0 || arena_new(&scratch, (size_t)4 << 20) < 0)
        abort();
    struct text pattern = {(const char *)data + 1, (size_t)(end - data) - 1};
    struct text text = {(const char *)end + 1, size - (size_t)(end - data) - 1};
    int rc = regex_new(&regex, arena, pattern, data[0] & 7u, &fault);
    if (rc == 0) {
        struct text subject = regex_subject(text, scratch);
        enum regex_answer is = regex_matches(regex, text, scratch);
        enum regex_answer where = regex_find(regex, subject, 0, spans, 3, scratch);
        if (is != REGEX_LIMIT && where != REGEX_LIMIT && is != where)
            abort();
        if (where == REGEX_YES && spans[0].to > subject.len)
            abort();
    } else if (fault.character < 1 || fault.character > pattern.len + 1) {
        abort();
    }
    arena_free(scratch);
    arena_free(arena);
    return 0;
}
