/*
 * cost: what a command costs. Runs it several times and prints, separated by tabs: CPU seconds (user and system, the
 * least of all runs and the median), wall seconds (least), peak resident KiB (of the cheapest run).
 *
 *     cost RUNS COMMAND [ARGUMENT ...]
 *
 * The command's output goes to a file that has no name: grep, for one, stops at the first hit when it sees /dev/null.
 */
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct run {
    double cpu_s, wall_s;
    long peak_kib;
};

static double wall(void)
{
    struct timespec time;
    return clock_gettime(CLOCK_MONOTONIC, &time) == 0 ? (double)time.tv_sec + (double)time.tv_nsec / 1e9 : 0;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int by_cpu(const void *a, const void *b)
{
    double x = ((const struct run *)a)->cpu_s, y = ((const struct run *)b)->cpu_s;
    return (x > y) - (x < y);
}

/* False: it could not be started, or ended with an exit code other than 0. */
static bool run_once(struct run *run, char **command, FILE *output)
{
    posix_spawn_file_actions_t actions;
    struct rusage usage;
    pid_t pid = 0;
    int status = 0;
    if (ftruncate(fileno(output), 0) != 0 || posix_spawn_file_actions_init(&actions) != 0)
        return false;
    bool is_ready = posix_spawn_file_actions_adddup2(&actions, fileno(output), STDOUT_FILENO) == 0 &&
                    posix_spawn_file_actions_adddup2(&actions, fileno(output), STDERR_FILENO) == 0;
    double begin = wall();
    is_ready = is_ready && posix_spawnp(&pid, command[0], &actions, NULL, command, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!is_ready || wait4(pid, &status, 0, &usage) != pid)
        return false;
    *run = (struct run){seconds(usage.ru_utime) + seconds(usage.ru_stime), wall() - begin, usage.ru_maxrss};
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int argc, char **argv)
{
    size_t runs = argc > 2 ? (size_t)strtoul(argv[1], NULL, 10) : 0;
    FILE *output = tmpfile();
    struct run *all = calloc(runs + 1, sizeof(*all));
    if (runs == 0 || output == NULL || all == NULL) {
        fprintf(stderr, "usage: cost RUNS COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    double least_wall = 1e9;
    for (size_t i = 0; i < runs; i++) {
        if (!run_once(&all[i], argv + 2, output)) {
            fprintf(stderr, "cost: %s failed\n", argv[2]);
            return 1;
        }
        if (all[i].wall_s < least_wall)
            least_wall = all[i].wall_s;
    }
    qsort(all, runs, sizeof(*all), by_cpu);
    printf("%.6f\t%.6f\t%.6f\t%ld\n", all[0].cpu_s, all[runs / 2].cpu_s, least_wall, all[0].peak_kib);
    free(all);
    fclose(output);
    return 0;
}
