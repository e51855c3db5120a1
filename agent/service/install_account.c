#include "agent/service/install_account.h"

#include "agent/service/install_config.h"
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Largest command line of a service: CreateService takes what CreateProcess takes. */
#define MAX_COMMAND 32767u

static bool reads_etw(const struct install_properties *properties)
{
    return install_config_lists(properties->values[INSTALL_SOURCES], "etw");
}

void install_account_fall_back(struct install_account *account, const struct install_properties *properties)
{
    *account = (struct install_account){INSTALL_SYSTEM, "LocalSystem", account->is_chosen, false,
                                        token_privileges_needed(reads_etw(properties))};
}

int install_account_choose(struct install_account *out, const struct install_properties *properties,
                           char reason[INSTALL_MAX_REASON])
{
    const char *given = properties->values[INSTALL_ACCOUNT];
    struct text name = text_from(given);
    bool etw = reads_etw(properties);
    struct install_account account = {INSTALL_VIRTUAL, "NT SERVICE\\Tripline", given != NULL, true,
                                      token_privileges_needed(etw)};
    if ((given == NULL && etw) || text_equal_nocase(name, text_from("LocalSystem"))) {
        install_account_fall_back(&account, properties);
    } else if (given != NULL && given[name.len - 1] == '$' && strchr(given, '\\') != NULL) {
        account.kind = INSTALL_MANAGED;
        account.name = given;
    } else if (given != NULL && !text_equal_nocase(name, text_from(account.name))) {
        snprintf(reason, INSTALL_MAX_REASON,
                 "ACCOUNT is none that needs no password; write NT SERVICE\\Tripline, LocalSystem or a group managed "
                 "service account, DOMAIN\\name$");
        return -EINVAL;
    }
    if (etw && account.kind != INSTALL_SYSTEM) {
        snprintf(reason, INSTALL_MAX_REASON,
                 "ACCOUNT: only LocalSystem may start the system trace session that SOURCES=etw reads");
        return -EINVAL;
    }
    *out = account;
    return 0;
}

int install_service_sid(char to[INSTALL_MAX_SID], const char *name)
{
    unsigned char units[2 * 256], hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    size_t count = strlen(name);
    if (count > 256)
        return -EIO;
    for (size_t i = 0; i < count; i++) {
        units[2 * i] = (unsigned char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
        units[2 * i + 1] = 0;
    }
    if (EVP_Digest(units, 2 * count, hash, &size, EVP_sha1(), NULL) != 1 || size != 20)
        return -EIO;
    uint32_t part[5];
    for (size_t i = 0; i < 5; i++)
        part[i] = (uint32_t)hash[4 * i] | (uint32_t)hash[4 * i + 1] << 8 | (uint32_t)hash[4 * i + 2] << 16 |
                  (uint32_t)hash[4 * i + 3] << 24;
    snprintf(to, INSTALL_MAX_SID, "S-1-5-80-%lu-%lu-%lu-%lu-%lu", (unsigned long)part[0], (unsigned long)part[1],
             (unsigned long)part[2], (unsigned long)part[3], (unsigned long)part[4]);
    return 0;
}

/* An entry for each SID that the service has: its own, and its account's where that is another. */
static void add_entries(char to[INSTALL_MAX_SDDL], const char *entry, const char *service_sid, const char *account_sid)
{
    const char *sids[] = {service_sid, account_sid};
    for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
        size_t used = strlen(to);
        if (sids[i] != NULL)
            snprintf(to + used, INSTALL_MAX_SDDL - used, "(A;%s;;;%s)", entry, sids[i]);
    }
}

/* P: nothing is inherited from above. 0x1200A9: list, traverse, read; what lies in it the same. */
void install_sddl_home(char to[INSTALL_MAX_SDDL], const char *service_sid, const char *account_sid)
{
    snprintf(to, INSTALL_MAX_SDDL, "O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
    add_entries(to, "OICI;0x1200a9", service_sid, account_sid);
}

/*
 * 0x1200AB: list, add a file, read attributes, traverse, read the security, but not delete what lies in it (0x40).
 * OIIO: for the files in it, 0x13019F: read, write, delete; not execute, nor change the security.
 */
void install_sddl_state(char to[INSTALL_MAX_SDDL], const char *service_sid, const char *account_sid)
{
    snprintf(to, INSTALL_MAX_SDDL, "O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
    add_entries(to, ";0x1200ab", service_sid, account_sid);
    add_entries(to, "OIIO;0x13019f", service_sid, account_sid);
}

void install_sddl_config(char to[INSTALL_MAX_SDDL], const char *service_sid, const char *account_sid)
{
    snprintf(to, INSTALL_MAX_SDDL, "O:BAG:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)");
    add_entries(to, ";FR", service_sid, account_sid);
}

char *install_quoted(const char *argument)
{
    size_t size = strlen(argument), used = 0;
    char *quoted = malloc(2 * size + 3);
    if (quoted == NULL)
        return NULL;
    quoted[used++] = '"';
    for (size_t i = 0; i < size;) {
        size_t slashes = strspn(argument + i, "\\");
        bool is_before_quote = argument[i + slashes] == '"' || argument[i + slashes] == '\0';
        /* Backslashes count twice before a quote, which at the end is ours. */
        memset(quoted + used, '\\', is_before_quote ? 2 * slashes : slashes);
        used += is_before_quote ? 2 * slashes : slashes;
        i += slashes;
        if (i == size)
            break;
        if (argument[i] == '"')
            quoted[used++] = '\\';
        quoted[used++] = argument[i++];
    }
    quoted[used++] = '"';
    quoted[used] = '\0';
    return quoted;
}

/* Neither can be part of a Windows path: learn.microsoft.com/windows/win32/fileio/naming-a-file. */
static bool is_path(const char *path)
{
    return strpbrk(path, "\"\n\r") == NULL;
}

int install_command(char **out, const char *program, const char *config)
{
    if (!is_path(program) || !is_path(config))
        return -EINVAL;
    char *quoted_program = install_quoted(program), *quoted_config = install_quoted(config), *command = NULL;
    size_t size = strlen(program) + 2 * strlen(config) + 64;
    int rc = quoted_program == NULL || quoted_config == NULL || (command = malloc(size)) == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        int length = snprintf(command, size, "%s service --config %s", quoted_program, quoted_config);
        if (length > (int)MAX_COMMAND)
            rc = -ENAMETOOLONG;
    }
    free(quoted_config);
    free(quoted_program);
    if (rc < 0)
        free(command);
    else
        *out = command;
    return rc;
}

int install_multi_string(uint16_t **out, size_t *bytes, const char *const *privileges)
{
    size_t units = 1;
    for (size_t i = 0; privileges[i] != NULL; i++)
        units += strlen(privileges[i]) + 1;
    uint16_t *list = calloc(units, sizeof(*list));
    if (list == NULL)
        return -ENOMEM;
    size_t used = 0;
    for (; *privileges != NULL; privileges++, used++)
        for (const char *c = *privileges; *c != '\0'; c++)
            list[used++] = (uint16_t)*c;
    *out = list;
    *bytes = units * sizeof(*list);
    return 0;
}
