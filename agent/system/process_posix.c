#include "agent/system/process.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int is_number(const struct dirent *entry)
{
    return entry->d_name[0] >= '0' && entry->d_name[0] <= '9';
}

/* Entries of a directory of /proc that are numbers. */
static uint64_t entries(const char *path)
{
    struct dirent **list;
    int count = scandir(path, &list, is_number, alphasort);
    if (count < 0)
        return 0;
    for (int i = 0; i < count; i++)
        free(list[i]);
    free(list);
    return (uint64_t)count;
}

/* The first bytes of a small file of /proc; empty when it can't be read. */
static void read_line(char *line, size_t size, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t got = file == NULL ? 0 : fread(line, 1, size - 1, file);
    if (file != NULL)
        (void)fclose(file); /* only read */
    line[got] = '\0';
}

/* Resident pages that are not shared with others: second number less the third of proc(5)'s statm. */
static uint64_t private_bytes(void)
{
    char line[256], *at = line;
    read_line(line, sizeof(line), "/proc/self/statm");
    (void)strtoull(at, &at, 10); /* the whole size */
    uint64_t resident = strtoull(at, &at, 10), shared = strtoull(at, &at, 10);
    return resident > shared ? (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void process_read(struct process_figures *figures)
{
    struct rusage used;
    *figures = (struct process_figures){
        .private_bytes = private_bytes(), .handles = entries("/proc/self/fd"), .threads = entries("/proc/self/task")};
    if (getrusage(RUSAGE_SELF, &used) == 0)
        figures->cpu_ms = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000u +
                          (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000u;
}

unsigned process_pid(void)
{
    return (unsigned)getpid();
}

/* Field 22 of /proc/PID/stat, proc(5); the name in brackets may hold anything, so it is counted from its end. */
static uint64_t begin_of(unsigned pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    read_line(line, sizeof(line), path);
    char *at = strrchr(line, ')');
    for (int field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

uint64_t process_begin(void)
{
    return begin_of(process_pid());
}

bool process_is_alive(unsigned pid, uint64_t begin)
{
    if (pid == 0 || (kill((pid_t)pid, 0) != 0 && errno != EPERM))
        return false;
    uint64_t found = begin_of(pid);
    return begin == 0 || found == 0 || begin == found;
}

void process_host(char to[PROCESS_NAME_SIZE])
{
    if (gethostname(to, PROCESS_NAME_SIZE) != 0)
        to[0] = '\0';
    to[PROCESS_NAME_SIZE - 1] = '\0';
}

_Noreturn void process_end(int code)
{
    _exit(code);
}
