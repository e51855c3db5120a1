/*
 * Contracts: learn.microsoft.com/windows/win32/api/winsvc, ChangeServiceConfig2 and the structures that it names;
 * lmaccess, NetLocalGroupAddMembers.
 */
#include "agent/service/install_service.h"

#include "agent/service/control.h"
#include "agent/service/service.h"
#include "agent/system/plain.h"
#include "detect/base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <lm.h>
#include <ntsecapi.h>
#include <sddl.h>

/* Windows' own default since build 15063; a stop takes below 5 s (run.h). */
#define PRESHUTDOWN_MS 10000u

#define DAY_S 86400u

static unsigned long change(void *service, const uint16_t *command, const uint16_t *account, bool keeps_start)
{
    bool is_system = wcscmp(account, L"LocalSystem") == 0;
    /* LocalSystem's password is empty; virtual and managed accounts have none that anybody could know. */
    return ChangeServiceConfigW(service, SERVICE_WIN32_OWN_PROCESS,
                                keeps_start ? SERVICE_NO_CHANGE : SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command,
                                NULL, NULL, NULL, account, is_system ? L"" : NULL, NULL)
               ? 0
               : GetLastError();
}

static unsigned long change2(void *service, unsigned long level, void *information)
{
    return ChangeServiceConfig2W(service, level, information) ? 0 : GetLastError();
}

static unsigned long query2(void *service, unsigned long level, void *buffer, unsigned long size)
{
    DWORD used = 0;
    return QueryServiceConfig2W(service, level, buffer, size, &used) ? 0 : GetLastError();
}

static unsigned long sid_of(PSID *out, const char *text)
{
    wchar_t wide[INSTALL_MAX_SID];
    (void)swprintf(wide, INSTALL_MAX_SID, L"%hs", text); /* of ours: it has room */
    return ConvertStringSidToSidW(wide, out) ? 0 : GetLastError();
}

/* The caller frees *out. */
static unsigned long look_up_account(SID **out, const uint16_t *account)
{
    wchar_t domain[256];
    DWORD domain_size = 256, sid_size = SECURITY_MAX_SID_SIZE, code = 0;
    SID_NAME_USE use;
    SID *sid = malloc(SECURITY_MAX_SID_SIZE);
    if (sid == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!LookupAccountNameW(NULL, account, sid, &sid_size, domain, &domain_size, &use)) {
        code = GetLastError();
        free(sid);
        return code;
    }
    *out = sid;
    return 0;
}

unsigned long install_service_account_sid(char to[INSTALL_MAX_SID], const char *account)
{
    uint16_t *name = NULL;
    SID *sid = NULL;
    wchar_t *text = NULL;
    if (text_to_utf16(&name, NULL, text_from(account)) < 0)
        return ERROR_NOT_ENOUGH_MEMORY;
    unsigned long code = look_up_account(&sid, name);
    free(name);
    if (code != 0)
        return code;
    code = ConvertSidToStringSidW(sid, &text) ? 0 : GetLastError();
    if (code == 0)
        snprintf(to, INSTALL_MAX_SID, "%ls", text); /* ASCII; of a domain's account at most 46 characters */
    LocalFree(text);
    free(sid);
    return code;
}

