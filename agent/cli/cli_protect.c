#include "agent/cli/cli.h"

#include "agent/config/protect.h"
#include "agent/config/secret.h"
#include "agent/system/plain.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line of stdin, without its end. Returns its size, or 0 after a message. */
static size_t read_secret(char secret[SECRET_MAX + 2], const char *verb)
{
    (void)setvbuf(stdin, NULL, _IONBF, 0); /* no other copy; with one, reading goes just as well */
    protect_hide_typing(1);
    char *got = fgets(secret, SECRET_MAX + 2, stdin);
    protect_hide_typing(0);
    size_t size = got == NULL ? 0 : strcspn(secret, "\r\n");
    if (size == 0)
        plain_printf(stderr, "tripline %s: there is no secret on stdin\n", verb);
    else if (size > SECRET_MAX) {
        plain_printf(stderr, "tripline %s: a secret has at most %d bytes\n", verb, SECRET_MAX);
        size = 0;
    }
    return size;
}

int cli_protect(int argc, char **argv)
{
    char *secret, *sealed = NULL, text[512];
    struct fault fault = {.call = NULL};
    if (argc > 1)
        return cli_usage(argv[0], "takes the secret from stdin, never as an argument, which others can see", NULL);
    secret = calloc(1, SECRET_MAX + 2);
    if (secret == NULL)
        return 1;
    plain_printf(stderr, "The secret, and Enter:\n");
    size_t size = read_secret(secret, argv[0]);
    int rc = size == 0 ? -EINVAL : protect_seal(&sealed, secret, size, &fault);
    OPENSSL_cleanse(secret, SECRET_MAX + 2);
    free(secret);
    if (rc == 0)
        plain_printf(stdout, "dpapi:%s\n", sealed);
    else if (fault.call != NULL)
        plain_printf(stderr, "tripline %s: %s\n", argv[0], fault_text(&fault, text, sizeof(text)));
    free(sealed);
    return rc == 0 ? 0 : 1;
}
