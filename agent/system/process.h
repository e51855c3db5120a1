/*
 * process: what the system knows of this process and its host (process_posix.c, process_win.c). Any thread.
 */
#ifndef AGENT_SYSTEM_PROCESS_H
#define AGENT_SYSTEM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes with the NUL; longer texts are cut at a character. */
#define PROCESS_NAME_SIZE 256

struct process_figures {
    uint64_t cpu_ms;        /* user and system time that was used so far */
    uint64_t private_bytes; /* memory that only this process has; 0: the system does not say */
    uint64_t handles;       /* or open files; 0: the system does not say */
    uint64_t threads;       /* 0: the system does not say */
};

/* Where the system does not say something it is 0. */
void process_read(struct process_figures *figures);

unsigned process_pid(void);

/* Of this process: when it began, in some unit of the system's own; together with the pid it names a process for ever.
 * 0: not known. */
uint64_t process_begin(void);

/* Does the process of that pid, which began then, still run? begin 0 is not compared. */
bool process_is_alive(unsigned pid, uint64_t begin);

/* The host's full name as far as it knows it, UTF-8. */
void process_host(char to[PROCESS_NAME_SIZE]);

/* Exit code of a process that ended itself as a thread gave no sign of life (docs/operations.md). */
#define PROCESS_EXIT_STUCK 9

/* Ends the process at once, without clean-up, so that the service manager sees a failure and starts it anew. */
_Noreturn void process_end(int code);

#endif
