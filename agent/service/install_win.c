/*
 * "tripline install" and "tripline uninstall": by hand the whole of it; with --configure what the MSI's tables can't
 * say. Contracts: learn.microsoft.com/windows/win32/api/winsvc; docs/windows-facts.md.
 */
#include "agent/cli/cli.h"
#include "agent/config/config.h"
#include "agent/config/config_internal.h"
#include "agent/guard/state_guard.h"
#include "agent/service/control.h"
#include "agent/service/install_config.h"
#include "agent/service/install_files.h"
#include "agent/service/install_options.h"
#include "agent/service/install_service.h"
#include "agent/service/install_state.h"
#include "agent/service/service.h"
#include "agent/system/file.h"
#include "agent/system/plain.h"

#include <windows.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATH_UNITS 32768u

/* All that one installation works with. */
struct install {
    struct install_options options;
    struct install_account account;
    char *program, *config, *home, *state; /* home and state: the default directories of config and state */
    uint16_t *command;
    char home_sddl[INSTALL_MAX_SDDL], state_sddl[INSTALL_MAX_SDDL], config_sddl[INSTALL_MAX_SDDL];
    bool has_placed;                       /* the directories, and perhaps an older version's state in its own */
    bool has_config, has_written, has_old; /* the config: is there; by this run; its forerunner is kept as .old */
};

static int say(const char *what)
{
    plain_printf(stderr, "tripline install: %s\n", what);
    return 1;
}

/* The service's own current directory is another one. */
static int absolute_path(char **out, const char *path)
{
    uint16_t *given = NULL, *full = calloc(MAX_PATH_UNITS, sizeof(*full));
    char *utf8 = NULL;
    int rc = full == NULL ? -ENOMEM : text_to_utf16(&given, NULL, text_from(path));
    if (rc == 0) {
        DWORD length = GetFullPathNameW(given, MAX_PATH_UNITS, full, NULL);
        if (length == 0 || length >= MAX_PATH_UNITS)
            rc = -ENAMETOOLONG;
        else if ((utf8 = malloc(TEXT_UTF16_MAX_BYTES(length))) == NULL)
            rc = -ENOMEM;
        else
            (void)text_from_utf16(utf8, full, length); /* the text is utf8 itself */
    }
    free(given);
    free(full);
    if (rc == 0)
        *out = utf8;
    return rc;
}

/* SIDs and the security texts of them. */
static int prepare_security(struct install *i)
{
    char service_sid[INSTALL_MAX_SID], account_sid[INSTALL_MAX_SID];
    bool is_managed = i->account.kind == INSTALL_MANAGED;
    if (install_service_sid(service_sid, "Tripline") < 0)
        return say("the service's SID can't be made");
    unsigned long code = is_managed ? install_service_account_sid(account_sid, i->account.name) : 0;
    if (code != 0) {
        plain_printf(stderr, "tripline install: the account %s is not known here\n", i->account.name);
        return control_fail("install", "LookupAccountName", code);
    }
    const char *also = is_managed ? account_sid : NULL;
    install_sddl_home(i->home_sddl, service_sid, also);
    install_sddl_state(i->state_sddl, service_sid, also);
    install_sddl_config(i->config_sddl, service_sid, also);
    return 0;
}

/* Account, paths, command line and security texts: all that can be known before anything is changed. */
static int prepare(struct install *i)
{
    char reason[INSTALL_MAX_REASON], *command = NULL;
    const char *given = i->options.properties.values[INSTALL_CONFIG_FILE];
    if (install_account_choose(&i->account, &i->options.properties, reason) < 0)
        return say(reason);
    int rc = file_program(&i->program);
    if (rc == 0)
        rc = file_default_home(&i->home);
    if (rc == 0)
        rc = file_join(&i->state, i->home, FILE_STATE_NAME);
    if (rc == 0)
        rc = given == NULL ? file_default_config(&i->config) : absolute_path(&i->config, given);
    if (rc == 0)
        rc = install_command(&command, i->program, i->config);
    if (rc == 0)
        rc = text_to_utf16(&i->command, NULL, text_from(command));
    free(command);
    if (rc < 0) {
        plain_printf(stderr, "tripline install: the service's command line can't be made: %s\n", strerror(-rc));
        return 1;
    }
    return prepare_security(i);
}

