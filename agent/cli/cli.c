#include "agent/cli/cli.h"

#include "agent/cli/cli_text.h"
#include "agent/system/plain.h"
#include "agent/system/version.h"
#include "detect/base/suggest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MAX_VERBS 32

static void print_usage(FILE *to)
{
    plain_printf(to,
                 "Tripline %s watches process creation on Windows and sends an alert for each that a rule matches.\n\n"
                 "usage: tripline VERB ...\n\n",
                 version_number);
    for (const struct cli_verb *v = cli_verbs; v->name != NULL; v++)
        plain_printf(to, "  %-13s %s\n", v->name, v->summary);
    plain_printf(to, "\ntripline VERB --help tells more. Exit codes: 0 good, 1 found or failed, 2 wrong usage.\n");
}

static void print_help(const struct cli_verb *v)
{
    plain_printf(stdout, "usage: tripline %s%s%s\n\n%c%s.\n\n%s", v->name, *v->arguments == '\0' ? "" : " ",
                 v->arguments, *v->summary - ('a' - 'A'), v->summary + 1, v->help);
}

static const struct cli_verb *verb_find(const char *name)
{
    for (const struct cli_verb *v = cli_verbs; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[MAX_VERBS];
    size_t count = 0;
    for (; count < MAX_VERBS && cli_verbs[count].name != NULL; count++)
        names[count] = cli_verbs[count].name;
    const char *nearest = suggest_nearest(name, names, count);
    if (nearest != NULL)
        plain_printf(stderr, "tripline: unknown verb \"%.60s\"; did you mean %s?\n", name, nearest);
    else
        plain_printf(stderr, "tripline: unknown verb \"%.60s\"; tripline --help lists them\n", name);
    return CLI_USAGE;
}

int cli_usage(const char *verb, const char *what, const char *argument)
{
    plain_printf(stderr, "tripline %s: %s", verb, what);
    if (argument != NULL)
        plain_printf(stderr, " \"%s\"", argument);
    plain_printf(stderr, "; see tripline %s --help\n", verb);
    return CLI_USAGE;
}

int cli_option(const char **value, int argc, char **argv, int *i, const char *name)
{
    size_t size = strlen(name);
    if (strncmp(argv[*i], name, size) != 0)
        return 0;
    if (argv[*i][size] == '=') {
        *value = argv[*i] + size + 1;
        return **value == '\0' ? -EINVAL : 1;
    }
    if (argv[*i][size] != '\0')
        return 0;
    if (*i + 1 >= argc || argv[*i + 1][0] == '\0')
        return -EINVAL;
    *value = argv[++*i];
    return 1;
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* Is help asked for before "--" ends the options? */
static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help(argv[i]))
            return true;
    return false;
}

/* help [VERB] */
static int help(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stdout);
        return 0;
    }
    const struct cli_verb *verb = verb_find(argv[1]);
    if (verb == NULL)
        return unknown_verb(argv[1]);
    print_help(verb);
    return 0;
}

static int call(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (is_help(argv[1]) || strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        char name[] = "version", *arguments[] = {name, NULL};
        return cli_version(1, arguments);
    }
    const struct cli_verb *verb = verb_find(argv[1]);
    if (verb == NULL)
        return unknown_verb(argv[1]);
    if (wants_help(argc - 1, argv + 1)) {
        print_help(verb);
        return 0;
    }
    return verb->call(argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
    int code = call(argc, argv);
    errno = 0;
    bool failed = ferror(stdout) != 0;
    if (fflush(stdout) != 0 || failed) {
        plain_printf(stderr, "tripline: stdout could not take all: %s\n",
                     errno == 0 ? "it failed earlier" : strerror(errno));
        if (code == 0)
            code = 1;
    }
    return code;
}
