#include "agent/cli/cli.h"

#include "agent/config/config.h"
#include "agent/health/status_file.h"
#include "agent/run/selftest.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "agent/system/process.h"
#include "detect/event/event.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long to wait for every output, seconds, when nothing else is said. */
#define DEFAULT_TIMEOUT_S 60u
#define MAX_TIMEOUT_S 3600u

/* The status is looked at this often, ms. */
#define LOOK_MS 200u

struct selftest {
    char *status_path, *file_path;
    char program[SELFTEST_COMMAND_SIZE / 2], command_line[SELFTEST_COMMAND_SIZE];
    unsigned timeout_s, pid;
    uint64_t started;
};

static int complain(const char *what, const char *why)
{
    plain_printf(stderr, "tripline selftest: %s: %s\n", what, why);
    return 1;
}

/* Is there an agent that could see it? */
static int check_agent(const struct selftest *t)
{
    json_t *status = NULL;
    struct status_judgement *j = calloc(1, sizeof(*j));
    int code = 0, rc = j == NULL ? -ENOMEM : status_read(&status, t->status_path);
    if (rc < 0) {
        code =
            complain("no running agent", rc == -ENOENT ? "it has never run with this state directory" : strerror(-rc));
    } else {
        unsigned pid = (unsigned)json_integer_value(json_object_get(status, "pid"));
        uint64_t begin = (uint64_t)json_integer_value(json_object_get(status, "process_begin"));
        status_judge(j, status, event_time_now(), process_is_alive(pid, begin));
        if (j->verdict != STATUS_WATCHING && j->verdict != STATUS_TROUBLE)
            code = complain("no running agent", j->count > 0 ? j->reasons[0] : status_word(j->verdict));
    }
    json_decref(status);
    free(j);
    return code;
}

/* Says in the state directory which command line is coming. */
static int announce(const struct selftest *t)
{
    FILE *file = NULL;
    int rc = file_open(&file, t->file_path, "wb");
    if (rc < 0)
        return rc;
    errno = EIO; /* where the library does not say more */
    rc = fputs(t->command_line, file) >= 0 ? 0 : -errno;
    if (fclose(file) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

static void print_steps(const json_t *steps)
{
    for (size_t i = 0; i < json_array_size(steps); i++)
        plain_printf(stdout, "  %s\n", json_string_value(json_array_get(steps, i)));
}

static int wait_for_outputs(const struct selftest *t)
{
    json_t *steps = NULL;
    enum selftest_verdict verdict = SELFTEST_WAITS;
    uint64_t end = t->started + (uint64_t)t->timeout_s * 10000000u;
    while (verdict == SELFTEST_WAITS && event_time_now() < end) {
        json_t *status = NULL;
        (void)nanosleep(&(struct timespec){0, (long)LOOK_MS * 1000000L}, NULL); /* shorter is no harm */
        if (status_read(&status, t->status_path) < 0)
            continue; /* it is just being replaced */
        json_decref(steps);
        steps = json_array();
        verdict = selftest_judge(status, t->command_line, t->started, steps);
        json_decref(status);
    }
    print_steps(steps);
    if (verdict == SELFTEST_PASSED)
        plain_printf(stdout, "passed: every output took the alert\n");
    else if (verdict == SELFTEST_FAILED)
        plain_printf(stdout, "FAILED: an output refused the alert\n");
    else if (json_array_size(steps) == 0)
        plain_printf(
            stdout,
            "FAILED: within %u s the agent saw no such process; tripline doctor says what is missing (audit policy, "
            "command lines, Sysmon)\n",
            t->timeout_s);
    else
        plain_printf(stdout, "FAILED: not every output took the alert within %u s; tripline status says why\n",
                     t->timeout_s);
    json_decref(steps);
    return verdict == SELFTEST_PASSED ? 0 : 1;
}

static int run_test(struct selftest *t)
{
    unsigned char random[8];
    char nonce[2 * sizeof(random) + 1];
    struct fault fault = {0};
    char text[512];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return complain("no nonce", "RAND_bytes failed");
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(nonce + 2 * i, 3, "%02x", random[i]);
    if (selftest_program(t->program, &fault) < 0)
        return complain("not possible", fault_text(&fault, text, sizeof(text)));
    int rc = selftest_command(t->command_line, t->program, nonce);
    int code = rc < 0 ? complain("its command line", strerror(-rc)) : check_agent(t);
    if (code != 0)
        return code;
    rc = announce(t);
    if (rc < 0)
        return complain(t->file_path, strerror(-rc));
    t->started = event_time_now();
    if (selftest_start(&t->pid, t->program, t->command_line, &fault) < 0) {
        code = complain("its process", fault_text(&fault, text, sizeof(text)));
    } else {
        plain_printf(stdout, "started process %u: %s\n", t->pid, t->command_line);
        (void)fflush(stdout); /* cli_main sees what stdout could not take */
        code = wait_for_outputs(t);
    }
    (void)file_remove(t->file_path); /* one that stays can only mark this same command line */
    return code;
}

static int with_config(struct selftest *t, const char *path)
{
    struct config *config = NULL;
    struct config_errors errors = {NULL, 0};
    int code = 1, rc = config_load(&config, path, &errors);
    if (rc < 0) {
        config_errors_print(stderr, path, &errors);
        if (errors.count == 0)
            plain_printf(stderr, "%s: %s\n", path, strerror(-rc));
    }
    config_errors_free(&errors);
    if (rc == 0 && (file_join(&t->status_path, config->state_directory, STATUS_FILE_NAME) < 0 ||
                    file_join(&t->file_path, config->state_directory, SELFTEST_FILE_NAME) < 0))
        rc = complain("paths", strerror(ENOMEM));
    if (rc == 0)
        code = run_test(t);
    config_free(config);
    free(t->file_path);
    free(t->status_path);
    return code;
}

/* Seconds, with or without an s after them; 0: no such number. */
static unsigned seconds(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end == 's')
        end++;
    return *end != '\0' || value > MAX_TIMEOUT_S || text[0] < '0' || text[0] > '9' ? 0 : (unsigned)value;
}

int cli_selftest(int argc, char **argv)
{
    struct selftest t = {.timeout_s = DEFAULT_TIMEOUT_S};
    const char *config = NULL, *timeout = NULL;
    char *standard = NULL;
    for (int i = 1; i < argc; i++) {
        int rc = cli_option(&config, argc, argv, &i, "--config");
        if (rc == 0)
            rc = cli_option(&timeout, argc, argv, &i, "--timeout");
        if (rc == 0)
            return cli_usage(argv[0], "takes --timeout SECONDS and --config F, not", argv[i]);
        if (rc < 0)
            return cli_usage(argv[0], "wants a value after", argv[i]);
    }
    if (timeout != NULL && (t.timeout_s = seconds(timeout)) == 0)
        return cli_usage(argv[0], "--timeout is 1 to 3600 seconds, not", timeout);
    int rc = config == NULL ? file_default_config(&standard) : 0;
    if (rc < 0)
        return complain("the usual place of the config is not known", strerror(-rc));
    int code = with_config(&t, config == NULL ? standard : config);
    free(standard);
    return code;
}
