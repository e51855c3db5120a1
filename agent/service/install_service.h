/*
 * install_service: the account and all other settings of the service that CreateService has no place for, in the exact
 * structures that Windows is given. The calls go through a table, so that a test sees what they get.
 */
#ifndef AGENT_SERVICE_INSTALL_SERVICE_H
#define AGENT_SERVICE_INSTALL_SERVICE_H

#include "agent/service/install_account.h"

/* Each returns 0 or Windows' own code. service: an SC_HANDLE. */
struct install_service_calls {
    /* ChangeServiceConfig: command line and account, no password; keeps_start: not the way it starts, which else is
     * automatic. */
    unsigned long (*change)(void *service, const uint16_t *command, const uint16_t *account, bool keeps_start);
    /* ChangeServiceConfig2 */
    unsigned long (*change2)(void *service, unsigned long level, void *information);
    /* QueryServiceConfig2: 8 KB at most, more has no level (learn.microsoft.com: QueryServiceConfig2W) */
    unsigned long (*query2)(void *service, unsigned long level, void *buffer, unsigned long size);
    /* NetLocalGroupAddMembers: the account into the group with this SID. */
    unsigned long (*join)(const char *group_sid, const uint16_t *account);
    /* LsaAddAccountRights: lets the account log on as a service. */
    unsigned long (*allow_logon)(const uint16_t *account);
    /* Takes control codes of our own from everybody but SYSTEM and Administrators. */
    unsigned long (*restrict_control)(void *service);
};

extern const struct install_service_calls install_service_windows;

/*
 * Sets command line, account, group, description, delayed start, failure actions (5 s, 30 s, 60 s three times, then 5
 * minutes; forgotten after a day), required privileges, service SID, preshutdown timeout and access list.
 * is_upgrade: the way it starts, failure actions that are none of ours, and the rest of the access list stay.
 * Where the virtual account was not asked for and can't be had, account becomes LocalSystem with its few privileges,
 * and a warning on stderr says why. What else this Windows does not take is a warning too. Returns 0 or the exit code 1
 * after a message on stderr.
 */
int install_service_configure(const struct install_service_calls *calls, void *service, const uint16_t *command,
                              struct install_account *account, const struct install_properties *properties,
                              bool is_upgrade);

/* What install_service_configure does where account can't be had because of code, told by what. False: it was chosen,
 * and nothing takes its place. */
bool install_service_fall_back(struct install_account *account, const struct install_properties *properties,
                               const char *what, unsigned long code);

/* Takes SERVICE_USER_DEFINED_CONTROL from every entry of an access list that allows it to others than SYSTEM and
 * Administrators: Windows' own lets any local user send it. list: an ACL. Returns whether any had it. */
bool install_service_trim(void *list);

/* Is this computer a domain controller? There Event Log Readers is one group for all of the domain. */
bool install_service_is_controller(void);

/* The SID of account as text. Returns 0 or Windows' code. */
unsigned long install_service_account_sid(char to[INSTALL_MAX_SID], const char *account);

/* Takes the member out of the group again; that it is not in it is fine. Returns 0 or Windows' code. */
unsigned long install_service_leave(const char *group_sid, const char *member_sid);

#endif
