/*
 * secret: where a secret setting's value comes from. The config holds the value itself, or better a reference to it:
 *   dpapi:BASE64   sealed on this very host by "tripline protect" (protect.h)
 *   file:PATH      the text of a file that only the service and administrators can read; a line break at its end is
 * left out; a relative path is seen from the config file's directory env:NAME       an environment variable A reference
 * may follow other words and a space, as in "Bearer file:token.txt".
 */
#ifndef AGENT_CONFIG_SECRET_H
#define AGENT_CONFIG_SECRET_H

#include "detect/base/fault.h"
#include <stdbool.h>

/* Longest secret, bytes. */
#define SECRET_MAX 16384

/* Does value hold a reference, and so no secret itself? */
bool secret_is_reference(const char *value);

/* NULL, or why the reference in value can't be one: "what is wrong; what would be right", without the value. */
const char *secret_fault(const char *value);

/* value with the path of its reference as seen from beside (the config file), in *out, which the caller frees. Returns
 * 0 or -ENOMEM. */
int secret_locate(char **out, const char *value, const char *beside);

/*
 * value with its reference replaced by what it refers to, in *out, which the caller wipes and frees (config_wipe()); a
 * copy where there is no reference. Returns 0; -ENOMEM; -ENOENT, -EACCES (a file that others can read too, too),
 * -EINVAL (not sealed here, empty, a line break inside ...), -EFBIG, -ENOTSUP (dpapi: on another system than Windows),
 * with fault, which names the file or variable and never the secret.
 */
int secret_read(char **out, const char *value, struct fault *fault);

/* Can nobody but the account we run as, the system and administrators read the file? Returns 0, or -EACCES with fault
 * (secret_posix.c, secret_win.c), or as opening the file. */
int secret_check_file(const char *path, struct fault *fault);

#endif