/* Whoever can change the program is the service's account, or SYSTEM, at its next start. */
static int check_program(const struct install *i)
{
    char reason[STATE_GUARD_MAX_REASON];
    if (state_guard_check_program(i->program, false, reason) == 0)
        return 0;
    plain_printf(
        stderr, "tripline install: %s\ntripline install: or copy it to C:\\Program Files\\Tripline and install there\n",
        reason);
    return 1;
}

static bool is_there(const char *path)
{
    FILE *file = NULL;
    int rc = file_open(&file, path, "r");
    if (rc == 0)
        (void)fclose(file); /* only opened */
    return rc == 0 || (rc != -ENOENT && rc != -ENOTDIR);
}

/* A service with a bad config would only fail at its start, with nobody looking. */
static int check_config(const char *path)
{
    struct config *config = NULL;
    struct config_errors errors = {0};
    int rc = config_load(&config, path, &errors);
    config_errors_print(stderr, path, &errors);
    config_errors_free(&errors);
    config_free(config);
    return rc < 0 ? say("mend the config first (example.xml beside the program shows every setting)") : 0;
}

static int keep_old(struct install *i, bool back)
{
    size_t size = strlen(i->config) + 5;
    char *old = malloc(size);
    if (old == NULL)
        return say("memory is short");
    snprintf(old, size, "%s.old", i->config);
    int rc = back ? file_replace(old, i->config) : file_replace(i->config, old);
    if (rc < 0)
        plain_printf(stderr, "tripline install: %s can't be renamed: %s\n", back ? old : i->config, strerror(-rc));
    free(old);
    return rc < 0 ? 1 : 0;
}

/* From the properties, and tried before it is put in its place. */
static int write_config(struct install *i)
{
    char reason[INSTALL_MAX_REASON], *xml = NULL;
    struct config *config = NULL;
    struct config_errors errors = {0};
    if (install_config_write(&xml, &i->options.properties, reason) < 0)
        return say(reason);
    int rc = config_parse(&config, text_from(xml), i->config, &errors);
    if (rc < 0)
        config_errors_print(stderr, "the config made of the properties", &errors);
    config_errors_free(&errors);
    config_free(config);
    int result = rc < 0 ? 1 : 0;
    if (result == 0 && i->has_config)
        result = keep_old(i, false);
    i->has_old = result == 0 && i->has_config;
    if (result == 0)
        result = install_write(i->config, xml, i->config_sddl);
    config_wipe(xml);
    i->has_config = i->has_written = result == 0;
    return result;
}

/* Does the config say that the state lies right beside it? Then the service must be able to write there, and what is
 * put there inherits that. */
static bool keeps_state_at_home(const struct install *i)
{
    struct config *config = NULL;
    struct config_errors errors = {0};
    bool keeps = config_load(&config, i->config, &errors) == 0 && !config->is_state_default &&
                 text_equal_nocase(text_from(config->state_directory), text_from(i->home));
    config_errors_free(&errors);
    config_free(config);
    return keeps;
}

/* The directories, the state of an earlier version in its own, and who may touch them. */
static int place_directories(struct install *i)
{
    char reason[STATE_GUARD_MAX_REASON];
    bool keeps = keeps_state_at_home(i);
    if (state_guard_check(i->home, STATE_GUARD_CONFIG_DIRECTORY, false, reason) < 0)
        return install_stranger(reason);
    if (keeps) {
        plain_printf(
            stdout,
            "the state stays in %s, as the config says; in a directory of its own the service could not change what is "
            "put beside the config: <state directory=\"%s\"/>\n",
            i->home, i->state);
        return install_directory(i->home, i->state_sddl);
    }
    install_state_settle(i->state);
    i->has_placed = true;
    int result = install_state_move(i->home, i->state, i->state_sddl);
    if (result == 0)
        result = install_directory(i->home, i->home_sddl);
    if (result == 0)
        result = install_directory(i->state, i->state_sddl);
    return result != 0 ? result : install_state_adopt(i->state);
}

/* The config, and who may touch it. */
static int place_files(struct install *i)
{
    const struct install_properties *p = &i->options.properties;
    char reason[STATE_GUARD_MAX_REASON];
    if (place_directories(i) != 0)
        return 1;
    i->has_config = is_there(i->config);
    if (i->has_config && state_guard_check_config(i->config, false, reason) < 0)
        return say(reason);
    bool wants_new = p->values[INSTALL_COLLECTOR_URL] != NULL;
    if (wants_new && (!i->has_config || install_properties_flag(p, INSTALL_RECONFIGURE, false))) {
        if (write_config(i) != 0)
            return 1;
    } else if (i->has_config) {
        if (wants_new)
            plain_printf(stdout, "the config %s is kept as it is; RECONFIGURE=1 makes a new one of the properties\n",
                         i->config);
        if (install_secure(i->config, i->config_sddl) != 0)
            return 1;
    } else if (i->options.configures) {
        plain_printf(stdout, "no config yet: the service is not started; put one at %s\n", i->config);
        return 0;
    }
    return check_config(i->config);
}

