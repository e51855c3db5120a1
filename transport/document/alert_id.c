#include "transport/document/alert_id.h"

_Static_assert(ALERT_ID_SIZE == SHA256_HEX_SIZE, "the id is the digest in hexadecimal");

static int add_text(struct sha256 *sha256, struct text text)
{
    return sha256_add_field(sha256, text.bytes, text.len);
}

static int add_number(struct sha256 *sha256, uint64_t number)
{
    char digits[TEXT_NUMBER_SIZE];
    return add_text(sha256, text_from_number(digits, number));
}

/* What tells an event without a record id from others of its log: all that it says. */
static int add_data(struct sha256 *sha256, const struct event *event)
{
    int rc = add_number(sha256, event->event_id);
    for (size_t i = 0; i < event->data_count && rc == 0; i++)
        if ((rc = add_text(sha256, event->data[i].name)) == 0)
            rc = add_text(sha256, event->data[i].value);
    return rc;
}

/* The record id or, where there is none, pid and command line of a new process, or another event's data: one field or
 * more, so neither can pass for the other. */
static int add_which(struct sha256 *sha256, const struct event *event)
{
    if (event->has_record_id)
        return add_number(sha256, event->record_id);
    if (!event_kind_is_process(event->kind))
        return add_data(sha256, event);
    int rc = event->has_pid ? add_number(sha256, event->pid) : add_text(sha256, text_from(NULL));
    return rc < 0 ? rc : add_text(sha256, event->field[EVENT_COMMAND_LINE]);
}

int alert_id(char id[ALERT_ID_SIZE], struct sha256 *sha256, const struct alert *alert)
{
    const struct event *event = alert->event;
    int rc = sha256_init(sha256);
    if (rc == 0)
        rc = add_text(sha256, text_from(alert->rule->id));
    if (rc == 0)
        rc = add_text(sha256, text_from(alert->rule->version));
    if (rc == 0)
        rc = add_text(sha256, event->field[EVENT_COMPUTER]);
    if (rc == 0)
        rc = add_text(sha256, event->field[EVENT_CHANNEL]);
    if (rc == 0)
        rc = add_which(sha256, event);
    if (rc == 0)
        rc = add_number(sha256, event->time);
    return rc < 0 ? rc : sha256_hex(id, sha256);
}
