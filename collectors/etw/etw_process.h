/*
 * etw_process: one event of the kernel's class Process (the system trace provider's, "Process_TypeGroup1"), as bytes.
 *
 * Layout of version 2 and later, packed: UniqueProcessKey (pointer), ProcessId, ParentId, SessionId, ExitStatus,
 * [3: DirectoryTableBase (pointer)], [4: Flags], UserSID, ImageFileName (8-bit text), CommandLine (UTF-16),
 * [4: PackageFullName, ApplicationId (UTF-16)]; later versions append more, which is left alone.
 * Sources: learn.microsoft.com/windows/win32/etw/process-typegroup1; github.com/winsiderss/systeminformer,
 * phnt/include/ntwmi.h (WMI_PROCESS_INFORMATION); github.com/microsoft/perfview, KernelTraceEventParser.cs.
 */
#ifndef COLLECTORS_ETW_ETW_PROCESS_H
#define COLLECTORS_ETW_ETW_PROCESS_H

#include "collectors/etw/etw_cursor.h"

/* The class Process itself: {3d6fa8d0-fe05-11d0-9dda-00c04fd7ba7c}, as it lies in memory. */
extern const unsigned char etw_process_guid[16];

/* Opcodes of the class (process-typegroup1). */
enum etw_process_opcode {
    ETW_PROCESS_START = 1,
    ETW_PROCESS_END = 2,
    ETW_PROCESS_DC_START = 3, /* was running when the session began: no new process */
    ETW_PROCESS_DC_END = 4,   /* was running when the session ended */
    ETW_PROCESS_DEFUNCT = 39  /* ended, but handles to it are open */
};

/* Flags, version 4 and later. */
#define ETW_PROCESS_WOW64 2u

/* Borrows from the payload. */
struct etw_process {
    uint32_t pid, parent_pid; /* parent_pid: what the creator said; it can be set to any process */
    uint32_t session_id, exit_status, flags;
    struct etw_sid user;           /* bytes NULL: none */
    struct text image;             /* 8-bit text of the system's code page: file name, or an NT path */
    struct etw_units command_line; /* count 0: empty */
};

/*
 * Reads size bytes. version: of the event's header; pointer_size: 4 where the header says 32-bit, else 8.
 * Returns 0; -ENOTSUP: version 0 or 1 (before Windows Vista: no command line); -EBADMSG: cut short, or no such event.
 */
int etw_process_read(struct etw_process *out, const void *data, size_t size, unsigned version, unsigned pointer_size);

#endif
