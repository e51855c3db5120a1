/*
 * output_clickhouse: INSERT INTO table FORMAT JSONEachRow over ClickHouse's HTTP interface
 * (clickhouse.com/docs/interfaces/http). One row an alert: the columns of docs/outputs.md, and the whole document. The
 * table removes repeats by id.
 */
#include "transport/document/document.h"
#include "transport/https/url.h"
#include "transport/outputs/output_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clickhouse_settings {
    char *user, *password; /* secret; NULL: none */
    char *database, *table;
};

static const struct setting settings_table[] = {
    SETTING_AS_TEXT("user", struct clickhouse_settings, user, "none", 256),
    SETTING_AS_SECRET("password", struct clickhouse_settings, password, "none", 1024),
    SETTING_AS_INITIAL("database", struct clickhouse_settings, database, "default", 64),
    SETTING_AS_INITIAL("table", struct clickhouse_settings, table, "tripline_alerts", 64),
};

struct clickhouse {
    struct output_http http;
};

/* Columns that are texts, and where they stand in the document. */
static const char *const text_columns[][2] = {
    {"kind", "event.kind"},
    {"rule_id", "rule.id"},
    {"rule_name", "rule.name"},
    {"severity", "log.level"},
    {"host", "host.name"},
    {"user_domain", "user.domain"},
    {"user_name", "user.name"},
    {"process_executable", "process.executable"},
    {"process_command_line", "process.command_line"},
    {"parent_executable", "process.parent.executable"},
    {"parent_command_line", "process.parent.command_line"},
    {"event_time", "@timestamp"},
};

static void clickhouse_close(void *state)
{
    struct clickhouse *clickhouse = state;
    output_http_close(&clickhouse->http);
    free(clickhouse);
}

/* The whole URL: where, and into what. */
static int make_url(char **url, const struct output_settings *settings)
{
    const struct clickhouse_settings *own = settings->own;
    char database[128], query[256];
    snprintf(database, sizeof(database), "database=%s", own->database);
    snprintf(query, sizeof(query), "query=INSERT INTO %s FORMAT JSONEachRow", own->table);
    /* A table may lack a column of ours; without the setting the whole insert would fail with a 5xx. */
    const char *const pairs[] = {database, query, "input_format_skip_unknown_fields=1", NULL};
    return url_make(url, settings->https.url, NULL, pairs);
}

/* A name that needs no quotes in SQL. */
static bool is_identifier(const char *name)
{
    size_t size = strlen(name);
    return size >= 1 && size <= 64 && !(name[0] >= '0' && name[0] <= '9') &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static int clickhouse_open(void **state, const struct output_settings *settings, struct fault *fault)
{
    const struct clickhouse_settings *own = settings->own;
    char *url = NULL, *header = NULL;
    if (!is_identifier(own->database) || !is_identifier(own->table)) {
        fault_set(fault, "output_open", EINVAL, text_from(settings->name),
                  "database and table have 1 to 64 letters, digits or _, and begin with no digit");
        return -EINVAL;
    }
    struct clickhouse *clickhouse = calloc(1, sizeof(*clickhouse));
    int rc = clickhouse == NULL ? -ENOMEM : make_url(&url, settings);
    if (rc == 0 && own->user != NULL)
        rc = output_http_basic(&header, own->user, own->password == NULL ? "" : own->password);
    if (rc == 0)
        rc = output_http_open(&clickhouse->http, settings, url, header, fault);
    output_http_wipe(header);
    output_http_wipe(url);
    if (rc < 0)
        free(clickhouse);
    else
        *state = clickhouse;
    return rc;
}

static void clickhouse_cancel(void *state)
{
    output_http_cancel(&((struct clickhouse *)state)->http);
}

/* NULL: no memory. DateTime columns take seconds since 1970. */
static json_t *row_of(const struct output_alert *alert)
{
    json_t *row = json_object();
    bool good = json_object_set_new(row, "id", json_string(alert->id)) == 0;
    uint64_t time = document_time(alert->ecs, "@timestamp") / 10000000u;
    uint64_t created = document_time(alert->ecs, "event.created") / 10000000u;
    good = good && json_object_set_new(row, "time", json_integer((json_int_t)time)) == 0 &&
           json_object_set_new(row, "created", json_integer((json_int_t)created)) == 0;
    for (size_t i = 0; good && i < sizeof(text_columns) / sizeof(text_columns[0]); i++)
        good = document_copy(row, text_columns[i][0], alert->ecs, text_columns[i][1]) == 0;
    good = good && document_copy(row, "process_pid", alert->ecs, "process.pid") == 0 &&
           json_object_set_new(row, "document", json_stringn_nocheck(alert->document, alert->size)) == 0;
    if (!good) {
        json_decref(row);
        row = NULL;
    }
    return row;
}

static void clickhouse_send(void *state, const struct output_alert *alerts, size_t count, struct output_result *result)
{
    struct clickhouse *clickhouse = state;
    struct output_body body = {.bytes = NULL};
    struct https_request request = {.content_type = "application/x-ndjson"};
    for (size_t i = 0; i < count; i++) {
        output_body_add_json(&body, row_of(&alerts[i]));
        output_body_add_text(&body, "\n");
    }
    int rc = output_http_send_alerts(&clickhouse->http, &body, &request, alerts, count, result);
    /* The server may find a mistake after its 200 went out; then the answer, otherwise empty, says so. */
    if (rc == 0 && result->outcome == OUTPUT_DELIVERED && clickhouse->http.reply.size > 0)
        output_http_unconfirmed(result, "the server said 200 and then something else than nothing: is it ClickHouse?");
    output_body_free(&body);
}

const struct output_type output_clickhouse = {
    .name = "clickhouse",
    .settings = settings_table,
    .setting_count = sizeof(settings_table) / sizeof(settings_table[0]),
    .settings_size = sizeof(struct clickhouse_settings),
    .speaks_http = true,
    .encoding = "ecs",
    .gzip = "yes",
    .max_batch_kilobytes = OUTPUT_MAX_KILOBYTES,
    .open = clickhouse_open,
    .close = clickhouse_close,
    .send = clickhouse_send,
    .cancel = clickhouse_cancel,
};
