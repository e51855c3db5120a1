#include "agent/config/protect.h"

#include <errno.h>

static int not_here(struct fault *fault)
{
    fault_set(fault, "protect", ENOTSUP, text_from("dpapi:"),
              "only Windows can do this; use file: with a file of mode 600 here");
    return -ENOTSUP;
}

int protect_seal(char **out, const void *secret, size_t size, struct fault *fault)
{
    (void)out;
    (void)secret;
    (void)size;
    return not_here(fault);
}

int protect_open(char **out, const char *base64, struct fault *fault)
{
    (void)out;
    (void)base64;
    return not_here(fault);
}

void protect_hide_typing(int is_hidden)
{
    (void)is_hidden;
}
