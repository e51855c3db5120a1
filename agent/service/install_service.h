/*
 * install_service: the account and all other settings of the service that CreateService has no place for, in the exact
 * structures that Windows is given. The calls go through a table, so that a test sees what they get.
 */
#ifndef AGENT_SERVICE_INSTALL_SERVICE_H
#define AGENT_SERVICE_INSTALL_SERVICE_H

#include "agent/service/install_account.h"

/* Each returns 0 or Windows' own code. service: an SC_HANDLE. */
struct install_service_calls {
    /* ChangeServiceConfig: command line and account; automatic start; no password. */
    unsigned long (*change)(void *service, const uint16_t *command, const uint16_t *account);
    /* ChangeServiceConfig2 */
    unsigned long (*change2)(void *service, unsigned long level, void *information);
    /* NetLocalGroupAddMembers: the account into the group with this SID. */
    unsigned long (*join)(const char *group_sid, const uint16_t *account);
};

extern const struct install_service_calls install_service_windows;

/*
 * Sets command line, account, group, description, delayed start, failure actions (5 s, 30 s, 60 s, forgotten after a
 * day), required privileges, service SID and preshutdown timeout.
 * Where the virtual account was not asked for and can't be had, account becomes LocalSystem with its few privileges,
 * and a warning on stderr says why. What else this Windows does not take is a warning too. Returns 0 or the exit code 1
 * after a message on stderr.
 */
int install_service_configure(const struct install_service_calls *calls, void *service, const uint16_t *command,
                              struct install_account *account, const struct install_properties *properties);

/* Takes the member out of the group again; that it is not in it is fine. Returns 0 or Windows' code. */
unsigned long install_service_leave(const char *group_sid, const char *member_sid);

#endif
