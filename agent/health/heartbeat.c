#include "agent/health/heartbeat.h"

#include "agent/system/version.h"
#include "detect/event/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Version of the Elastic Common Schema whose field names the document has, as alerts do
 * (transport/document/encode_ecs.c). */
#define ECS_VERSION "9.4.0"

static const char no_hash[] = "0000000000000000000000000000000000000000000000000000000000000000";

static bool is_hash(const char *text)
{
    return strlen(text) == SHA256_HEX_SIZE - 1 && strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

bool heartbeat_chain_parse(struct heartbeat_chain *chain, const char *text)
{
    if (text == NULL) {
        chain->sequence = 0;
        memcpy(chain->hash, no_hash, sizeof(chain->hash));
        return true;
    }
    char *end;
    unsigned long long sequence = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != ' ' || !is_hash(end + 1))
        return false;
    chain->sequence = sequence;
    memcpy(chain->hash, end + 1, sizeof(chain->hash));
    return true;
}

void heartbeat_chain_text(char to[SHA256_HEX_SIZE + 24], const struct heartbeat_chain *chain)
{
    snprintf(to, SHA256_HEX_SIZE + 24, "%" PRIu64 " %s", chain->sequence, chain->hash);
}

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* [[first, last], ...] */
static json_t *ranges(const struct health_coverage *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->lost_count; i++)
        (void)json_array_append_new(list, /* a missing one is missing memory, seen when the document is dumped */
                                    json_pack("[o, o]", number(c->lost[i].first), number(c->lost[i].last)));
    return list;
}

/* What has become of one source's records: everything after "after", up to "to", was read and kept. */
static json_t *receipt(const struct health_source *s)
{
    const struct health_coverage *c = &s->coverage;
    bool has_to = c->has_end || c->has_begin;
    return json_pack("{s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "source", status_string(s->name),
                     "state", status_state(s->state), "after", c->has_begin ? number(c->begin) : json_null(), "to",
                     !has_to      ? json_null()
                     : c->has_end ? number(c->end)
                                  : number(c->begin),
                     "restarted", (int)c->has_restarted, "events", number(s->events), "matches", number(s->matches),
                     "empty_command_lines", number(s->empty_command_lines), "bad_events", number(s->bad_events), "lost",
                     ranges(c), "lost_events", number(s->lost), "backlog",
                     s->has_backlog ? number(s->backlog) : json_null());
}

static json_t *receipts(const struct health_figures *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->source_count; i++)
        (void)json_array_append_new(list, receipt(&f->sources[i])); /* as above */
    return list;
}

static json_t *outputs(const struct health_figures *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->output_count; i++) {
        const struct health_output *o = &f->outputs[i];
        (void)json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "name",
                                                    status_string(o->name), "delivered", number(o->delivered),
                                                    "heartbeats", number(o->heartbeats), "waiting", number(o->waiting),
                                                    "refused", number(o->refused), "failures", number(o->failures),
                                                    "failing", (int)(o->failing > INT32_MAX ? INT32_MAX : o->failing)));
    }
    return list;
}

/* All that the hash is over, but for the hash. Whole numbers and texts only: they are written alike everywhere. */
static json_t *content(const struct heartbeat_chain *chain, const struct status_about *about,
                       const struct status_now *now, const char *boot, uint64_t skipped)
{
    const struct health_figures *f = now->figures;
    long long bad = (long long)json_integer_value(json_object_get(now->doctor, "bad"));
    json_t *process = json_pack("{s:o, s:o, s:o, s:o, s:i}", "cpu_ms", number(now->process.cpu_ms), "private_bytes",
                                number(now->process.private_bytes), "handles", number(now->process.handles), "threads",
                                number(now->process.threads), "pace_ms", (int)f->pace_ms);
    json_t *store = json_pack("{s:o, s:o, s:o}", "waiting", number(now->store.waiting), "bytes",
                              number(now->store.bytes), "dead", number(now->store.dead));
    return json_pack("{s:i, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I}",
                     "format", 1, "sequence", number(chain->sequence + 1), "previous", chain->hash, "agent_id",
                     about->agent_id, "boot", boot, "host", status_string(about->host), "time",
                     status_time(event_time_now()), "started", status_time(f->started), "version", version_number,
                     "uptime_s", number(f->uptime_ms / 1000u), "skipped", number(skipped), "config_sha256",
                     about->config_sha256, "token", status_token(about->token), "process", process, "store", store,
                     "outputs", outputs(f), "receipts", receipts(f), "doctor_bad", (json_int_t)bad);
}

/* The hash of what stands in object: its JSON text with the keys in order, no blanks, UTF-8. */
static int hash_of(char hash[SHA256_HEX_SIZE], const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    int rc = text == NULL ? -ENOMEM : sha256_of(hash, text, strlen(text));
    free(text);
    return rc;
}

static json_t *wrap(json_t *inside, const char *hash, const struct status_about *about, uint64_t sequence)
{
    const char *time = json_string_value(json_object_get(inside, "time"));
    return json_pack(
        "{s:s, s:{s:s}, s:{s:s, s:[s], s:[s], s:s, s:s, s:s, s:s, s:o}, s:{s:o}, s:{s:s, s:s, s:s}, s:{s:o}}",
        "@timestamp", time, "ecs", "version", ECS_VERSION, "event", "kind", "metric", "category", "host", "type",
        "info", "module", "tripline", "dataset", "tripline.heartbeat", "id", hash, "created", time, "sequence",
        number(sequence), "host", "name", status_string(about->host), "agent", "type", "tripline", "version",
        version_number, "id", about->agent_id, "tripline", "heartbeat", inside);
}

int heartbeat_make(char id[ALERT_ID_SIZE], char **document, struct heartbeat_chain *next,
                   const struct heartbeat_chain *chain, const struct status_about *about, const struct status_now *now,
                   const char *boot, uint64_t skipped)
{
    char hash[SHA256_HEX_SIZE];
    json_t *inside = content(chain, about, now, boot, skipped);
    if (inside == NULL)
        return -ENOMEM;
    int rc = hash_of(hash, inside);
    if (rc == 0 && json_object_set_new(inside, "hash", json_string(hash)) < 0)
        rc = -ENOMEM;
    if (rc < 0) {
        json_decref(inside);
        return rc;
    }
    json_t *whole = wrap(inside, hash, about, chain->sequence + 1); /* takes over inside, also when it fails */
    char *text = whole == NULL ? NULL : json_dumps(whole, JSON_COMPACT);
    json_decref(whole);
    if (text == NULL)
        return -ENOMEM;
    *document = text;
    next->sequence = chain->sequence + 1;
    memcpy(next->hash, hash, sizeof(next->hash));
    (void)text_copy(id, ALERT_ID_SIZE, text_from(hash)); /* same size */
    return 0;
}
