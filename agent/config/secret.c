#include "agent/config/secret.h"

#include "agent/config/config_internal.h"
#include "agent/config/protect.h"
#include "agent/system/file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum kind { DPAPI, FROM_FILE, ENVIRONMENT, NO_REFERENCE };

static const char *const schemes[] = {[DPAPI] = "dpapi:", [FROM_FILE] = "file:", [ENVIRONMENT] = "env:"};

/* Where the reference in value begins, what it is, and what follows its scheme. */
static enum kind find(const char *value, const char **begin, const char **rest)
{
    for (const char *at = value, *blank; at != NULL; at = blank == NULL ? NULL : blank + 1) {
        blank = strchr(at, ' ');
        for (int kind = DPAPI; kind < NO_REFERENCE; kind++) {
            size_t size = strlen(schemes[kind]);
            if (strncmp(at, schemes[kind], size) != 0)
                continue;
            *begin = at;
            *rest = at + size;
            return (enum kind)kind;
        }
    }
    return NO_REFERENCE;
}

bool secret_is_reference(const char *value)
{
    const char *begin, *rest;
    return find(value, &begin, &rest) != NO_REFERENCE;
}

const char *secret_fault(const char *value)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    const char *begin, *rest;
    switch (find(value, &begin, &rest)) {
    case DPAPI:
        return rest[0] == '\0' || rest[strspn(rest, base64)] != '\0'
                   ? "has a dpapi: that is none; write what \"tripline protect\" prints"
                   : NULL;
    case FROM_FILE:
        return rest[0] == '\0' ? "has a file: without a path; write file:PATH" : NULL;
    case ENVIRONMENT:
        return rest[0] == '\0' || strpbrk(rest, "= ") != NULL ? "has an env: without a name; write env:NAME" : NULL;
    case NO_REFERENCE:
        break;
    }
    return NULL;
}

/* The beginning of value up to end, then more. */
static char *join(const char *value, const char *end, const char *more)
{
    size_t size = (size_t)(end - value), more_size = strlen(more) + 1;
    char *joined = malloc(size + more_size);
    if (joined == NULL)
        return NULL;
    memcpy(joined, value, size);
    memcpy(joined + size, more, more_size);
    return joined;
}

int secret_locate(char **out, const char *value, const char *beside)
{
    const char *begin, *rest;
    char *path = NULL, *made;
    if (find(value, &begin, &rest) == FROM_FILE) {
        int rc = file_resolve(&path, beside, rest);
        if (rc < 0)
            return rc;
        made = join(value, rest, path);
        free(path);
    } else {
        made = text_dup(text_from(value));
    }
    if (made == NULL)
        return -ENOMEM;
    *out = made;
    return 0;
}

static int fail(int rc, const char *object, const char *what, struct fault *fault)
{
    fault_set(fault, "reading the secret", -rc, text_from(object), what);
    return rc;
}

/* The whole file without buffers that keep a copy. */
static int read_file(char **out, const char *path, struct fault *fault)
{
    FILE *file = NULL;
    int rc = secret_check_file(path, fault);
    if (rc < 0)
        return rc;
    rc = file_open(&file, path, "rb");
    if (rc < 0)
        return fail(rc, path, strerror(-rc), fault);
    char *secret = calloc(1, SECRET_MAX + 2);
    if (secret == NULL) {
        rc = -ENOMEM;
    } else {
        (void)setvbuf(file, NULL, _IONBF, 0); /* with one, reading goes just as well */
        size_t size = fread(secret, 1, SECRET_MAX + 1, file);
        if (ferror(file))
            rc = fail(-EIO, path, "it can't be read", fault);
        else if (size > SECRET_MAX)
            rc = fail(-EFBIG, path, "it is far too long for a secret", fault);
        else if (strlen(secret) != size)
            rc = fail(-EINVAL, path, "there is a NUL in it", fault);
    }
    (void)fclose(file); /* only read */
    if (rc == 0)
        *out = secret;
    else if (secret != NULL) {
        OPENSSL_cleanse(secret, SECRET_MAX);
        free(secret);
    }
    return rc;
}

static int resolve(char **out, enum kind kind, const char *rest, struct fault *fault)
{
    const char *variable;
    switch (kind) {
    case DPAPI:
        return protect_open(out, rest, fault);
    case FROM_FILE:
        return read_file(out, rest, fault);
    case ENVIRONMENT:
        variable = getenv(rest);
        if (variable == NULL)
            return fail(-ENOENT, rest, "there is no such environment variable", fault);
        *out = text_dup(text_from(variable));
        return *out == NULL ? -ENOMEM : 0;
    case NO_REFERENCE:
        break;
    }
    return -EINVAL;
}

/* A line break at the end is an editor's; anything else that no header or password can hold is a mistake. */
static int trim(char *secret, const char *object, struct fault *fault)
{
    size_t size = strlen(secret);
    while (size > 0 && (secret[size - 1] == '\n' || secret[size - 1] == '\r'))
        secret[--size] = '\0';
    if (size == 0)
        return fail(-EINVAL, object, "it is empty", fault);
    for (const char *c = secret; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7F)
            return fail(-EINVAL, object, "there is a line break or control character in it", fault);
    return 0;
}

int secret_read(char **out, const char *value, struct fault *fault)
{
    const char *begin = NULL, *rest = NULL;
    char *secret = NULL, *made = NULL;
    enum kind kind = find(value, &begin, &rest);
    int rc = 0;
    if (kind == NO_REFERENCE) {
        made = text_dup(text_from(value));
    } else {
        rc = resolve(&secret, kind, rest, fault);
        if (rc == 0)
            rc = trim(secret, kind == DPAPI ? "dpapi:" : rest, fault);
        if (rc == 0)
            made = join(value, begin, secret);
        config_wipe(secret);
    }
    if (rc == 0 && made == NULL)
        rc = -ENOMEM;
    if (rc == 0)
        *out = made;
    return rc;
}
