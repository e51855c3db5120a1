/*
 * state_guard: who else could change the agent's config and state, and does another agent use the same state?
 * What Windows says of an object is fetched in state_guard_win.c and judged here, in plain C; state_guard_posix.c asks
 * stat(). docs/security.md has the reasons.
 */
#ifndef AGENT_GUARD_STATE_GUARD_H
#define AGENT_GUARD_STATE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest SID as text with its NUL: S-1-, a 48-bit authority in hex, 15 numbers of 10 digits. */
#define STATE_GUARD_MAX_SID 184

/* The service whose own account may write the state. */
#define STATE_GUARD_SERVICE_NAME L"Tripline"

/* The SID of the service "Tripline": install_service_sid(), a test holds the two together. */
#define STATE_GUARD_SERVICE_SID "S-1-5-80-2626929972-1828039956-2459551040-2650350661-2553190788"

/* Entries of one access list that are looked at; one that has more is refused, no sane one comes near. */
#define STATE_GUARD_MAX_ENTRIES 128

/* Most characters of a reason, with its NUL. */
#define STATE_GUARD_MAX_REASON 1536

enum state_guard_kind {
    STATE_GUARD_CONFIG,           /* the config file, and whatever it may say */
    STATE_GUARD_CONFIG_DIRECTORY, /* who may put another file in its place? */
    STATE_GUARD_STATE,            /* the state directory, and the files in it: who may change them? */
    STATE_GUARD_PROGRAM           /* the program, and its folder: who may put other code there? */
};

/* One entry of a discretionary access list. */
struct state_guard_entry {
    char sid[STATE_GUARD_MAX_SID];
    uint32_t mask; /* ACCESS_MASK: learn.microsoft.com/windows/win32/secauthz/access-mask-format */
    bool allows;   /* false: it denies, or audits */
    bool is_for_children_only;
};

struct state_guard_object {
    const char *path;
    bool is_directory;
    bool is_link;                    /* a junction, symbolic link or other reparse point */
    bool has_list;                   /* false: no access list at all, which lets everybody do everything */
    char owner[STATE_GUARD_MAX_SID]; /* may always change the access list */
    struct state_guard_entry entries[STATE_GUARD_MAX_ENTRIES];
    size_t count;
    bool has_more; /* entries */
};

/* Whom to trust beside SYSTEM, Administrators and TrustedInstaller. */
struct state_guard_self {
    char sid[STATE_GUARD_MAX_SID]; /* of this process's account */
    bool is_administrator;         /* it is one of the Administrators, so it is trusted with everything */
    bool is_foreground;            /* "tripline run": the user's own files are good enough */
};

/* Stands in a reason between what is wrong and the command that mends it. */
#define STATE_GUARD_MEND "; only administrators may be able to change it: "

/*
 * 0, or -EPERM with reason: what is wrong, with whom, and the command that mends it.
 * The service's own account may change the state, but not the config: what took the agent over must not stay.
 */
int state_guard_judge(const struct state_guard_object *object, enum state_guard_kind kind,
                      const struct state_guard_self *self, char reason[STATE_GUARD_MAX_REASON]);

/*
 * Looks at the object at path (UTF-8). One that is not there is fine: 0. -EPERM with reason as above; other negative
 * errno values, with reason, when it can't be looked at: then it must not be used either.
 */
int state_guard_check(const char *path, enum state_guard_kind kind, bool is_foreground,
                      char reason[STATE_GUARD_MAX_REASON]);

/* The config file and the directory that it lies in. */
int state_guard_check_config(const char *path, bool is_foreground, char reason[STATE_GUARD_MAX_REASON]);

/*
 * The program, its folder, and the folders that that lies in: whoever can change the first two, or put another in the
 * place of the others, has his code run as the service's account.
 */
int state_guard_check_program(const char *path, bool is_foreground, char reason[STATE_GUARD_MAX_REASON]);

/* The state directory, and all that is in it: somebody may have put it there before the directory was ours. */
int state_guard_check_state(const char *directory, bool is_foreground, char reason[STATE_GUARD_MAX_REASON]);

/* The same as another process would find it: self is that one. Elsewhere than on Windows self counts for nothing. */
int state_guard_check_as(const char *path, enum state_guard_kind kind, const struct state_guard_self *self,
                         char reason[STATE_GUARD_MAX_REASON]);
int state_guard_check_config_as(const char *path, const struct state_guard_self *self,
                                char reason[STATE_GUARD_MAX_REASON]);
int state_guard_check_program_as(const char *path, const struct state_guard_self *self,
                                 char reason[STATE_GUARD_MAX_REASON]);
int state_guard_check_state_as(const char *directory, const struct state_guard_self *self,
                               char reason[STATE_GUARD_MAX_REASON]);

/* This process. 0, or a negative errno value with reason. */
int state_guard_read_self(struct state_guard_self *self, bool is_foreground, char reason[STATE_GUARD_MAX_REASON]);

/* What the process is that the service manager starts, whoever asks; without a service: one with its SID alone. */
void state_guard_read_service(struct state_guard_self *self);

struct state_guard;

/*
 * Takes the state directory for this process alone, until state_guard_release() or its end, however that comes.
 * Returns 0; -EBUSY with reason: another agent has it; other negative errno values with reason.
 */
int state_guard_take(struct state_guard **out, const char *directory, char reason[STATE_GUARD_MAX_REASON]);
void state_guard_release(struct state_guard *guard); /* NULL is allowed */

#endif
