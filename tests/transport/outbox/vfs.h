/*
 * vfs: stands between SQLite and the system's files and makes what a test wants to see: a full disk, an end of the
 * process at a chosen write, and a count of the syncs. Works on every system (sqlite.org/vfs.html).
 */
#ifndef TESTS_TRANSPORT_OUTBOX_VFS_H
#define TESTS_TRANSPORT_OUTBOX_VFS_H

#include <stdatomic.h>
#include <stdbool.h>

struct vfs_trial {
    atomic_bool is_full; /* each write fails with SQLITE_FULL; any thread may set it */
    bool may_not_grow;   /* the disk has no more room: a write past a file's end fails with SQLITE_FULL */
    bool skips_sync;     /* sync does nothing: for tests with very many transactions */
    unsigned long syncs; /* done so far */
    unsigned long left;  /* writes, syncs and truncations until at_last is called; 0: never */
    void (*at_last)(void);
};

extern struct vfs_trial vfs_trial;

/* Makes it the one that SQLite uses from now on; ends the program if it can't. Once, before any store is opened. */
void vfs_install(void);

#endif
