#include "agent/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void ask_path(struct doctor_answers *a, const char *path)
{
    struct doctor_path *p = &a->paths[a->path_count++];
    struct stat status;
    *p = (struct doctor_path){.is_safe = DOCTOR_UNREADABLE};
    (void)text_copy(p->path, sizeof(p->path), text_from(path)); /* cut where longer */
    if (stat(path, &status) != 0)
        return;
    p->is_safe = (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? DOCTOR_ON : DOCTOR_OFF;
    if (p->is_safe == DOCTOR_OFF)
        snprintf(p->others, sizeof(p->others), "%s", (status.st_mode & S_IWOTH) != 0 ? "everybody" : "its group");
}

void doctor_ask_system(struct doctor_answers *a, const struct config *config, const char *path)
{
    struct statvfs disk;
    if (statvfs(config->state_directory, &disk) == 0)
        a->disk_free = (uint64_t)disk.f_bavail * disk.f_frsize;
    ask_path(a, path);
    ask_path(a, config->state_directory);
}
