/*
 * The exports that winsim does not serve: each ends the process. They are declared here without parameters, since
 * nothing looks at them; winevt.h is left out for that reason.
 */
#include "tests/winsim/report_win.h"

#define NOT_SERVED(name)                                                                                               \
    void WINAPI name(void);                                                                                            \
    void WINAPI name(void)                                                                                             \
    {                                                                                                                  \
        winsim_abort("%s: not served", #name);                                                                         \
    }

NOT_SERVED(EvtArchiveExportedLog)
NOT_SERVED(EvtClearLog)
NOT_SERVED(EvtExportLog)
NOT_SERVED(EvtFormatMessage)
NOT_SERVED(EvtGetEventInfo)
NOT_SERVED(EvtGetEventMetadataProperty)
NOT_SERVED(EvtGetObjectArrayProperty)
NOT_SERVED(EvtGetObjectArraySize)
NOT_SERVED(EvtGetPublisherMetadataProperty)
NOT_SERVED(EvtIntAssertConfig)
NOT_SERVED(EvtIntCreateBinXMLFromCustomXML)
NOT_SERVED(EvtIntCreateLocalLogfile)
NOT_SERVED(EvtIntGetClassicLogDisplayName)
NOT_SERVED(EvtIntRenderResourceEventTemplate)
NOT_SERVED(EvtIntReportAuthzEventAndSourceAsync)
NOT_SERVED(EvtIntReportEventAndSourceAsync)
NOT_SERVED(EvtIntRetractConfig)
NOT_SERVED(EvtIntSysprepCleanup)
NOT_SERVED(EvtIntWriteXmlEventToLocalLogfile)
NOT_SERVED(EvtNextChannelPath)
NOT_SERVED(EvtNextEventMetadata)
NOT_SERVED(EvtNextPublisherId)
NOT_SERVED(EvtOpenChannelEnum)
NOT_SERVED(EvtOpenEventMetadataEnum)
NOT_SERVED(EvtOpenPublisherEnum)
NOT_SERVED(EvtOpenPublisherMetadata)
NOT_SERVED(EvtOpenSession)
NOT_SERVED(EvtSaveChannelConfig)
NOT_SERVED(EvtSetChannelConfigProperty)
NOT_SERVED(EvtSetObjectArrayProperty)
