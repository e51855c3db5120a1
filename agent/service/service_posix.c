/* There is no Windows service here; systemd and the like start "tripline run". */
#include "agent/cli/cli.h"

#include "agent/system/plain.h"

#include <stdio.h>

static int no_service(char **argv)
{
    plain_printf(stderr, "tripline %s: only on Windows; here \"tripline run\" is the agent in the foreground\n",
                 argv[0]);
    return 1;
}

int cli_service(int argc, char **argv)
{
    (void)argc;
    return no_service(argv);
}

int cli_install(int argc, char **argv)
{
    (void)argc;
    return no_service(argv);
}

int cli_uninstall(int argc, char **argv)
{
    (void)argc;
    return no_service(argv);
}

int cli_start(int argc, char **argv)
{
    (void)argc;
    return no_service(argv);
}

int cli_reload(int argc, char **argv)
{
    (void)argc;
    return no_service(argv);
}

int cli_stop(int argc, char **argv)
{
    (void)argc;
    return no_service(argv);
}
