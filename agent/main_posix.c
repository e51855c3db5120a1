#include "agent/cli/cli.h"

#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    /* A reader that goes away is an error like any other, on stdout and on sockets: never a silent end. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        perror("tripline: signal");
        return 1;
    }
    return cli_main(argc, argv);
}
