#include "agent/run/run_guard.h"

#include "agent/guard/hardening.h"
#include "agent/guard/token.h"
#include "agent/log/messages.h"
#include "agent/system/file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int run_guard_state(struct state_guard **out, const struct config *config, bool is_foreground,
                    char reason[STATE_GUARD_MAX_REASON])
{
    int rc = file_make_directory(config->state_directory);
    if (rc < 0)
        snprintf(reason, STATE_GUARD_MAX_REASON, "the state directory %.600s can't be made: %s",
                 config->state_directory, strerror(-rc));
    else
        rc = state_guard_check_state(config->state_directory, is_foreground, reason);
    return rc < 0 ? rc : state_guard_take(out, config->state_directory, reason);
}

static void say_fault(struct log *log, const char *what, const struct fault *fault)
{
    char text[512];
    log_write(log, LOG_WARNING, MESSAGE_NOT_HARDENED, "%s: %s", what, fault_text(fault, text, sizeof(text)));
}

void run_guard_rights(const struct config *config, struct log *log)
{
    struct fault fault = {0};
    struct token_facts *facts = NULL;
    int dropped = token_drop_privileges(token_privileges_needed(config->etw.enabled), &fault);
    if (dropped < 0)
        say_fault(log, "privileges that are not needed could not be given away", &fault);
    if (*hardening_missing() != '\0')
        log_write(log, LOG_WARNING, MESSAGE_NOT_HARDENED, "this Windows did not take: %s", hardening_missing());
    char *text = token_read(&facts, &fault) < 0 ? NULL : token_text(facts);
    if (text != NULL)
        log_write(log, LOG_INFO, MESSAGE_RIGHTS, "%s dropped=%d", text, dropped < 0 ? 0 : dropped);
    else
        say_fault(log, "the agent's own rights can't be told", &fault);
    free(text);
    token_free(facts);
}
