#include "agent/cli/options.h"

#include "agent/cli/cli.h"
#include "agent/system/plain.h"
#include <stdio.h>
#include <string.h>

int options_config(const char **config, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") != 0) {
            plain_printf(stderr, "tripline %s: unknown argument \"%s\"; it takes --config FILE only\n", argv[0],
                         argv[i]);
            return CLI_USAGE;
        }
        if (++i == argc) {
            plain_printf(stderr, "tripline %s: --config wants a file\n", argv[0]);
            return CLI_USAGE;
        }
        *config = argv[i];
    }
    return 0;
}
