#include "agent/cli/cli.h"

#include "agent/rules/rule_load.h"
#include "agent/scan/scan_paths.h"
#include "agent/scan/scan_run.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME "tripline scan"

/* Exit code: all files were read to their ends, but events in them could not be, and that matters: with --strict, or as
 * words that a rule asks for stand in one. Others: 1, CLI_USAGE. */
#define BAD_EVENTS 3

struct options {
    unsigned jobs;
    bool is_strict;
    const char *report;
    enum scan_format format;
    uint64_t since, until;    /* as in scan_settings */
    const char *rules, *rule; /* directory or file, id; NULL: the built-in rules, all of them */
    const char **paths;       /* of argv */
    size_t count;
};

/* 1..SCAN_MAX_JOBS, or 0. */
static unsigned jobs_of(const char *value)
{
    unsigned jobs = 0;
    for (; *value >= '0' && *value <= '9' && jobs <= SCAN_MAX_JOBS; value++)
        jobs = jobs * 10 + (unsigned)(*value - '0');
    return *value == '\0' && jobs <= SCAN_MAX_JOBS ? jobs : 0;
}

/* Is argv[*i] --since or --until? Returns 1: it was taken; 0: it is another option; CLI_USAGE. */
static int time_take(struct options *o, int argc, char **argv, int *i)
{
    static const char *const names[] = {"--since", "--until"};
    for (size_t n = 0; n < 2; n++) {
        const char *value = NULL;
        char day[EVENT_TIME_SIZE];
        uint64_t *to = n == 0 ? &o->since : &o->until;
        int is_this = cli_option(&value, argc, argv, i, names[n]);
        if (is_this == 0)
            continue;
        if (is_this > 0 && event_time_parse(to, text_from(value)))
            return 1;
        (void)snprintf(day, sizeof(day), "%.10sT00:00:00Z", is_this > 0 ? value : "");
        if (is_this > 0 && strlen(value) == 10 && event_time_parse(to, text_from(day)))
            return 1;
        return cli_usage(argv[0], "--since and --until want a time such as 2024-05-06T07:08:09Z or 2024-05-06, not",
                         value == NULL ? "nothing" : value);
    }
    return 0;
}

/* argv[*i] is an option. Returns 0 or CLI_USAGE. */
static int option_take(struct options *o, int argc, char **argv, int *i)
{
    const char *value = NULL;
    const char *option = argv[*i];
    if (strcmp(option, "--strict") == 0) {
        o->is_strict = true;
        return 0;
    }
    int is_time = time_take(o, argc, argv, i);
    if (is_time != 0)
        return is_time == 1 ? 0 : is_time;
    int is_rules = cli_option(&value, argc, argv, i, "--rules");
    int is_rule = is_rules == 0 ? cli_option(&value, argc, argv, i, "--rule") : 0;
    if (is_rules < 0)
        return cli_usage(argv[0], "--rules wants a directory of rule files, or one", NULL);
    if (is_rule < 0)
        return cli_usage(argv[0], "--rule wants the id of a rule", NULL);
    if (is_rules > 0)
        o->rules = value;
    if (is_rule > 0)
        o->rule = value;
    if (is_rules > 0 || is_rule > 0)
        return 0;
    int is_jobs = cli_option(&value, argc, argv, i, "--jobs");
    int is_output = is_jobs == 0 ? cli_option(&value, argc, argv, i, "--output") : 0;
    if (is_output < 0 || (is_output > 0 && scan_format_parse(&o->format, value) < 0))
        return cli_usage(argv[0], "--output wants ecs, ocsf, sentinel, csv or timeline, not",
                         value == NULL ? "nothing" : value);
    if (is_output > 0)
        return 0;
    int is_report = is_jobs == 0 ? cli_option(&value, argc, argv, i, "--report") : 0;
    if (is_jobs < 0)
        return cli_usage(argv[0], "--jobs wants a number from 1 to 64", NULL);
    if (is_report < 0)
        return cli_usage(argv[0], "--report wants the name of an HTML file", NULL);
    if (is_jobs == 0 && is_report == 0)
        return cli_usage(argv[0], "knows no option", option);
    if (is_report > 0) {
        o->report = value;
        return 0;
    }
    o->jobs = jobs_of(value);
    return o->jobs > 0 ? 0 : cli_usage(argv[0], "--jobs wants a number from 1 to 64, not", value);
}

