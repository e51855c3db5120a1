/* eventlog_bookmark: what the text of a bookmark of the Windows Event Log says. */
#ifndef COLLECTORS_EVENTLOG_EVENTLOG_BOOKMARK_H
#define COLLECTORS_EVENTLOG_EVENTLOG_BOOKMARK_H

#include "detect/base/text.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * The record id that bookmark (EvtRender with EvtRenderBookmark) stands on. False: it has none, or it has several (a
 * bookmark of more than one channel). Form: learn.microsoft.com/windows/win32/wes/bookmarking-events:
 * <BookmarkList><Bookmark Channel='Security' RecordId='151' IsCurrent='true'/></BookmarkList>
 */
bool eventlog_bookmark_record(uint64_t *record, struct text bookmark);

#endif
