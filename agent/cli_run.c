#include "agent/cli.h"
#include "agent/interrupt.h"
#include "agent/options.h"
#include "agent/run.h"

#include <stdio.h>
#include <string.h>

int cli_run(int argc, char **argv)
{
    struct run_settings set = {.foreground = true};
    int usage = options_config(&set.config_path, argc, argv);
    if (usage != 0)
        return usage;
    int rc = interrupt_prepare();
    if (rc < 0) {
        fprintf(stderr, "tripline run: can't wait for Ctrl-C: %s\n", strerror(-rc));
        return 1;
    }
    struct run *run = NULL;
    if (run_start(&run, &set) != RUN_GOOD)
        return 1;
    interrupt_wait();
    run_stop(run, RUN_GRACE_MS);
    return 0;
}