static int path_take(struct options *o, char **argv, const char *path)
{
    if (*path == '\0')
        return cli_usage(argv[0], "a file has an empty name", NULL);
    for (size_t i = 0; strcmp(path, "-") == 0 && i < o->count; i++)
        if (strcmp(o->paths[i], "-") == 0)
            return cli_usage(argv[0], "stdin can be read once, not twice", NULL);
    o->paths[o->count++] = path;
    return 0;
}

/* Returns 0 or CLI_USAGE. o->paths has room for argc of them. */
static int options_read(struct options *o, int argc, char **argv)
{
    bool only_files = false;
    int code = 0;
    for (int i = 1; code == 0 && i < argc; i++) {
        if (!only_files && strcmp(argv[i], "--") == 0)
            only_files = true;
        else if (!only_files && argv[i][0] == '-' && argv[i][1] != '\0')
            code = option_take(o, argc, argv, &i);
        else
            code = path_take(o, argv, argv[i]);
    }
    if (code == 0 && o->count == 0)
        code = cli_usage(argv[0], "wants one file or more", NULL);
    for (size_t i = 0; code == 0 && o->report != NULL && i < o->count; i++)
        if (strcmp(o->report, o->paths[i]) == 0)
            code = cli_usage(argv[0], "the report would overwrite", o->report);
    return code;
}

static void summary(const struct scan_totals *t)
{
    double megabytes = (double)t->bytes / 1e6;
    plain_printf(stderr, NAME ": %llu file%s", (unsigned long long)t->files, t->files == 1 ? "" : "s");
    if (t->failed > 0)
        plain_printf(stderr, " (%llu not read as a whole)", (unsigned long long)t->failed);
    plain_printf(stderr, ", %llu events, %llu process creations, %llu alert%s, %llu bad event%s, %.1f MB in %.2f s",
                 (unsigned long long)t->events, (unsigned long long)t->process, (unsigned long long)t->alerts,
                 t->alerts == 1 ? "" : "s", (unsigned long long)t->bad, t->bad == 1 ? "" : "s", megabytes, t->seconds);
    if (t->recovered > 0)
        plain_printf(stderr, ", %llu recovered from unused space", (unsigned long long)t->recovered);
    if (t->remnants > 0)
        plain_printf(stderr, ", %llu older records in unused space that can't be read any more",
                     (unsigned long long)t->remnants);
    if (t->joined + t->incomplete > 0)
        plain_printf(stderr, ", %llu script blocks joined, %llu of which parts are missing",
                     (unsigned long long)t->joined, (unsigned long long)t->incomplete);
    if (t->encrypted > 0)
        plain_printf(stderr, ", %llu encrypted script blocks, into which no rule sees",
                     (unsigned long long)t->encrypted);
    if (t->seconds > 0)
        plain_printf(stderr, " (%.1f MB/s)", megabytes / t->seconds);
    fputc('\n', stderr);
}

/* The rules of --rules and --rule; *load stays NULL without them. Returns 0, or 1 after a message. */
static int rules_read(struct rule_load **load, const struct options *o)
{
    char text[512];
    struct fault fault = {0};
    const struct rule_load_settings settings = {
        .paths = &o->rules, .path_count = o->rules != NULL, .has_builtin = o->rules == NULL, .only = o->rule};
    if (o->rules == NULL && o->rule == NULL)
        return 0;
    int rc = rule_load_new(load, &settings, &fault);
    if (rc < 0) {
        plain_printf(stderr, NAME ": %s\n",
                     fault.call != NULL ? fault_text(&fault, text, sizeof(text)) : strerror(-rc));
        return 1;
    }
    if ((*load)->mistaken > 0)
        plain_printf(stderr,
                     NAME ": %u of %u rule files have mistakes and are left out; tripline rules check names them\n",
                     (unsigned)(*load)->mistaken, (unsigned)(*load)->count);
    if (rule_set_count((*load)->set) > 0)
        return 0;
    if (o->rule != NULL)
        plain_printf(stderr, NAME ": there is no rule with the id %s\n", o->rule);
    else
        plain_printf(stderr, NAME ": %s holds no rule\n", o->rules);
    return 1;
}

