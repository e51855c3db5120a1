/*
 * install_account: under which account the service runs and with which privileges, and what lets it reach its files:
 * texts that Windows then gets as they are. Plain C; docs/security.md has the reasons.
 */
#ifndef AGENT_SERVICE_INSTALL_ACCOUNT_H
#define AGENT_SERVICE_INSTALL_ACCOUNT_H

#include "agent/guard/token.h"
#include "agent/service/install_properties.h"

enum install_account_kind {
    INSTALL_VIRTUAL, /* NT SERVICE\Tripline */
    INSTALL_SYSTEM,  /* LocalSystem */
    INSTALL_MANAGED  /* a group managed service account: DOMAIN\name$, whose password Windows knows */
};

struct install_account {
    enum install_account_kind kind;
    const char *name;              /* as CreateService wants it; in the properties or static */
    bool is_chosen;                /* ACCOUNT was given: nothing else may take its place */
    bool reads_by_group;           /* has to be in the group Event Log Readers */
    const char *const *privileges; /* all that the service may hold, ends with NULL */
};

/* By its SID: its name is another one in each language of Windows. */
#define INSTALL_EVENT_LOG_READERS TOKEN_EVENT_LOG_READERS

/*
 * By ACCOUNT, or else by SOURCES: the virtual account for the Event Log alone; LocalSystem where ETW is read, since a
 * virtual account may not start a system trace session (learn.microsoft.com: StartTrace).
 * Returns 0; -EINVAL with reason.
 */
int install_account_choose(struct install_account *out, const struct install_properties *properties,
                           char reason[INSTALL_MAX_REASON]);

/* LocalSystem with the privileges that the sources want: what takes the virtual account's place where it can't be. */
void install_account_fall_back(struct install_account *account, const struct install_properties *properties);

/* Longest of install_service_sid(), with its NUL. */
#define INSTALL_MAX_SID 80

/*
 * The SID that Windows gives every process of the service called name (ASCII): S-1-5-80 and the SHA-1 of the name in
 * capitals, UTF-16LE, as five numbers (learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-
 * identifiers, "NT SERVICE"; [MS-DTYP] 2.4.2.4). It is the virtual account's SID too.
 * Returns 0 or -EIO.
 */
int install_service_sid(char to[INSTALL_MAX_SID], const char *name);

/* Longest security text below, with its NUL. */
#define INSTALL_MAX_SDDL 768

/*
 * Security as SDDL (learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format). SYSTEM and
 * Administrators: all. No one else, but the service by its own SID, and by account_sid where it runs under an account
 * that is another (a group managed one, whose token has the service's SID only from the service's next start on); else
 * NULL.
 */

/* Of the directory that the config lies in: the service reads. So it reads, and can't change, what is put there later:
 * a new file inherits this (learn.microsoft.com/windows/win32/secauthz/ace-inheritance-rules). */
void install_sddl_home(char to[INSTALL_MAX_SDDL], const char *service_sid, const char *account_sid);

/* Of the state's directory: the service lists and adds files here, reads and changes the files in it. */
void install_sddl_state(char to[INSTALL_MAX_SDDL], const char *service_sid, const char *account_sid);

/* Of the config: the service reads. */
void install_sddl_config(char to[INSTALL_MAX_SDDL], const char *service_sid, const char *account_sid);

/*
 * The command line of the service: "C:\path\tripline.exe" service --config "C:\path\tripline.xml", each path quoted: an
 * unquoted one with a blank lets whoever can write C:\path.exe run as the service.
 * Returns 0 and *out, which the caller frees; -EINVAL where a path can't be quoted; -ENAMETOOLONG; -ENOMEM.
 */
int install_command(char **out, const char *program, const char *config);

/* One argument of a command line as C's start-up code reads it again (learn.microsoft.com/cpp/c-language/
 * parsing-c-command-line-arguments), always quoted. The caller frees it; NULL: no memory. */
char *install_quoted(const char *argument);

/* privileges as REQUIRED_PRIVILEGES wants them: NUL-terminated UTF-16 names and one NUL more. *bytes: of all.
 * Returns 0 or -ENOMEM; the caller frees *out. */
int install_multi_string(uint16_t **out, size_t *bytes, const char *const *privileges);

#endif