/* Creates the service, or opens the one that the MSI, or an older version, has created. */
static SC_HANDLE create_service(SC_HANDLE manager, const struct install *i)
{
    DWORD access = SERVICE_CHANGE_CONFIG | SERVICE_QUERY_CONFIG | SERVICE_START | SERVICE_STOP | SERVICE_QUERY_STATUS |
                   DELETE | READ_CONTROL | WRITE_DAC;
    SC_HANDLE handle = i->options.configures ? OpenServiceW(manager, AGENT_SERVICE_NAME, access) : NULL;
    DWORD code = handle == NULL ? GetLastError() : 0;
    if (handle == NULL && (!i->options.configures || code == ERROR_SERVICE_DOES_NOT_EXIST)) {
        handle =
            CreateServiceW(manager, AGENT_SERVICE_NAME, AGENT_SERVICE_DISPLAY_NAME, access, SERVICE_WIN32_OWN_PROCESS,
                           SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, i->command, NULL, NULL, NULL, NULL, NULL);
        code = handle == NULL ? GetLastError() : 0;
    }
    if (code == ERROR_SERVICE_EXISTS)
        (void)say("the service is installed already; \"tripline uninstall\" first");
    else if (code != 0)
        (void)control_fail("install", "OpenService or CreateService", code);
    return handle;
}

/* The way it starts; what can't be told counts as the usual one. */
static bool is_disabled(SC_HANDLE handle)
{
    union {
        QUERY_SERVICE_CONFIGW config;
        unsigned char bytes[8192]; /* as much as it can be: learn.microsoft.com: QueryServiceConfigW */
    } now;
    DWORD used = 0;
    return QueryServiceConfigW(handle, &now.config, sizeof(now), &used) && now.config.dwStartType == SERVICE_DISABLED;
}

static int configure(struct install *i, SC_HANDLE handle)
{
    return install_service_configure(&install_service_windows, handle, i->command, &i->account, &i->options.properties,
                                     i->options.upgrades || i->options.restores);
}

/* Starts it; an account that a policy forbids to log on as a service gives way to LocalSystem, unless it was chosen. */
static int start_service(struct install *i, SC_HANDLE handle)
{
    unsigned long refusal = 0;
    if (i->options.upgrades && is_disabled(handle)) {
        plain_printf(stdout, "the service is disabled, and stays so: not started\n");
        return 0;
    }
    int result = control_start("install", handle, &refusal);
    if (result == 0 || refusal != ERROR_SERVICE_LOGON_FAILED ||
        !install_service_fall_back(&i->account, &i->options.properties, "StartService", refusal))
        return result;
    result = configure(i, handle);
    return result != 0 ? result : control_start("install", handle, NULL);
}

static int set_service(struct install *i)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE);
    if (manager == NULL)
        return control_fail("install", "OpenSCManager", GetLastError());
    SC_HANDLE handle = create_service(manager, i);
    int result = handle == NULL ? 1 : configure(i, handle);
    if (result == 0 && !i->options.configures)
        result = install_event_source(i->program);
    if (result == 0 && i->has_config &&
        install_properties_flag(&i->options.properties, INSTALL_START_SERVICE, i->options.configures))
        result = start_service(i, handle);
    if (handle != NULL && result != 0 && !i->options.configures)
        (void)DeleteService(handle); /* the failure itself has been told; half a service helps nobody */
    if (handle != NULL)
        CloseServiceHandle(handle);
    CloseServiceHandle(manager);
    return result;
}

/* The state where the older version looks for it, if it was moved by this upgrade. */
static int move_back(const struct install *i)
{
    bool is_moved = false;
    int result = install_state_move_back(&is_moved, i->home, i->state);
    return is_moved ? result | install_secure(i->home, i->state_sddl) : result;
}

/* An upgrade has failed: account, command line and place of the state as the older version had them. It is not started
 * here: the installer starts what it had stopped, once the older program is back. */
