/* nt_path: paths as the kernel writes them ("\Device\HarddiskVolume4\x.exe") as users know them ("C:\x.exe"). */
#ifndef COLLECTORS_ETW_NT_PATH_H
#define COLLECTORS_ETW_NT_PATH_H

#include "detect/base/text.h"

/* One of QueryDosDevice's answers. */
struct nt_device {
    char letter;        /* 'C' */
    struct text device; /* "\Device\HarddiskVolume4" */
};

/*
 * Writes path with its drive's letter to to[size], cut where longer; "\SystemRoot\" and "\??\" are what Windows makes
 * of them (windows: its directory, "C:\Windows"). A path that no device begins is copied as it is. Returns the text.
 */
struct text nt_path_to_dos(char *to, size_t size, struct text path, const struct nt_device *devices, size_t count,
                           struct text windows);

#endif
