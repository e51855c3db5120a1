#include "agent/run/run_guard.h"

#include "agent/guard/hardening.h"
#include "agent/guard/token.h"
#include "agent/log/messages.h"
#include "agent/system/file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int nothing(void *context, const char *name)
{
    (void)name;
    *(bool *)context = true;
    return 0;
}

/* An installation that moves an earlier version's state was cut off (install_state.h): what waits there must not be
 * passed over. */
static int check_whole(const char *directory, char reason[STATE_GUARD_MAX_REASON])
{
    size_t size = strlen(directory) + sizeof(".new");
    char *staging = malloc(size);
    bool is_waiting = false, is_used = false;
    if (staging == NULL) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "memory is short");
        return -ENOMEM;
    }
    snprintf(staging, size, "%s.new", directory);
    (void)file_list(staging, nothing, &is_waiting); /* mostly there is none; who can't look can't start either */
    (void)file_list(directory, nothing, &is_used);  /* as above */
    if (is_waiting && !is_used)
        snprintf(reason, STATE_GUARD_MAX_REASON,
                 "an installation was cut off while it moved the state; what it moved is in %.600s: install again",
                 staging);
    free(staging);
    return is_waiting && !is_used ? -EPERM : 0;
}

int run_guard_state(struct state_guard **out, const struct config *config, bool is_foreground,
                    char reason[STATE_GUARD_MAX_REASON])
{
    int rc = check_whole(config->state_directory, reason);
    if (rc < 0)
        return rc;
    rc = file_make_directory(config->state_directory);
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

/* A warning and no more: an agent that stays away sees nothing at all. The doctor says it too. */
static void check_program(struct log *log)
{
    char *path = NULL, reason[STATE_GUARD_MAX_REASON];
    if (file_program(&path) == 0 && state_guard_check_program(path, true, reason) == -EPERM)
        log_write(log, LOG_WARNING, MESSAGE_PROGRAM_OPEN,
                  "others can put their own code in the place of the agent's: %s", reason);
    free(path);
}

void run_guard_rights(const struct config *config, struct log *log)
{
    struct fault fault = {0};
    struct token_facts *facts = NULL;
    int dropped = token_drop_privileges(token_privileges_needed(config->etw.enabled), &fault);
    if (dropped < 0)
        say_fault(log, "privileges that are not needed could not be given away", &fault);
    check_program(log);
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
