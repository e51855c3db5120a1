/* process_list: what Windows says of the processes that run now (process_list_win.c). */
#ifndef COLLECTORS_ETW_PROCESS_LIST_H
#define COLLECTORS_ETW_PROCESS_LIST_H

#include "collectors/etw/process_table.h"

/*
 * Calls each for every process, with creation time and command line where this account may ask for them (not for
 * protected ones). Returns 0, or the first negative value that each returned.
 */
int process_list_each(int (*each)(void *context, const struct process_entry *entry), void *context);

/* Room for any path that Windows has. */
#define PROCESS_PATH_SIZE (3u * 32768u + 1u)

/*
 * The full path of a process's image: asked from Windows while it runs (pid, and created within 2 s of the one given),
 * else made of what is known: a file name, or a path as the kernel writes it. Returns the text, in to.
 */
struct text process_list_path(char to[PROCESS_PATH_SIZE], uint32_t pid, uint64_t created, struct text known);

/* 8-bit text of the system's code page as UTF-8; see etw_observer_settings. */
size_t process_list_decode(char *to, size_t size, struct text bytes);

#endif