/* The group's name in this Windows' language, and the account's SID. */
static unsigned long look_up(wchar_t group[256], SID **member, const char *group_sid, const uint16_t *account)
{
    wchar_t domain[256];
    DWORD size = 256, domain_size = 256;
    SID_NAME_USE use;
    PSID sid = NULL;
    DWORD code = sid_of(&sid, group_sid);
    if (code != 0)
        return code;
    code = LookupAccountSidW(NULL, sid, group, &size, domain, &domain_size, &use) ? 0 : GetLastError();
    LocalFree(sid);
    return code != 0 ? code : look_up_account(member, account);
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

/* ChangeServiceConfig gives the right to no account; services.msc and the Local Security Policy do. */
static unsigned long allow_logon(const uint16_t *account)
{
    SID *sid = NULL;
    LSA_HANDLE policy = NULL;
    LSA_OBJECT_ATTRIBUTES attributes = {.Length = sizeof(attributes)};
    wchar_t name[] = L"SeServiceLogonRight";
    LSA_UNICODE_STRING right = {sizeof(name) - sizeof(*name), sizeof(name), name};
    unsigned long code = look_up_account(&sid, account);
    if (code != 0)
        return code;
    NTSTATUS status = LsaOpenPolicy(NULL, &attributes, POLICY_CREATE_ACCOUNT | POLICY_LOOKUP_NAMES, &policy);
    if (status == 0) {
        status = LsaAddAccountRights(policy, sid, &right, 1);
        (void)LsaClose(policy); /* nothing was left to do with it */
    }
    free(sid);
    return status == 0 ? 0 : LsaNtStatusToWinError(status);
}

static bool is_administrative(PSID sid)
{
    return IsWellKnownSid(sid, WinLocalSystemSid) || IsWellKnownSid(sid, WinBuiltinAdministratorsSid);
}

bool install_service_trim(void *list)
{
    bool found = false;
    ACL *acl = list;
    for (DWORD i = 0; i < acl->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry = NULL;
        if (!GetAce(acl, i, (void **)&entry) || entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
            is_administrative(&entry->SidStart) || (entry->Mask & SERVICE_USER_DEFINED_CONTROL) == 0)
            continue;
        entry->Mask &= ~(DWORD)SERVICE_USER_DEFINED_CONTROL;
        found = true;
    }
    return found;
}

static unsigned long restrict_control(void *service)
{
    union {
        SECURITY_DESCRIPTOR descriptor;
        unsigned char bytes[8192];
    } now;
    DWORD used = 0;
    ACL *list = NULL;
    BOOL is_present = FALSE, is_default = FALSE;
    if (!QueryServiceObjectSecurity(service, DACL_SECURITY_INFORMATION, &now.descriptor, sizeof(now), &used) ||
        !GetSecurityDescriptorDacl(&now.descriptor, &is_present, &list, &is_default))
        return GetLastError();
    if (!is_present || list == NULL || !install_service_trim(list))
        return 0; /* self-relative: the list lies in now itself */
    return SetServiceObjectSecurity(service, DACL_SECURITY_INFORMATION, &now.descriptor) ? 0 : GetLastError();
}

bool install_service_is_controller(void)
{
    OSVERSIONINFOEXW wanted = {.dwOSVersionInfoSize = sizeof(wanted), .wProductType = VER_NT_DOMAIN_CONTROLLER};
    return VerifyVersionInfoW(&wanted, VER_PRODUCT_TYPE, VerSetConditionMask(0, VER_PRODUCT_TYPE, VER_EQUAL));
}

const struct install_service_calls install_service_windows = {change, change2,     query2,
                                                              join,   allow_logon, restrict_control};

static const SC_ACTION actions[] = {{SC_ACTION_RESTART, 5000},  {SC_ACTION_RESTART, 30000},
                                    {SC_ACTION_RESTART, 60000}, {SC_ACTION_RESTART, 60000},
                                    {SC_ACTION_RESTART, 60000}, {SC_ACTION_RESTART, 300000}};
#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

/* Are the service's failure actions ours, or those of version 0.1 (the first three), or none? Others an administrator
 * has set. */
static bool has_our_actions(const struct install_service_calls *calls, void *service)
{
    union {
        SERVICE_FAILURE_ACTIONSW actions;
        unsigned char bytes[8192];
    } now;
    memset(&now, 0, sizeof(now));
    if (calls->query2(service, SERVICE_CONFIG_FAILURE_ACTIONS, &now, sizeof(now)) != 0)
        return true; /* what can't be told is set, as for a new service */
    const SERVICE_FAILURE_ACTIONSW *a = &now.actions;
    if (a->cActions != 0 && a->cActions != 3 && a->cActions != ACTION_COUNT)
        return false;
    for (DWORD i = 0; i < a->cActions; i++)
        if (a->lpsaActions[i].Type != actions[i].Type || a->lpsaActions[i].Delay != actions[i].Delay)
            return false;
    return true;
}

/* What only some systems know is asked for and not insisted on: an old one, or one that refuses, still gets the
 * service. */
static void set_rest(const struct install_service_calls *calls, void *service, uint16_t *privileges, bool is_upgrade)
{
    SERVICE_DESCRIPTIONW description = {(wchar_t[]){AGENT_SERVICE_DESCRIPTION}};
    SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
    SERVICE_FAILURE_ACTIONSW failure = {
        .dwResetPeriod = DAY_S, .cActions = ACTION_COUNT, .lpsaActions = (SC_ACTION *)actions};
    bool keeps_actions = is_upgrade && !has_our_actions(calls, service);
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
        if (keeps_actions && settings[i].level == SERVICE_CONFIG_FAILURE_ACTIONS)
            continue;
        unsigned long code = calls->change2(service, settings[i].level, settings[i].information);
        if (code != 0)
            plain_printf(stderr, "tripline install: warning: this system did not take \"%s\" (%lu)\n", settings[i].name,
                         code);
    }
    unsigned long code = calls->restrict_control(service);
    if (code != 0)
        plain_printf(stderr, "tripline install: warning: users may go on asking the service to reload (%lu)\n", code);
}

/* One try with account as it is. *what: the call that failed. */
static unsigned long set_account(const struct install_service_calls *calls, void *service, const uint16_t *command,
                                 const struct install_account *account, bool keeps_start, const char **what)
{
    uint16_t *name = NULL;
    if (text_to_utf16(&name, NULL, text_from(account->name)) < 0)
        return ERROR_NOT_ENOUGH_MEMORY;
    *what = "ChangeServiceConfig";
    unsigned long code = calls->change(service, command, name, keeps_start);
    if (code == 0 && account->kind == INSTALL_MANAGED) {
        *what = "LsaAddAccountRights";
        code = calls->allow_logon(name);
    }
    if (code == 0 && account->reads_by_group) {
        *what = "NetLocalGroupAddMembers";
        code = calls->join(INSTALL_EVENT_LOG_READERS, name);
    }
    free(name);
    return code;
}

bool install_service_fall_back(struct install_account *account, const struct install_properties *properties,
                               const char *what, unsigned long code)
{
    if (account->kind != INSTALL_VIRTUAL || account->is_chosen)
        return false;
    plain_printf(stderr,
                 "tripline install: warning: the account %s can't be used here (%s: %lu); the service will run as "
                 "LocalSystem with few privileges\n",
                 account->name, what, code);
    install_account_fall_back(account, properties);
    return true;
}

int install_service_configure(const struct install_service_calls *calls, void *service, const uint16_t *command,
                              struct install_account *account, const struct install_properties *properties,
                              bool is_upgrade)
{
    const char *what = "";
    uint16_t *privileges = NULL;
    size_t bytes = 0;
    unsigned long code = set_account(calls, service, command, account, is_upgrade, &what);
    if (code != 0 && install_service_fall_back(account, properties, what, code))
        code = set_account(calls, service, command, account, is_upgrade, &what);
    if (code != 0) {
        plain_printf(stderr, "tripline install: the account %s can't be used\n", account->name);
        return control_fail("install", what, code);
    }
    if (install_multi_string(&privileges, &bytes, account->privileges) < 0) {
        plain_printf(stderr, "tripline install: memory is short\n");
        return 1;
    }
    set_rest(calls, service, privileges, is_upgrade);
    free(privileges);
    return 0;
}
