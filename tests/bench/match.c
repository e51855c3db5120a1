/*
 * match RUNS EVENTS... -- RULES...: what a set of rules costs an event that has been read already. EVENTS and RULES are
 * files and directories. Prints, separated by tabs: rules, events, us an event (the least of RUNS runs over all of
 * them), legs evaluated an event, matches, ms to load, KiB of the candidates' tables, KiB resident that loading took.
 */
#include "agent/rules/rule_load.h"
#include "agent/system/directory.h"
#include "agent/system/file.h"
#include "collectors/files/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 200000

static struct event events[MAX_EVENTS];
static size_t event_count;
static struct arena *texts;

static double now(void)
{
    struct timespec time;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec / 1e9 : 0;
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        (void)fclose(file); /* only read */
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct text kept(struct text text)
{
    return text.bytes == NULL ? text : arena_text(texts, text);
}

static int keep(void *context, const struct event *event)
{
    (void)context;
    if (event_count == MAX_EVENTS)
        return 0;
    struct event *to = &events[event_count++];
    struct event_datum *data = arena_zeroed(texts, event->data_count + 1, sizeof(*data));
    if (data == NULL)
        return -1;
    *to = *event;
    for (size_t i = 0; i < EVENT_FIELD_COUNT; i++)
        to->field[i] = kept(event->field[i]);
    for (size_t i = 0; i < event->data_count; i++)
        data[i] = (struct event_datum){kept(event->data[i].name), kept(event->data[i].value)};
    to->data = data;
    return 0;
}

static void ignore(void *context, const struct collector_report *report)
{
    (void)context;
    (void)report;
}

static bool wants_all(void *context, const struct event *event)
{
    (void)context;
    (void)event;
    return true;
}

static void read_events(const char *path)
{
    const struct collector_sink sink = {.event = keep, .report = ignore, .wants = wants_all};
    struct directory directory;
    struct replay_counts counts = {0};
    struct fault fault = {0};
    FILE *file = NULL;
    if (directory_read(&directory, path) == 0) {
        for (size_t i = 0; i < directory.count; i++) {
            char *name = NULL;
            if (file_join(&name, path, directory.entries[i].name) == 0)
                read_events(name);
            free(name);
        }
        directory_clear(&directory);
    } else if (file_open(&file, path, "rb") == 0) {
        (void)replay_file(file, text_from(path), &sink, NULL, &counts, &fault); /* some are damaged */
        (void)fclose(file);
    }
}

/* One run over all events; matches gets their number. */
static double run(const struct rule_set *set, struct rule_scratch *scratch, size_t *matches)
{
    const struct rule_match *list;
    double begin = now();
    *matches = 0;
    for (size_t i = 0; i < event_count; i++)
        *matches += rule_set_match(set, &events[i], events[i].time, scratch, &list);
    return now() - begin;
}

int main(int argc, char **argv)
{
    int rules = 2;
    while (rules < argc && strcmp(argv[rules], "--") != 0)
        rules++;
    unsigned long runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (runs == 0 || rules + 1 >= argc || arena_new(&texts, (size_t)2 << 30) < 0) {
        fprintf(stderr, "usage: match RUNS EVENTS... -- RULES...\n");
        return 2;
    }
    for (int i = 2; i < rules; i++)
        read_events(argv[i]);
    struct rule_load_settings settings = {.paths = (const char *const *)(argv + rules + 1),
                                          .path_count = (size_t)(argc - rules - 1)};
    struct rule_load *load = NULL;
    struct rule_scratch *scratch = NULL;
    struct fault fault = {0};
    long before = resident_kib();
    double begin = now();
    if (rule_load_new(&load, &settings, &fault) < 0 || rule_scratch_new(&scratch, load->set) < 0 || event_count == 0)
        return 1;
    double loaded = now() - begin, least = 1e9;
    long took = resident_kib() - before;
    size_t matches = 0;
    for (unsigned long i = 0; i < runs; i++) {
        double spent = run(load->set, scratch, &matches);
        least = spent < least ? spent : least;
    }
    printf("%zu\t%zu\t%.3f\t%.2f\t%zu\t%.0f\t%zu\t%ld\n", rule_set_count(load->set), event_count,
           least * 1e6 / (double)event_count,
           (double)rule_scratch_evaluated(scratch) / (double)event_count / (double)runs, matches, loaded * 1e3,
           rule_set_size(load->set) / 1024, took);
    rule_scratch_free(scratch);
    rule_load_free(load);
    arena_free(texts);
    return 0;
}
