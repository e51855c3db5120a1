#include "agent/cli/cli.h"

#include "agent/config/config.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"
#include "transport/outbox/store.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many are read at a time. */
#define PAGE 100

/* What the command line asks for. */
struct wish {
    const char *action, *config_path;
    bool is_json, all;
    char **numbers;
    int count;
};

static int fail(const char *what, int rc, const struct fault *fault)
{
    char text[512] = "";
    if (rc == -EBUSY)
        plain_printf(stderr,
                     "tripline deadletters: the agent runs and has the outbox open; stop it first (tripline stop) and "
                     "start it again afterwards\n");
    else
        plain_printf(stderr, "tripline deadletters: %s: %s\n", what,
                     fault != NULL && fault->call != NULL ? fault_text(fault, text, sizeof(text)) : strerror(-rc));
    return 1;
}

/* The outbox of config, which is not made where there is none. */
static int open_store(struct store **out, const struct config *config, struct fault *fault)
{
    const char *names[CONFIG_MAX_OUTPUTS];
    char *path = NULL;
    FILE *there = NULL;
    for (size_t i = 0; i < config->output_count; i++)
        names[i] = config->outputs[i].name;
    int rc = file_join(&path, config->state_directory, "tripline.db");
    if (rc == 0)
        rc = file_open(&there, path, "rb");
    if (rc == 0) {
        (void)fclose(there); /* only looked at */
        struct store_settings set = {.path = path,
                                     .outputs = names,
                                     .output_count = config->output_count,
                                     .max_alerts = config->store_max_alerts,
                                     .max_bytes = config->store_max_bytes};
        rc = store_open(out, &set, fault);
    }
    free(path);
    return rc;
}

static void print_json(const struct store_dead *dead)
{
    json_t *document = json_loadb(dead->document, dead->size, JSON_ALLOW_NUL, NULL);
    json_t *line = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o?}", "number", (json_int_t)dead->number, "at", dead->at,
                             "output", dead->output, "id", dead->id, "reason", dead->reason, "alert", document);
    if (line != NULL)
        (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII); /* cli_main() looks at stdout's errors */
    putchar('\n');
    json_decref(line);
}

static void print_line(const struct store_dead *dead)
{
    plain_printf(stdout, "%lld  ", (long long)dead->number);
    const char *const texts[] = {dead->at, dead->output, dead->id, dead->reason};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        plain_print(stdout, texts[i]); /* the last is the other side's words: nothing for a terminal to obey */
        fputs(i + 1 < sizeof(texts) / sizeof(texts[0]) ? "  " : "\n", stdout);
    }
}

static int act_on(struct store *store, const struct wish *wish, int64_t number)
{
    struct fault fault = {.call = NULL};
    int rc = strcmp(wish->action, "retry") == 0 ? store_dead_retry(store, number, &fault)
                                                : store_dead_drop(store, number, &fault);
    if (rc == 0)
        return 0;
    plain_printf(stderr, "tripline deadletters: %lld: ", (long long)number);
    if (rc == -ENOENT)
        plain_printf(stderr, "there is no dead letter of that number\n");
    else if (rc == -ENODEV)
        plain_printf(stderr, "its output is not in the config any more\n");
    else
        plain_printf(stderr, "%s\n", strerror(-rc));
    return 1;
}

/* Every one: printed, or given to act_on(). */
static int each(struct store *store, const struct wish *wish)
{
    struct fault fault = {.call = NULL};
    int64_t after = 0;
    size_t count = PAGE, done = 0;
    int code = 0;
    while (count == PAGE) {
        struct store_dead *list = NULL;
        int rc = store_dead_list(store, after, PAGE, &list, &count, &fault);
        if (rc < 0)
            return fail("the outbox", rc, &fault);
        for (size_t i = 0; i < count; i++) {
            after = list[i].number;
            if (strcmp(wish->action, "list") != 0)
                code |= act_on(store, wish, after);
            else if (wish->is_json)
                print_json(&list[i]);
            else
                print_line(&list[i]);
        }
        done += count;
        store_dead_free(list, count);
    }
    if (done == 0)
        plain_printf(stderr, "no dead letters\n");
    return code;
}

static int each_number(struct store *store, const struct wish *wish)
{
    int code = 0;
    for (int i = 0; i < wish->count; i++) {
        char *end;
        errno = 0;
        long long number = strtoll(wish->numbers[i], &end, 10);
        if (errno != 0 || end == wish->numbers[i] || *end != '\0' || number <= 0)
            return cli_usage("deadletters", "wants numbers as \"deadletters list\" shows them, not", wish->numbers[i]);
        code |= act_on(store, wish, number);
    }
    return code;
}

static int read_wish(struct wish *wish, int argc, char **argv)
{
    static const char *const actions[] = {"list", "retry", "drop"};
    wish->numbers = argv + 1; /* moved up over what is read already */
    for (int i = 1; i < argc; i++) {
        int rc = cli_option(&wish->config_path, argc, argv, &i, "--config");
        if (rc < 0)
            return cli_usage(argv[0], "wants a file after --config", NULL);
        if (rc == 1)
            continue;
        if (strcmp(argv[i], "--json") == 0)
            wish->is_json = true;
        else if (argv[i][0] == '-')
            return cli_usage(argv[0], "knows no option", argv[i]);
        else if (wish->action == NULL)
            wish->action = argv[i];
        else
            wish->numbers[wish->count++] = argv[i];
    }
    wish->all = wish->count == 1 && strcmp(wish->numbers[0], "all") == 0;
    bool is_known = false;
    for (size_t j = 0; wish->action != NULL && j < sizeof(actions) / sizeof(actions[0]); j++)
        is_known |= strcmp(wish->action, actions[j]) == 0;
    if (!is_known)
        return cli_usage(argv[0], "wants list, retry or drop", NULL);
    if (strcmp(wish->action, "list") == 0)
        wish->all = true;
    else if (wish->count == 0)
        return cli_usage(argv[0], "wants numbers, or all", NULL);
    return 0;
}

static int run(const struct wish *wish, const char *config_path)
{
    struct config *config = NULL;
    struct config_errors errors;
    struct store *store = NULL;
    struct fault fault = {.call = NULL};
    int code, rc = config_load(&config, config_path, &errors);
    if (rc < 0)
        config_errors_print(stderr, config_path, &errors);
    config_errors_free(&errors);
    if (rc < 0)
        return 1;
    rc = open_store(&store, config, &fault);
    if (rc < 0)
        code = fail("the outbox can't be opened", rc, &fault);
    else
        code = wish->all ? each(store, wish) : each_number(store, wish);
    store_close(store);
    config_free(config);
    return code;
}

int cli_deadletters(int argc, char **argv)
{
    struct wish wish = {.action = NULL};
    char *standard = NULL;
    int code = read_wish(&wish, argc, argv);
    if (code != 0)
        return code;
    if (wish.config_path == NULL) {
        int rc = file_default_config(&standard);
        if (rc < 0)
            return fail("the usual place of the config is not known", rc, NULL);
    }
    code = run(&wish, wish.config_path != NULL ? wish.config_path : standard);
    free(standard);
    return code;
}
