#include "agent/cli/cli.h"
#include "agent/cli/options.h"
#include "agent/guard/hardening.h"
#include "agent/run/run.h"
#include "agent/system/interrupt.h"
#include "agent/system/plain.h"

#include <stdio.h>
#include <string.h>

int cli_run(int argc, char **argv)
{
    struct run_settings set = {.foreground = true};
    int usage = options_config(&set.config_path, argc, argv);
    if (usage != 0)
        return usage;
    hardening_start_agent();
    int rc = interrupt_prepare();
    if (rc < 0) {
        plain_printf(stderr, "tripline run: can't wait for Ctrl-C: %s\n", strerror(-rc));
        return 1;
    }
    struct run *run = NULL;
    if (run_start(&run, &set) != RUN_GOOD)
        return 1;
    enum run_problem problem = RUN_GOOD;
    enum interrupt wish = INTERRUPT_NONE;
    while (problem == RUN_GOOD && (wish = interrupt_wait(RUN_TICK_MS)) != INTERRUPT_END)
        problem = run_tick(run, wish == INTERRUPT_RELOAD);
    run_stop(run, RUN_GRACE_MS);
    return problem == RUN_GOOD ? 0 : 1;
}
