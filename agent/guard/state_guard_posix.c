#include "agent/guard/state_guard.h"

#include "agent/system/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The host build is for developing: what everybody could write is refused, and what belongs to a third. */
int state_guard_check_as(const char *path, enum state_guard_kind kind, const struct state_guard_self *self,
                         char reason[STATE_GUARD_MAX_REASON])
{
    struct stat s;
    (void)self;
    if (lstat(path, &s) != 0) {
        int code = errno;
        if (code == ENOENT || code == ENOTDIR)
            return 0;
        snprintf(reason, STATE_GUARD_MAX_REASON, "%.600s can't be looked at: %s", path, strerror(code));
        return -code;
    }
    if (kind == STATE_GUARD_STATE && S_ISLNK(s.st_mode)) {
        snprintf(reason, STATE_GUARD_MAX_REASON,
                 "the state directory %.600s is a symbolic link; write the path that it leads to", path);
        return -EPERM;
    }
    if (stat(path, &s) != 0)
        return 0; /* a link to nowhere: whoever opens it says so */
    bool is_sticky_directory = S_ISDIR(s.st_mode) && (s.st_mode & S_ISVTX) != 0;
    if ((s.st_mode & S_IWOTH) != 0 && !(is_sticky_directory && kind == STATE_GUARD_CONFIG_DIRECTORY)) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "everybody can change %.400s" STATE_GUARD_MEND "chmod o-w '%.400s'",
                 path, path);
        return -EPERM;
    }
    if (s.st_uid != 0 && s.st_uid != geteuid()) {
        snprintf(reason, STATE_GUARD_MAX_REASON, "%.400s belongs to user %lu" STATE_GUARD_MEND "chown root '%.400s'",
                 path, (unsigned long)s.st_uid, path);
        return -EPERM;
    }
    return 0;
}

int state_guard_read_self(struct state_guard_self *self, bool is_foreground, char reason[STATE_GUARD_MAX_REASON])
{
    (void)reason;
    *self = (struct state_guard_self){.is_administrator = geteuid() == 0, .is_foreground = is_foreground};
    return 0;
}

void state_guard_read_service(struct state_guard_self *self)
{
    *self = (struct state_guard_self){.is_administrator = true}; /* root */
}

struct state_guard {
    int descriptor;
};

int state_guard_take(struct state_guard **out, const char *directory, char reason[STATE_GUARD_MAX_REASON])
{
    char *path = NULL;
    struct state_guard *guard = calloc(1, sizeof(*guard));
    int rc = guard == NULL ? -ENOMEM : file_join(&path, directory, "tripline.lock");
    if (rc == 0) {
        guard->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (guard->descriptor < 0)
            rc = -errno;
        else if (flock(guard->descriptor, LOCK_EX | LOCK_NB) != 0)
            rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
        if (rc < 0 && guard->descriptor >= 0)
            (void)close(guard->descriptor); /* nothing was written */
    }
    if (rc == -EBUSY)
        snprintf(reason, STATE_GUARD_MAX_REASON, "another agent uses the state directory %.600s", directory);
    else if (rc < 0)
        snprintf(reason, STATE_GUARD_MAX_REASON, "%.500s can't be locked: %s", path == NULL ? directory : path,
                 strerror(-rc));
    free(path);
    if (rc < 0)
        free(guard);
    else
        *out = guard;
    return rc;
}

void state_guard_release(struct state_guard *guard)
{
    if (guard == NULL)
        return;
    (void)close(guard->descriptor); /* the lock goes with it; the file stays, for deleting it could hit a new owner's */
    free(guard);
}
