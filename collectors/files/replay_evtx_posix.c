#include "collectors/files/replay_evtx.h"

#include <errno.h>
#include <libevtx.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct reader {
    libevtx_file_t *file;
    struct text path;
    struct event_xml *xml;
    const struct collector_sink *sink;
    struct replay_evtx_counts *counts;
    char *text; /* XML of the record */
    size_t text_size;
};

/* Fills fault with libevtx's error and frees that. */
static void take_error(struct fault *fault, const char *call, struct text path, libevtx_error_t **error)
{
    char message[sizeof(fault->detail)] = "";
    if (*error != NULL && libevtx_error_sprint(*error, message, sizeof(message)) < 0)
        message[0] = '\0';
    libevtx_error_free(error);
    fault_set(fault, call, 0, path, message);
}

/* Sets *length to the bytes of the record's XML, which is put in r->text. False: libevtx says no (error), or no memory.
 */
static bool render(struct reader *r, libevtx_record_t *record, size_t *length, libevtx_error_t **error)
{
    size_t size = 0; /* with the NUL */
    if (libevtx_record_get_utf8_xml_string_size(record, &size, error) != 1 || size == 0)
        return false;
    if (size > r->text_size) {
        char *text = realloc(r->text, size);
        if (text == NULL)
            return false;
        r->text = text;
        r->text_size = size;
    }
    if (libevtx_record_get_utf8_xml_string(record, (uint8_t *)r->text, size, error) != 1)
        return false;
    *length = size - 1;
    return true;
}

static void report_bad(struct reader *r, uint64_t number, const char *call, libevtx_error_t **error)
{
    struct fault fault;
    take_error(&fault, call, r->path, error);
    struct collector_report report = {
        .kind = COLLECTOR_BAD_EVENT, .source = r->path, .offset = number, .fault = &fault};
    r->counts->bad++;
    r->sink->report(r->sink->context, &report);
}

static int read_record(struct reader *r, int index)
{
    uint64_t number = (uint64_t)index + 1;
    libevtx_record_t *record = NULL;
    libevtx_error_t *error = NULL;
    if (libevtx_file_get_record_by_index(r->file, index, &record, &error) != 1) {
        report_bad(r, number, "libevtx_file_get_record_by_index", &error);
        return 0;
    }
    size_t length = 0;
    int rc = 0;
    if (render(r, record, &length, &error)) {
        event_xml_place(r->xml, number);
        rc = event_xml_feed(r->xml, r->text, length);
        if (rc == 0)
            rc = event_xml_end(r->xml);
        if (rc == 0)
            rc = collector_alive(r->sink, true);
    } else if (error == NULL) {
        rc = -ENOMEM;
    } else {
        report_bad(r, number, "libevtx_record_get_utf8_xml_string", &error);
    }
    (void)libevtx_record_free(&record, NULL); /* fails only for NULL */
    return rc;
}

static int read_records(struct reader *r, struct fault *fault)
{
    libevtx_error_t *error = NULL;
    int count = 0;
    if (libevtx_file_get_number_of_records(r->file, &count, &error) != 1) {
        take_error(fault, "libevtx_file_get_number_of_records", r->path, &error);
        return -EBADMSG;
    }
    int rc = 0;
    for (int i = 0; rc == 0 && i < count; i++)
        rc = read_record(r, i);
    if (rc == 0 && libevtx_file_is_corrupted(r->file, &error) != 0) {
        libevtx_error_free(&error);
        fault_set(fault, "libevtx_file_is_corrupted", 0, r->path, "the file is damaged or breaks off");
        rc = -EBADMSG;
    }
    return rc;
}

/* Can the file be opened at all? libevtx's own answer doesn't say why not. */
static int probe(const char *name, struct text path, uint64_t *bytes, struct fault *fault)
{
    struct stat status;
    if (stat(name, &status) != 0) {
        int code = errno;
        fault_set(fault, "stat", code, path, strerror(code));
        return -code;
    }
    *bytes = (uint64_t)status.st_size;
    return 0;
}

int replay_evtx_file(struct text path, struct event_xml *xml, const struct collector_sink *sink,
                     struct replay_evtx_counts *counts, struct fault *fault)
{
    *counts = (struct replay_evtx_counts){0};
    struct reader r = {.path = path, .xml = xml, .sink = sink, .counts = counts};
    libevtx_error_t *error = NULL;
    char *name = malloc(path.len + 1);
    if (name == NULL)
        return -ENOMEM;
    (void)text_copy(name, path.len + 1, path); /* it fits */

    int rc = probe(name, path, &counts->bytes, fault);
    if (rc < 0)
        goto out;
    if (libevtx_file_initialize(&r.file, &error) != 1) {
        take_error(fault, "libevtx_file_initialize", path, &error);
        rc = -ENOMEM;
        goto out;
    }
    if (libevtx_file_open(r.file, name, LIBEVTX_OPEN_READ, &error) != 1) {
        take_error(fault, "libevtx_file_open", path, &error);
        rc = -EBADMSG;
        goto out;
    }
    rc = read_records(&r, fault);
    (void)libevtx_file_close(r.file, NULL); /* read only: nothing to be lost */
out:
    if (r.file != NULL)
        (void)libevtx_file_free(&r.file, NULL); /* fails only for NULL */
    free(r.text);
    free(name);
    return rc;
}
