/*
 * Contracts: learn.microsoft.com/windows/win32/api, SetDefaultDllDirectories, SetProcessMitigationPolicy,
 * HeapSetInformation; windows/win32/debug/pe-format (load configuration).
 */
#include "agent/guard/hardening.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

/* Longer than all names of hardening.c with their codes. */
#define MAX_MISSING 256

static char missing[MAX_MISSING];

/*
 * What the loader reads before any of our code runs. DependentLoadFlags: the libraries that the program is linked with,
 * too, come from System32 alone, not from the directory that the program lies in (Windows 10 1607 and later). GNU ld
 * does not enter it into the program's header; cmake/load_config.py does, and finds it by its section.
 * The loader gives the cookie a random value; compiled code uses libssp's own.
 */
static uint64_t security_cookie = 0x00002B992DDFA232u; /* the value that means "not yet set" */

struct load_config {
    uint32_t size, time_stamp;
    uint16_t major, minor;
    uint32_t global_flags_clear, global_flags_set, critical_section_timeout;
    uint64_t decommit_free_block, decommit_total_free, lock_prefix_table, maximum_allocation, virtual_memory_threshold,
        process_affinity;
    uint32_t process_heap_flags;
    uint16_t csd_version, dependent_load_flags;
    uint64_t edit_list;
    uint64_t *security_cookie;
    uint64_t se_handler_table, se_handler_count;
};
_Static_assert(offsetof(struct load_config, dependent_load_flags) == 0x4E, "IMAGE_LOAD_CONFIG_DIRECTORY64");
_Static_assert(offsetof(struct load_config, security_cookie) == 0x58, "IMAGE_LOAD_CONFIG_DIRECTORY64");
_Static_assert(sizeof(struct load_config) == 0x70, "IMAGE_LOAD_CONFIG_DIRECTORY64 before control flow guard");

extern const struct load_config hardening_load_config;
__attribute__((used, section(".ldcfg"))) const struct load_config hardening_load_config = {
    .size = sizeof(struct load_config),
    .dependent_load_flags = LOAD_LIBRARY_SEARCH_SYSTEM32,
    .security_cookie = &security_cookie,
};

static void note(const char *name, DWORD code)
{
    size_t used = strlen(missing);
    snprintf(missing + used, sizeof(missing) - used, "%s%s (%lu)", used == 0 ? "" : ", ", name, code);
}

static unsigned long set_policy(void *context, int policy, uint32_t flags)
{
    (void)context;
    return SetProcessMitigationPolicy((PROCESS_MITIGATION_POLICY)policy, &flags, sizeof(flags)) ? 0 : GetLastError();
}

void hardening_start(void)
{
    if (!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32))
        note("libraries loaded later from System32", GetLastError());
    if (!SetDllDirectoryW(L""))
        note("no libraries from the current directory", GetLastError());
    if (!HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0))
        note("end at a broken heap", GetLastError());
    (void)hardening_set_policies(missing, sizeof(missing), false, set_policy, NULL); /* missing says it */
}

void hardening_start_agent(void)
{
    (void)hardening_set_policies(missing, sizeof(missing), true, set_policy, NULL); /* as above */
}

const char *hardening_missing(void)
{
    return missing;
}
