/*
 * status_file: what the running agent says of itself in status.json of its state directory, replaced in one step every
 * few seconds; and how another process reads and judges it. The fields: docs/operations.md, "Status".
 */
#ifndef AGENT_HEALTH_STATUS_FILE_H
#define AGENT_HEALTH_STATUS_FILE_H

#include "agent/guard/token.h"
#include "agent/health/health.h"
#include "agent/system/process.h"
#include "transport/outbox/store.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define STATUS_FILE_NAME "status.json"

/* The file is written this often, and is too old when STATUS_LATE of these have gone by without a new one. */
#define STATUS_INTERVAL_S 5u
#define STATUS_LATE 4u

/* Most bytes of a status file. */
#define STATUS_MAX_SIZE (4u * 1024u * 1024u)

/* What does not change by itself while the agent runs. Borrowed. */
struct status_about {
    const char *state; /* "running", "stopped" */
    const char *agent_id, *host;
    const struct token_facts *token; /* NULL: not known */
    uint64_t process_begin;
    const char *config_path, *config_sha256;
    uint64_t config_loaded;         /* time, as in health.h */
    bool is_config_refused;         /* what stands in the file now is not what runs: it has mistakes */
    uint64_t max_alerts, max_bytes; /* of the store */
};

struct status_now {
    const struct health_figures *figures;
    struct store_counts store;
    struct process_figures process;
    double cpu_percent;   /* of one core, averaged over the last minute */
    const json_t *doctor; /* what doctor_json() made, or NULL; not taken over */
};

/* A new object for the caller, or NULL when memory is short. Texts that are not UTF-8 are made so. */
json_t *status_json(const struct status_about *about, const struct status_now *now);

/* text as a JSON string, whatever bytes it holds; NULL when memory is short. */
json_t *status_string(const char *text);
/* time as in health.h: "2026-11-24T12:00:00.000Z", or null for 0. */
json_t *status_time(uint64_t time);
/* {"account", "sid", "integrity" (null: there is no such thing), "administrator", "privileges", "groups",
 * "more_groups"}; null for NULL. A group is "SID NAME", or its SID alone. What is switched off, or only denies, stands
 * with "(off)", "(deny only)" after it, as in token_text(). NULL when memory is short. */
json_t *status_token(const struct token_facts *token);
/* Name of a source's state: "reading". Static. */
const char *status_state(enum health_state state);

/* Writes document (not taken over) to path in one step. Returns 0; 1: the disk is full, and it was written over the one
 * that was there; or a negative errno value. */
int status_write(const char *path, const json_t *document);

/* The same for a text that is there already. */
int status_write_text(const char *path, const char *text);

/* Reads a file that status_write wrote. -EBADMSG: it is none. The caller releases *out with json_decref. */
int status_read(json_t **out, const char *path);

/* Also the exit codes of "tripline status". */
enum status_verdict {
    STATUS_WATCHING = 0, /* runs, and nothing is amiss */
    STATUS_TROUBLE = 1,  /* runs; something is amiss */
    STATUS_STOPPED = 3,  /* was stopped, as one stops it */
    STATUS_DEAD = 4,     /* its process is gone without that */
    STATUS_STUCK = 5,    /* its process is there, but it or a thread of it gives no sign of life */
    STATUS_UNKNOWN = 6   /* there is no status file, or it can't be read */
};

/* Most reasons, and bytes of one. */
#define STATUS_MAX_REASONS 16
#define STATUS_REASON_SIZE 512

struct status_judgement {
    enum status_verdict verdict;
    char reasons[STATUS_MAX_REASONS][STATUS_REASON_SIZE]; /* each a sentence without its full stop */
    size_t count;
};

/* Judges a document that status_read gave, at the time now; is_alive: process_is_alive() of its pid and begin. */
void status_judge(struct status_judgement *out, const json_t *document, uint64_t now, bool is_alive);

/* "watching", "trouble" ... Static. */
const char *status_word(enum status_verdict verdict);

#endif
