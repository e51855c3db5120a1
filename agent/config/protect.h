/*
 * protect: a secret sealed so that only this host can open it: Windows' DPAPI with the machine's key
 * (learn.microsoft.com/windows/win32/api/dpapi/nf-dpapi-cryptprotectdata). Whoever can run programs on this host can
 * open it too: it protects copies of the config (backups, tickets, repositories), and the config's own access list the
 * rest. protect_win.c; protect_posix.c says that it is Windows' alone.
 */
#ifndef AGENT_CONFIG_PROTECT_H
#define AGENT_CONFIG_PROTECT_H

#include "detect/base/fault.h"
#include <stddef.h>

/* Base64 without line breaks into *out, which the caller frees. Returns 0; -ENOMEM; -ENOTSUP or -EIO with fault. */
int protect_seal(char **out, const void *secret, size_t size, struct fault *fault);

/* The secret, NUL-terminated, into *out, which the caller wipes and frees. Returns 0; -ENOMEM; -EINVAL (not sealed on
 * this host, or damaged) or -ENOTSUP with fault. */
int protect_open(char **out, const char *base64, struct fault *fault);

/* Makes the console show nothing of what is typed, or (is_hidden false) everything again. Does nothing where stdin is
 * no console. */
void protect_hide_typing(int is_hidden);

#endif
