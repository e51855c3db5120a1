/*
 * Contracts: learn.microsoft.com/windows/win32/api/winsvc, ChangeServiceConfig2 and the structures that it names;
 * lmaccess, NetLocalGroupAddMembers.
 */
#include "agent/service/install_service.h"

#include "agent/service/control.h"
#include "agent/service/service.h"
#include "detect/base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <lm.h>
#include <sddl.h>

/* Windows' own default since build 15063; a stop takes below 5 s (run.h). */
#define PRESHUTDOWN_MS 10000u

#define DAY_S 86400u

static unsigned long change(void *service, const uint16_t *command, const uint16_t *account)
{
    bool is_system = wcscmp(account, L"LocalSystem") == 0;
    /* LocalSystem's password is empty; virtual and managed accounts have none that anybody could know. */
    return ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command,
                                NULL, NULL, NULL, account, is_system ? L"" : NULL, NULL)
               ? 0
               : GetLastError();
}

static unsigned long change2(void *service, unsigned long level, void *information)
{
    return ChangeServiceConfig2W(service, level, information) ? 0 : GetLastError();
}

static unsigned long sid_of(PSID *out, const char *text)
{
    wchar_t wide[INSTALL_MAX_SID];
    (void)swprintf(wide, INSTALL_MAX_SID, L"%hs", text); /* of ours: it has room */
    return ConvertStringSidToSidW(wide, out) ? 0 : GetLastError();
}

/* The group's name in this Windows' language, and the account's SID. */
static unsigned long look_up(wchar_t group[256], SID **member, const char *group_sid, const uint16_t *account)
{
    wchar_t domain[256];
    DWORD size = 256, domain_size = 256, sid_size = SECURITY_MAX_SID_SIZE;
    SID_NAME_USE use;
    PSID sid = NULL;
    DWORD code = sid_of(&sid, group_sid);
    if (code != 0)
        return code;
    code = LookupAccountSidW(NULL, sid, group, &size, domain, &domain_size, &use) ? 0 : GetLastError();
    LocalFree(sid);
    if (code != 0)
        return code;
    *member = malloc(SECURITY_MAX_SID_SIZE);
    if (*member == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    domain_size = 256;
    if (!LookupAccountNameW(NULL, account, *member, &sid_size, domain, &domain_size, &use)) {
        code = GetLastError();
        free(*member);
    }
    return code;
}

static unsigned long join(const char *group_sid, const uint16_t *account)
{
    wchar_t group[256];
    SID *member = NULL;
    unsigned long code = look_up(group, &member, group_sid, account);
    if (code != 0)
        return code;
    LOCALGROUP_MEMBERS_INFO_0 entry = {member};
    code = NetLocalGroupAddMembers(NULL, group, 0, (BYTE *)&entry, 1);
    free(member);
    return code == ERROR_MEMBER_IN_ALIAS ? 0 : code;
}

unsigned long install_service_leave(const char *group_sid, const char *member_sid)
{
    wchar_t group[256], domain[256];
    DWORD size = 256, domain_size = 256;
    SID_NAME_USE use;
    PSID group_id = NULL, member = NULL;
    unsigned long code = sid_of(&group_id, group_sid);
    if (code == 0)
        code = LookupAccountSidW(NULL, group_id, group, &size, domain, &domain_size, &use) ? 0 : GetLastError();
    if (code == 0)
        code = sid_of(&member, member_sid);
    if (code == 0) {
        LOCALGROUP_MEMBERS_INFO_0 entry = {member};
        code = NetLocalGroupDelMembers(NULL, group, 0, (BYTE *)&entry, 1);
    }
    LocalFree(member);
    LocalFree(group_id);
    /* None mapped: a Windows without such a group has nobody in it. */
    return code == ERROR_MEMBER_NOT_IN_ALIAS || code == ERROR_NO_SUCH_MEMBER || code == ERROR_NONE_MAPPED ? 0 : code;
}

const struct install_service_calls install_service_windows = {change, change2, join};

/* What only some systems know is asked for and not insisted on: an old one, or one that refuses, still gets the
 * service. */
static void set_rest(const struct install_service_calls *calls, void *service, uint16_t *privileges)
{
    SERVICE_DESCRIPTIONW description = {(wchar_t[]){AGENT_SERVICE_DESCRIPTION}};
    SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = DAY_S, .cActions = 3, .lpsaActions = actions};
    SERVICE_FAILURE_ACTIONS_FLAG flag = {TRUE};
    SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
    SERVICE_REQUIRED_PRIVILEGES_INFOW required = {privileges};
    SERVICE_PRESHUTDOWN_INFO preshutdown = {PRESHUTDOWN_MS};
    const struct {
        DWORD level;
        void *information;
        const char *name;
    } settings[] = {
        {SERVICE_CONFIG_DESCRIPTION, &description, "description"},
        {SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "delayed start"},
        {SERVICE_CONFIG_FAILURE_ACTIONS, &failure, "restart after a failure"},
        {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag, "restart after a stop with an error"},
        {SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "service SID"},
        {SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required, "required privileges"},
        {SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "preshutdown timeout"},
    };
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        unsigned long code = calls->change2(service, settings[i].level, settings[i].information);
        if (code != 0)
            fprintf(stderr, "tripline install: warning: this system did not take \"%s\" (%lu)\n", settings[i].name,
                    code);
    }
}

/* One try with account as it is. *what: the call that failed. */
static unsigned long set_account(const struct install_service_calls *calls, void *service, const uint16_t *command,
                                 const struct install_account *account, const char **what)
{
    uint16_t *name = NULL;
    if (text_to_utf16(&name, NULL, text_from(account->name)) < 0)
        return ERROR_NOT_ENOUGH_MEMORY;
    *what = "ChangeServiceConfig";
    unsigned long code = calls->change(service, command, name);
    if (code == 0 && account->reads_by_group) {
        *what = "NetLocalGroupAddMembers";
        code = calls->join(INSTALL_EVENT_LOG_READERS, name);
    }
    free(name);
    return code;
}

int install_service_configure(const struct install_service_calls *calls, void *service, const uint16_t *command,
                              struct install_account *account, const struct install_properties *properties)
{
    const char *what = "";
    uint16_t *privileges = NULL;
    size_t bytes = 0;
    unsigned long code = set_account(calls, service, command, account, &what);
    if (code != 0 && account->kind == INSTALL_VIRTUAL && !account->is_chosen) {
        fprintf(stderr,
                "tripline install: warning: the account %s can't be used here (%s: %lu); the service will run as "
                "LocalSystem with few privileges\n",
                account->name, what, code);
        install_account_fall_back(account, properties);
        code = set_account(calls, service, command, account, &what);
    }
    if (code != 0) {
        fprintf(stderr, "tripline install: the account %s can't be used\n", account->name);
        return control_fail("install", what, code);
    }
    if (install_multi_string(&privileges, &bytes, account->privileges) < 0) {
        fprintf(stderr, "tripline install: memory is short\n");
        return 1;
    }
    set_rest(calls, service, privileges);
    free(privileges);
    return 0;
}
