/*
 * eventlog_bookmark: the place reached in a channel, as text: the bookmark as Windows rendered it, untouched, and
 * after it the record up to which the log has been looked at. That one is ahead of the bookmark where the query left
 * records out, and so tells whether records that are gone had been looked at. Plain C; any thread.
 *
 * The form of a bookmark (single or double quotes, one element a channel): MS-EVEN6 section 2.2.14. A channel's name
 * holds none of < > & " ' (learn.microsoft.com/windows/win32/wes/eventmanifestschema-channeltype-complextype).
 */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_BOOKMARK_H
#define COLLECTORS_EVENTLOG_EVENTLOG_BOOKMARK_H

#include "detect/base/text.h"
#include <stdint.h>

struct eventlog_bookmark {
    struct text bookmark; /* inside the text that was read */
    uint64_t record;      /* the channel's RecordId in it */
    uint64_t read;        /* every record up to this one has been looked at; at least record */
};

/* Reads a mark of channel. Returns 0, or -EINVAL: damaged, never updated, or of other channels only. */
int eventlog_bookmark_parse(struct eventlog_bookmark *out, struct text kept, struct text channel);

/* The channel's RecordId in a bookmark. Returns 0 or -EINVAL. */
int eventlog_bookmark_record(uint64_t *record, struct text bookmark, struct text channel);

/* Writes a bookmark that stands on record of channel, in the form that Windows reads; the caller frees it. Returns 0 or
 * -ENOMEM. */
int eventlog_bookmark_make(char **out, struct text channel, uint64_t record);

/* Writes a mark, which the caller frees. Returns 0 or -ENOMEM. */
int eventlog_bookmark_format(char **out, struct text bookmark, uint64_t read);

#endif
