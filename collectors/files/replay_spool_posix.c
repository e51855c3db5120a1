#include "collectors/files/replay_spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct replay_spool {
    FILE *file;    /* has no name: it is gone when it is closed, whatever happens */
    char path[32]; /* /dev/fd/... */
};

static int fail(struct fault *fault, const char *call)
{
    int code = errno;
    fault_set(fault, call, code, text_from("a temporary file"), strerror(code));
    return code == 0 ? -EIO : -code;
}

bool replay_spool_is_needed(FILE *file)
{
    struct stat status;
    return fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode);
}

int replay_spool_new(struct replay_spool **out, struct fault *fault)
{
    struct replay_spool *spool = calloc(1, sizeof(*spool));
    if (spool == NULL)
        return -ENOMEM;
    spool->file = tmpfile();
    if (spool->file == NULL) {
        int rc = fail(fault, "tmpfile");
        free(spool);
        return rc;
    }
    snprintf(spool->path, sizeof(spool->path), "/dev/fd/%d", fileno(spool->file));
    *out = spool;
    return 0;
}

int replay_spool_write(struct replay_spool *spool, const char *bytes, size_t size, struct fault *fault)
{
    return fwrite(bytes, 1, size, spool->file) == size ? 0 : fail(fault, "fwrite");
}

int replay_spool_finish(struct text *path, struct replay_spool *spool, struct fault *fault)
{
    if (fflush(spool->file) != 0)
        return fail(fault, "fflush");
    *path = text_from(spool->path);
    return 0;
}

void replay_spool_free(struct replay_spool *spool)
{
    if (spool == NULL)
        return;
    (void)fclose(spool->file); /* the file goes with it: nothing to be lost */
    free(spool);
}
