#include "agent/guard/state_guard.h"

#include "agent/system/file.h"
#include "agent/system/file_internal.h"
#include "detect/base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rights: learn.microsoft.com/windows/win32/fileio/file-access-rights-constants and access-mask-format. */
enum {
    WRITE_DATA = 0x2, /* for a directory: add a file */
    APPEND_DATA = 0x4,
    DELETE_CHILD = 0x40,
    DELETE_IT = 0x10000,
    WRITE_LIST = 0x40000,
    WRITE_OWNER_OF = 0x80000,
    ALL = 0x10000000,
    WRITE = 0x40000000
};

#define USERS_SID "S-1-5-32-545" /* who else may read and run programs */

static uint32_t dangerous(enum state_guard_kind kind)
{
    uint32_t any = WRITE_LIST | WRITE_OWNER_OF | DELETE_IT | ALL;
    /* In the config's directory others may add files of other names, as they may in C:\ProgramData. */
    return kind == STATE_GUARD_CONFIG_DIRECTORY ? any | DELETE_CHILD
                                                : any | WRITE_DATA | APPEND_DATA | WRITE | DELETE_CHILD;
}

/* learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers */
static bool is_trusted(const char *sid, enum state_guard_kind kind, const struct state_guard_self *self)
{
    static const char *const always[] = {
        "S-1-5-18",     /* SYSTEM */
        "S-1-5-32-544", /* Administrators */
        "S-1-3-4",      /* OWNER RIGHTS: the owner, who is looked at by himself */
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464" /* TrustedInstaller */
    };
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        if (strcmp(sid, always[i]) == 0)
            return true;
    /* The service's own SID, which no other process has, whatever its account is: it may change the state. */
    if (kind == STATE_GUARD_STATE && strcmp(sid, STATE_GUARD_SERVICE_SID) == 0)
        return true;
    return strcmp(sid, self->sid) == 0 && (self->is_administrator || self->is_foreground || kind == STATE_GUARD_STATE);
}

static const char *noun(enum state_guard_kind kind)
{
    static const char *const nouns[] = {"the config", "the directory", "the state", "the program's place"};
    return nouns[kind];
}

/* What the service may do: as install_sddl_home(), _state() and _config() grant it. A file in the state directory has
 * the rights that it inherits. */
static void mend(char *to, size_t size, const struct state_guard_object *object, enum state_guard_kind kind)
{
    const char *path = object->path;
    if (kind != STATE_GUARD_CONFIG && !object->is_directory)        /* it has what its folder hands down */
        (void)snprintf(to, size, "icacls \"%.200s\" /reset", path); /* cut where longer */
    else if (kind == STATE_GUARD_CONFIG)
        (void)snprintf(
            to, size,
            "icacls \"%.200s\" /reset && icacls \"%.200s\" /inheritance:r /grant *S-1-5-18:F *S-1-5-32-544:F "
            "*" STATE_GUARD_SERVICE_SID ":R",
            path, path); /* as above */
    else if (kind == STATE_GUARD_STATE)
        (void)snprintf(to, size,
                       "icacls \"%.200s\" /reset && icacls \"%.200s\" /inheritance:r /grant *S-1-5-18:(OI)(CI)F "
                       "*S-1-5-32-544:(OI)(CI)F *" STATE_GUARD_SERVICE_SID ":(RX,W) *" STATE_GUARD_SERVICE_SID
                       ":(OI)(IO)M",
                       path, path); /* as above */
    else
        (void)snprintf(to, size,
                       "icacls \"%.200s\" /reset && icacls \"%.200s\" /inheritance:r /grant *S-1-5-18:(OI)(CI)F "
                       "*S-1-5-32-544:(OI)(CI)F *%s:(OI)(CI)RX",
                       path, path, kind == STATE_GUARD_PROGRAM ? USERS_SID : STATE_GUARD_SERVICE_SID); /* as above */
}

static int refuse(char reason[STATE_GUARD_MAX_REASON], const struct state_guard_object *object,
                  enum state_guard_kind kind, const char *sid, const char *what)
{
    char command[700];
    mend(command, sizeof(command), object, kind);
    snprintf(reason, STATE_GUARD_MAX_REASON,
             "%s %.200s %s%s%s" STATE_GUARD_MEND "icacls \"%.200s\" /setowner *S-1-5-32-544 && %s", noun(kind),
             object->path, what, *sid == '\0' ? "" : " ", sid, object->path, command);
    return -EPERM;
}

