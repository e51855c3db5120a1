#include "agent/config/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_check_file(const char *path, struct fault *fault)
{
    struct stat status;
    const char *wrong = NULL;
    if (stat(path, &status) != 0) {
        int code = errno;
        fault_set(fault, "stat", code, text_from(path), strerror(code));
        return -code;
    }
    if (status.st_uid != 0 && status.st_uid != geteuid())
        wrong = "it belongs to somebody else; chown it to root";
    else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        wrong = "others can read it too; chmod 600 it";
    if (wrong == NULL)
        return 0;
    fault_set(fault, "reading the secret", EACCES, text_from(path), wrong);
    return -EACCES;
}