/* What the paths stand for. Returns 0, or 1 after a message: the others are there all the same. */
static int paths_read(struct scan_paths *paths, const struct options *o)
{
    int code = 0;
    for (size_t i = 0; i < o->count; i++) {
        size_t before = paths->count, others = paths->others;
        int rc = scan_paths_add(paths, o->paths[i]);
        if (rc < 0)
            plain_printf(stderr, NAME ": %s: %s\n", o->paths[i],
                         rc == -ENOENT ? "no file fits that name" : strerror(-rc));
        if (paths->others > others)
            plain_printf(stderr, NAME ": %s: %u files that are no logs by their names are not read\n", o->paths[i],
                         (unsigned)(paths->others - others));
        if (rc == 0 && paths->count == before)
            plain_printf(stderr, NAME ": %s: holds no log\n", o->paths[i]);
        code = rc < 0 || paths->count == before ? 1 : code;
    }
    return code;
}

static int scan(const struct options *o, const struct scan_paths *paths, const struct rule_load *load)
{
    struct scan_report *report = NULL;
    struct scan_totals totals;
    struct scan_progress progress = {0};
    int rc = o->report == NULL ? 0 : scan_report_new(&report, o->report);
    if (rc < 0) {
        plain_printf(stderr, NAME ": the report %s can't be written: %s\n", o->report, strerror(-rc));
        return 1;
    }
    const struct scan_settings settings = {.paths = (const char *const *)paths->list,
                                           .count = paths->count,
                                           .members = paths->members,
                                           .set = load == NULL ? NULL : load->set,
                                           .jobs = o->jobs,
                                           .since = o->since,
                                           .until = o->until,
                                           .report = report,
                                           .format = o->format,
                                           .progress = &progress,
                                           .alerts = stdout,
                                           .messages = stderr};
    struct scan_watch *watch = NULL;
    int code = 0;
    rc = scan_watch_new(&watch, &progress, file_is_terminal(stderr) ? stderr : NULL);
    if (rc < 0)
        plain_printf(stderr, NAME ": Ctrl-C will lose what was found: %s\n", strerror(-rc));
    rc = scan_run(&totals, &settings);
    scan_watch_free(watch);
    if (rc == -EINTR) {
        plain_printf(stderr, NAME ": ended before all was read; the alerts of what was read are written\n");
        code = SCAN_WATCH_ENDED;
    } else if (rc < 0) {
        plain_printf(stderr, NAME ": ended early: %s: %s\n",
                     rc == -ENOMEM ? "memory" : "the alerts can't be written to stdout", strerror(-rc));
        code = 1;
    }
    if ((rc == 0 || rc == -EINTR) && report != NULL) {
        rc = scan_report_write(report, &totals);
        if (rc < 0) {
            plain_printf(stderr, NAME ": the report %s can't be written: %s\n", o->report, strerror(-rc));
            code = 1;
        }
    }
    summary(&totals);
    scan_report_free(report);
    if (code != 0 || totals.failed > 0)
        return code != 0 ? code : 1;
    return totals.suspects > 0 || (o->is_strict && totals.bad > 0) ? BAD_EVENTS : 0;
}

static int read_all(const struct options *o, struct scan_paths *paths, const struct rule_load *load)
{
    int code = paths_read(paths, o);
    int scanned = paths->count > 0 ? scan(o, paths, load) : 1;
    return code != 0 ? code : scanned;
}

int cli_scan(int argc, char **argv)
{
    struct options o = {.jobs = 1};
    o.paths = calloc((size_t)argc, sizeof(*o.paths));
    if (o.paths == NULL) {
        plain_printf(stderr, NAME ": out of memory\n");
        return 1;
    }
    struct rule_load *load = NULL;
    struct scan_paths paths = {0};
    int code = options_read(&o, argc, argv);
    if (code == 0)
        code = rules_read(&load, &o);
    if (code == 0)
        code = read_all(&o, &paths, load);
    scan_paths_clear(&paths);
    rule_load_free(load);
    free(o.paths);
    return code;
}
