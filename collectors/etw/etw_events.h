/*
 * etw_events: process creations of two manifest providers as they come through ETW, as bytes: Sysmon event 1 and
 * Security-Auditing 4688. Layouts of our own, so that no event makes the Event Log service or a manifest be asked.
 *
 * Sources of the fields and their order: docs/rule-semantics.md, "Raw events"; types of Sysmon's:
 * github.com/microsoft/SysmonCommon, manifest.xml.
 */
#ifndef COLLECTORS_ETW_ETW_EVENTS_H
#define COLLECTORS_ETW_ETW_EVENTS_H

#include "collectors/etw/etw_cursor.h"

/* Microsoft-Windows-Sysmon {5770385f-c22a-43e0-bf4c-06f5698ffbd9} and Microsoft-Windows-Security-Auditing
 * {54849625-5478-4994-a5ba-3e3b0328c30d}, as they lie in memory. */
extern const unsigned char etw_sysmon_guid[16], etw_security_guid[16];

/* Borrows from the payload; what an event has not is NULL. */
struct etw_creation {
    uint32_t pid, parent_pid;
    struct etw_units image, command_line, parent_image, parent_command_line, user, parent_user;
    const unsigned char *guid, *parent_guid; /* 16 bytes */
    struct etw_sid subject_sid, target_sid;
    struct etw_units subject_name, subject_domain, target_name, target_domain;
    uint64_t logon_id;
};

/*
 * Sysmon event 1. All of its schemas bear version 5, so which fields there are (OriginalFileName since 4.21, ParentUser
 * since 4.81) shows only in what fits the bytes exactly. Returns 0, or -EBADMSG.
 */
int etw_sysmon_read(struct etw_creation *out, const void *data, size_t size);

/* 4688; version: of its header: 0, 1 (CommandLine), 2 and later. Returns 0, or -EBADMSG. */
int etw_security_read(struct etw_creation *out, const void *data, size_t size, unsigned version, unsigned pointer_size);

#endif
