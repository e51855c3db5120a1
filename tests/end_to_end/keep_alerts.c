/*
 * keep_alerts: puts alerts into an agent's outbox, as a collector would, so that the program's outputs can be tried
 * where there is no Event Log.
 *
 *     keep_alerts DATABASE OUTPUT... < ALERTS        one document a line; prints how many were new
 */
#include "transport/store.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, const struct fault *fault)
{
    char text[512] = "";
    fprintf(stderr, "keep_alerts: %s: %s\n", what, fault_text(fault, text, sizeof(text)));
    return 1;
}

/* Keeps one line's document under its event.id. */
static int keep_line(struct store *store, const char *line, size_t size, size_t *total, struct fault *fault)
{
    size_t added = 0;
    json_t *document = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
    const char *id = json_string_value(json_object_get(json_object_get(document, "event"), "id"));
    int rc = -EBADMSG;
    if (id != NULL) {
        struct store_alert alert = {id, line, size};
        rc = store_keep(store, &alert, 1, NULL, NULL, &added, fault);
    }
    json_decref(document);
    *total += added;
    return rc;
}

int main(int argc, char **argv)
{
    struct fault fault = {.call = NULL};
    struct store *store = NULL;
    char *line = NULL;
    size_t room = 0, total = 0;
    ssize_t size;
    int rc = 0;
    if (argc < 3) {
        fprintf(stderr, "usage: keep_alerts DATABASE OUTPUT... < ALERTS\n");
        return 2;
    }
    struct store_settings settings = {.path = argv[1],
                                      .outputs = (const char *const *)argv + 2,
                                      .output_count = (size_t)argc - 2,
                                      .max_alerts = 1000000,
                                      .max_bytes = 1u << 30};
    if (store_open(&store, &settings, &fault) < 0)
        return fail("opening", &fault);
    while (rc == 0 && (size = getline(&line, &room, stdin)) > 0)
        rc = keep_line(store, line, (size_t)size - (line[size - 1] == '\n' ? 1 : 0), &total, &fault);
    free(line);
    store_close(store);
    if (rc < 0)
        return fail("keeping", &fault);
    printf("%zu\n", total);
    return 0;
}