static int restore(struct install *i)
{
    int result = move_back(i);
    return result | set_service(i);
}

int cli_install(int argc, char **argv)
{
    struct install i = {0};
    int result = install_options_read(&i.options, argc, argv);
    if (result == 0)
        result = prepare(&i);
    if (result == 0 && i.options.restores) {
        result = restore(&i);
    } else if (result == 0) {
        result = check_program(&i);
        if (result == 0)
            result = place_files(&i);
        if (result == 0)
            result = set_service(&i);
    }
    if (result == 0)
        plain_printf(stdout, "installed: service Tripline as %s, config %s%s\n", i.account.name, i.config,
                     i.options.configures ? "" : "; \"tripline start\" starts it");
    /* A config that this run made must not outlive its failure: the next run would keep it. */
    if (result != 0 && i.has_written && file_remove(i.config) == 0 && i.has_old)
        (void)keep_old(&i, true); /* says itself what fails */
    if (result != 0 && i.has_placed)
        (void)move_back(&i); /* as above */
    install_properties_clear(&i.options.properties);
    free(i.command);
    free(i.state);
    free(i.home);
    free(i.config);
    free(i.program);
    return result;
}

static int stop_and_delete(void *service, void *context)
{
    (void)context;
    if (control_stop("uninstall", service) != 0)
        return 1;
    return DeleteService(service) ? 0 : control_fail("uninstall", "DeleteService", GetLastError());
}

/* Where the config says that the state lies, if elsewhere than in directory. */
static char *other_state(const char *path, const char *directory)
{
    struct config *config = NULL;
    struct config_errors errors = {0};
    char *state = NULL;
    if (config_load(&config, path, &errors) == 0 && strcmp(config->state_directory, directory) != 0)
        state = text_dup(text_from(config->state_directory));
    config_errors_free(&errors);
    config_free(config);
    return state;
}

static int purge_all(const struct install_properties *p)
{
    const char *given = p->values[INSTALL_CONFIG_FILE];
    char *directory = NULL, *config = NULL;
    int rc = file_default_home(&directory);
    if (rc == 0)
        rc = given == NULL ? file_default_config(&config) : absolute_path(&config, given);
    if (rc < 0) {
        plain_printf(stderr, "tripline uninstall: what to purge can't be told: %s\n", strerror(-rc));
        free(directory);
        return 1;
    }
    char *state = other_state(config, directory);
    int result = state == NULL ? 0 : install_purge(state, false);
    rc = file_remove(config);
    if (rc < 0 && rc != -ENOENT) {
        plain_printf(stderr, "tripline uninstall: %s could not be deleted: %s\n", config, strerror(-rc));
        result = 1;
    }
    result |= install_purge(directory, true);
    if (result == 0)
        plain_printf(stdout, "purged: config, outbox and log are gone\n");
    free(state);
    free(config);
    free(directory);
    return result;
}

/* While the service is there its SID has a name, without which some systems take no member out. */
static void leave_group(const char *sid)
{
    if (install_service_is_controller()) {
        plain_printf(
            stdout,
            "NT SERVICE\\Tripline stays in Event Log Readers: on domain controllers that group is the domain's, and "
            "the "
            "agents of the others read by it; \"net localgroup\" takes it out when no domain controller has the agent "
            "any more\n");
        return;
    }
    unsigned long code = install_service_leave(INSTALL_EVENT_LOG_READERS, sid);
    if (code != 0)
        plain_printf(stderr, "tripline uninstall: warning: the account stays in Event Log Readers (%lu)\n", code);
}

int cli_uninstall(int argc, char **argv)
{
    struct install_options options = {0};
    char sid[INSTALL_MAX_SID];
    int result = install_options_read(&options, argc, argv);
    bool purges = install_properties_flag(&options.properties, INSTALL_PURGE, false);
    if (result == 0 && install_service_sid(sid, "Tripline") == 0) {
        leave_group(sid);
    }
    if (result == 0 && !options.configures) {
        result = control_with_service("uninstall", SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, stop_and_delete, NULL);
        if (result == 0)
            result = install_remove_event_source();
        if (result == 0)
            plain_printf(stdout, "uninstalled: the service is gone%s\n",
                         purges ? "" : "; config, outbox and log stay where they are");
    }
    if (result == 0 && purges)
        result = purge_all(&options.properties);
    install_properties_clear(&options.properties);
    return result;
}
