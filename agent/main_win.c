#include "agent/cli/cli.h"
#include "agent/guard/hardening.h"
#include "detect/base/winapi.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

/* mingw-w64's start-up code reads it: expand * and ? in arguments, which no Windows shell does. */
extern int _dowildcard;
int _dowildcard = -1;

int wmain(int argc, wchar_t **wide_argv);

int wmain(int argc, wchar_t **wide_argv)
{
    hardening_start();
    char **argv = calloc((size_t)argc + 1, sizeof(*argv));
    int code = 1, rc = argv == NULL ? -ENOMEM : 0;
    for (int i = 0; rc == 0 && i < argc; i++)
        rc = winapi_text(&argv[i], wide_argv[i]);
    if (rc < 0) {
        fprintf(stderr, "tripline: out of memory\n");
        goto out;
    }
    /* JSON Lines and .gz go through unchanged; text on a console is UTF-8 as everywhere else in the program. */
    if (_setmode(_fileno(stdin), _O_BINARY) == -1 || _setmode(_fileno(stdout), _O_BINARY) == -1) {
        /* No stdin or stdout, as in a service: nothing is read or written there either. */
    }
    UINT page = GetConsoleOutputCP();
    if (page != 0)
        (void)SetConsoleOutputCP(CP_UTF8); /* fails: letters beyond ASCII look wrong, no more */
    code = cli_main(argc, argv);
    if (page != 0)
        (void)SetConsoleOutputCP(page); /* as above */
out:
    for (int i = 0; argv != NULL && i < argc; i++)
        free(argv[i]);
    free(argv);
    return code;
}
