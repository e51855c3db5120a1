#include "tests/transport/outbox/vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct vfs_trial vfs_trial;

static sqlite3_vfs *under, above;

/* The file below stands after it in the same memory. */
struct trial_file {
    sqlite3_file base;
};

static sqlite3_file *below(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct trial_file *)file + 1);
}

static void count_down(void)
{
    if (vfs_trial.left > 0 && --vfs_trial.left == 0)
        vfs_trial.at_last();
}

static int trial_close(sqlite3_file *file)
{
    return below(file)->pMethods->xClose(below(file));
}

static int trial_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    return below(file)->pMethods->xRead(below(file), to, size, at);
}

/* Would the file grow beyond what the disk has room for? */
static bool is_too_long(sqlite3_file *file, sqlite3_int64 end)
{
    sqlite3_int64 size = 0;
    return vfs_trial.may_not_grow && below(file)->pMethods->xFileSize(below(file), &size) == SQLITE_OK && end > size;
}

static int trial_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    if (vfs_trial.is_full || is_too_long(file, at + size))
        return SQLITE_FULL;
    count_down();
    return below(file)->pMethods->xWrite(below(file), from, size, at);
}

static int trial_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    count_down();
    return below(file)->pMethods->xTruncate(below(file), size);
}

static int trial_sync(sqlite3_file *file, int flags)
{
    count_down();
    vfs_trial.syncs++;
    return vfs_trial.skips_sync ? SQLITE_OK : below(file)->pMethods->xSync(below(file), flags);
}

static int trial_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return below(file)->pMethods->xFileSize(below(file), size);
}

static int trial_lock(sqlite3_file *file, int lock)
{
    return below(file)->pMethods->xLock(below(file), lock);
}

static int trial_unlock(sqlite3_file *file, int lock)
{
    return below(file)->pMethods->xUnlock(below(file), lock);
}

static int trial_reserved(sqlite3_file *file, int *out)
{
    return below(file)->pMethods->xCheckReservedLock(below(file), out);
}

static int trial_control(sqlite3_file *file, int what, void *argument)
{
    if (what == SQLITE_FCNTL_SIZE_HINT && is_too_long(file, *(sqlite3_int64 *)argument))
        return SQLITE_FULL;
    return below(file)->pMethods->xFileControl(below(file), what, argument);
}

static int trial_sector(sqlite3_file *file)
{
    return below(file)->pMethods->xSectorSize(below(file));
}

static int trial_characteristics(sqlite3_file *file)
{
    return below(file)->pMethods->xDeviceCharacteristics(below(file));
}

/* Version 1: no shared memory; the store must do without it, as it opens the file exclusively. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = trial_close,
    .xRead = trial_read,
    .xWrite = trial_write,
    .xTruncate = trial_truncate,
    .xSync = trial_sync,
    .xFileSize = trial_size,
    .xLock = trial_lock,
    .xUnlock = trial_unlock,
    .xCheckReservedLock = trial_reserved,
    .xFileControl = trial_control,
    .xSectorSize = trial_sector,
    .xDeviceCharacteristics = trial_characteristics,
};

static int trial_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    file->pMethods = NULL;
    int code = under->xOpen(under, name, below(file), flags, out);
    if (below(file)->pMethods != NULL)
        file->pMethods = &methods;
    return code;
}

void vfs_install(void)
{
    under = sqlite3_vfs_find(NULL);
    if (under == NULL)
        exit(1);
    above = *under;
    above.zName = "trial";
    above.pNext = NULL;
    above.szOsFile = under->szOsFile + (int)sizeof(struct trial_file);
    above.xOpen = trial_open;
    if (sqlite3_vfs_register(&above, 1) != SQLITE_OK) {
        fprintf(stderr, "vfs: can't be registered\n");
        exit(1);
    }
}
