#include "collectors/etw/nt_path.h"

#include <stdio.h>

/* Does path begin with start, in any letter case, and does a backslash follow (or end it)? */
static bool begins(struct text path, struct text start)
{
    if (path.len <= start.len || path.bytes[start.len] != '\\')
        return false;
    return text_equal_nocase((struct text){path.bytes, start.len}, start);
}

static struct text rest(struct text path, size_t from)
{
    return (struct text){path.bytes + from, path.len - from};
}

/* first and second, one after the other. */
static struct text join(char *to, size_t size, struct text first, struct text second)
{
    size_t used = text_copy(to, size, first);
    used += text_copy(to + used, size - used, second);
    return (struct text){to, used};
}

struct text nt_path_to_dos(char *to, size_t size, struct text path, const struct nt_device *devices, size_t count,
                           struct text windows)
{
    struct text root = text_from("\\SystemRoot"), object = text_from("\\??");
    if (begins(path, root))
        return join(to, size, windows, rest(path, root.len));
    if (begins(path, object))
        return join(to, size, rest(path, object.len + 1), text_from(NULL));
    for (size_t i = 0; i < count; i++) {
        char drive[] = {devices[i].letter, ':', '\0'};
        if (begins(path, devices[i].device))
            return join(to, size, text_from(drive), rest(path, devices[i].device.len));
    }
    return join(to, size, path, text_from(NULL));
}