int state_guard_judge(const struct state_guard_object *object, enum state_guard_kind kind,
                      const struct state_guard_self *self, char reason[STATE_GUARD_MAX_REASON])
{
    if (object->is_link) {
        snprintf(reason, STATE_GUARD_MAX_REASON,
                 "%s %.300s is a junction or symbolic link; write the path that it leads to", noun(kind), object->path);
        return -EPERM;
    }
    if (!is_trusted(object->owner, kind, self))
        return refuse(reason, object, kind, object->owner, "belongs to");
    if (!object->has_list)
        return refuse(reason, object, kind, "", "has no access list, so everybody can change it");
    if (object->has_more)
        return refuse(reason, object, kind, "", "has an access list too long to be looked through");
    for (size_t i = 0; i < object->count; i++) {
        const struct state_guard_entry *e = &object->entries[i];
        if (e->allows && !e->is_for_children_only && (e->mask & dangerous(kind)) != 0 &&
            !is_trusted(e->sid, kind, self))
            return refuse(reason, object, kind, e->sid, "can be changed by");
    }
    return 0;
}

/* The directory that path lies in; the caller frees it. NULL: no memory. */
static char *above(const char *path)
{
    size_t size = strlen(path);
    while (size > 0 && !file_is_separator(path[size - 1]))
        size--;
    if (size > 1 && path[size - 2] != ':') /* not the root: a quote after it would be taken for a part of the path */
        size--;
    return size == 0 ? text_dup(text_from(".")) : text_dup((struct text){path, size});
}

static int short_of_memory(char reason[STATE_GUARD_MAX_REASON])
{
    snprintf(reason, STATE_GUARD_MAX_REASON, "memory is short");
    return -ENOMEM;
}

int state_guard_check_config_as(const char *path, const struct state_guard_self *self,
                                char reason[STATE_GUARD_MAX_REASON])
{
    char *directory = above(path);
    if (directory == NULL)
        return short_of_memory(reason);
    int rc = state_guard_check_as(directory, STATE_GUARD_CONFIG_DIRECTORY, self, reason);
    free(directory);
    return rc < 0 ? rc : state_guard_check_as(path, STATE_GUARD_CONFIG, self, reason);
}

int state_guard_check_program_as(const char *path, const struct state_guard_self *self,
                                 char reason[STATE_GUARD_MAX_REASON])
{
    enum state_guard_kind kind = STATE_GUARD_PROGRAM;
    int rc = state_guard_check_as(path, kind, self, reason);
    char *at = text_dup(text_from(path));
    while (rc == 0) {
        char *next = at == NULL ? NULL : above(at);
        if (next == NULL)
            rc = short_of_memory(reason);
        bool is_root = next != NULL && strcmp(next, at) == 0;
        free(at);
        at = next;
        if (rc < 0 || is_root)
            break;
        rc = state_guard_check_as(at, kind, self, reason);
        kind = STATE_GUARD_CONFIG_DIRECTORY; /* above its own folder others may add what they want */
        if (strcmp(at, ".") == 0)
            break; /* a path that does not say more */
    }
    free(at);
    return rc;
}

struct state_entries {
    const struct state_guard_self *self;
    char *reason;
    const char *directory;
};

static int check_entry(void *context, const char *name)
{
    struct state_entries *e = context;
    char *path = NULL;
    if (file_join(&path, e->directory, name) < 0)
        return short_of_memory(e->reason);
    int rc = state_guard_check_as(path, STATE_GUARD_STATE, e->self, e->reason);
    free(path);
    return rc;
}

int state_guard_check_state_as(const char *directory, const struct state_guard_self *self,
                               char reason[STATE_GUARD_MAX_REASON])
{
    struct state_entries entries = {self, reason, directory};
    int rc = state_guard_check_as(directory, STATE_GUARD_STATE, self, reason);
    if (rc < 0)
        return rc;
    *reason = '\0';
    rc = file_list(directory, check_entry, &entries);
    if (rc < 0 && *reason == '\0')
        snprintf(reason, STATE_GUARD_MAX_REASON, "%.600s can't be looked through: %s", directory, strerror(-rc));
    return rc;
}

int state_guard_check(const char *path, enum state_guard_kind kind, bool is_foreground,
                      char reason[STATE_GUARD_MAX_REASON])
{
    struct state_guard_self self = {0};
    int rc = state_guard_read_self(&self, is_foreground, reason);
    return rc < 0 ? rc : state_guard_check_as(path, kind, &self, reason);
}

int state_guard_check_config(const char *path, bool is_foreground, char reason[STATE_GUARD_MAX_REASON])
{
    struct state_guard_self self = {0};
    int rc = state_guard_read_self(&self, is_foreground, reason);
    return rc < 0 ? rc : state_guard_check_config_as(path, &self, reason);
}

int state_guard_check_program(const char *path, bool is_foreground, char reason[STATE_GUARD_MAX_REASON])
{
    struct state_guard_self self = {0};
    int rc = state_guard_read_self(&self, is_foreground, reason);
    return rc < 0 ? rc : state_guard_check_program_as(path, &self, reason);
}

int state_guard_check_state(const char *directory, bool is_foreground, char reason[STATE_GUARD_MAX_REASON])
{
    struct state_guard_self self = {0};
    int rc = state_guard_read_self(&self, is_foreground, reason);
    return rc < 0 ? rc : state_guard_check_state_as(directory, &self, reason);
}
