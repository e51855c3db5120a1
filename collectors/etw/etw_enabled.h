/*
 * etw_enabled: what Windows tells of a provider (EnumerateTraceGuidsEx with TraceGuidQueryInfo): is it still enabled
 * for a session? Whoever may control sessions can switch a provider off in somebody else's without stopping it. Plain
 * C.
 */
#ifndef COLLECTORS_ETW_ETW_ENABLED_H
#define COLLECTORS_ETW_ETW_ENABLED_H

#include <stddef.h>
#include <stdint.h>

enum etw_enabled {
    ETW_ENABLED,
    ETW_SWITCHED_OFF,   /* no instance of the provider writes to the session, or not all that is asked for */
    ETW_ENABLED_UNKNOWN /* the answer is not what it should be, or tells of no instance at all */
};

/*
 * info: the answer, size bytes: TRACE_GUID_INFO, then for each instance TRACE_PROVIDER_INSTANCE_INFO and its
 * TRACE_ENABLE_INFOs (learn.microsoft.com/windows/win32/api/evntrace). logger: the session's number; level: the least
 * that is asked for. It is enabled when at least one instance is so for that session.
 */
enum etw_enabled etw_enabled_judge(const unsigned char *info, size_t size, uint16_t logger, uint8_t level);

#endif
