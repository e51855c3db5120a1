#include "agent/doctor/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

void doctor_ask_system(struct doctor_answers *a, const struct config *config)
{
    struct statvfs disk;
    if (statvfs(config->state_directory, &disk) == 0)
        a->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
}
