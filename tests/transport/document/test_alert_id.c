#include "transport/document/alert_id.h"

#include "tests/test.h"
#include "tests/transport/document/sample.h"
#include <string.h>

/* Made by another hand: python3 -c 'import hashlib,struct; print(hashlib.sha256(b"".join(struct.pack("<Q",len(f))+f
 * for f in [b"2f561e20-...", b"1.2.1", b"EXCH01.corp.example.com", b"Security", b"237286", b"133046080348726726"]))...'
 */
#define ID_4688 "a05291e62c9fad7032de0c9dd8464161bac9023a380bdccdc1792cf7e57a778e"
#define ID_WITHOUT_RECORD "77345eea17b311b259090f313ef924c28994dcbaaad3441cc96cc64058fc3e3b"

static void id_of(char id[ALERT_ID_SIZE], struct sample *sample)
{
    struct sha256 sha256 = {0};
    char again[ALERT_ID_SIZE];
    sample_alert(sample);
    CU_ASSERT_EQUAL(alert_id(id, &sha256, &sample->alert), 0);
    CU_ASSERT_EQUAL(alert_id(again, &sha256, &sample->alert), 0);
    CU_ASSERT_STRING_EQUAL(again, id);
    sha256_clear(&sha256);
    alert_clear(&sample->alert);
}

static void test_known(void)
{
    struct sample sample;
    char id[ALERT_ID_SIZE];
    sample_4688(&sample);
    id_of(id, &sample);
    CU_ASSERT_STRING_EQUAL(id, ID_4688);
}

static void test_without_record(void)
{
    struct sample sample;
    char id[ALERT_ID_SIZE], other[ALERT_ID_SIZE];
    sample_4688(&sample);
    sample.event.has_record_id = false;
    id_of(id, &sample);
    CU_ASSERT_STRING_EQUAL(id, ID_WITHOUT_RECORD);
    sample.event.record_id = 1; /* not known: not looked at */
    id_of(other, &sample);
    CU_ASSERT_STRING_EQUAL(other, id);
    sample.event.pid++;
    id_of(other, &sample);
    CU_ASSERT_STRING_NOT_EQUAL(other, id);
    sample.event.has_pid = false;
    id_of(id, &sample);
    CU_ASSERT_STRING_NOT_EQUAL(other, id);
    sample.event.field[EVENT_COMMAND_LINE].len--;
    id_of(other, &sample);
    CU_ASSERT_STRING_NOT_EQUAL(other, id);
}

/* Rows of a file have neither number nor process: what they say tells them apart. */
static void test_data(void)
{
    struct sample sample;
    struct sha256 sha256 = {0};
    struct event_datum data[2] = {{text_from("Cmdlet"), text_from("Set-X")}, {text_from("User"), text_from("a")}};
    char id[ALERT_ID_SIZE], other[ALERT_ID_SIZE];
    sample_4688(&sample);
    sample_alert(&sample);
    sample.event.kind = EVENT_OTHER;
    sample.event.has_record_id = false;
    sample.event.data = data;
    sample.event.data_count = 2;
    CU_ASSERT_EQUAL(alert_id(id, &sha256, &sample.alert), 0);
    data[1].value = text_from("b");
    CU_ASSERT_EQUAL(alert_id(other, &sha256, &sample.alert), 0);
    CU_ASSERT_STRING_NOT_EQUAL(other, id);
    sample.event.has_record_id = true; /* with a number nothing else is asked */
    CU_ASSERT_EQUAL(alert_id(id, &sha256, &sample.alert), 0);
    data[1].value = text_from("c");
    CU_ASSERT_EQUAL(alert_id(other, &sha256, &sample.alert), 0);
    CU_ASSERT_STRING_EQUAL(other, id);
    sha256_clear(&sha256);
    alert_clear(&sample.alert);
}

/* Each named part alone makes another id; nothing else does. */
static void test_parts(void)
{
    char id[ALERT_ID_SIZE], other[ALERT_ID_SIZE];
    struct rule rule = *rule_set_at(sample_rules(), 0);
    for (int part = 0; part < 9; part++) {
        struct sample sample;
        sample_4688(&sample);
        id_of(id, &sample);
        rule = *rule_set_at(sample_rules(), 0);
        sample.match.rule = &rule;
        switch (part) {
        case 0:
            rule.id = "another";
            break;
        case 1:
            rule.version = "1.2.2";
            break;
        case 2:
            sample.event.field[EVENT_COMPUTER] = text_from("EXCH02.corp.example.com");
            break;
        case 3:
            sample.event.field[EVENT_CHANNEL] = text_from("ForwardedEvents");
            break;
        case 4:
            sample.event.record_id++;
            break;
        case 5:
            sample.event.time++;
            break;
        case 6:
            sample.event.field[EVENT_COMMAND_LINE] = text_from("x");
            break;
        case 7:
            sample.event.pid = 1;
            break;
        default:
            sample.event.field[EVENT_SUBJECT_NAME] = text_from("x");
            break;
        }
        id_of(other, &sample);
        CU_ASSERT_EQUAL(strcmp(id, other) == 0, part >= 6);
    }
}

/* "ab","c" is not "a","bc". */
static void test_borders(void)
{
    struct sample sample;
    char id[ALERT_ID_SIZE], other[ALERT_ID_SIZE];
    sample_4688(&sample);
    sample.event.field[EVENT_COMPUTER] = text_from("ab");
    sample.event.field[EVENT_CHANNEL] = text_from("c");
    id_of(id, &sample);
    sample.event.field[EVENT_COMPUTER] = text_from("a");
    sample.event.field[EVENT_CHANNEL] = text_from("bc");
    id_of(other, &sample);
    CU_ASSERT_STRING_NOT_EQUAL(other, id);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"known id", test_known},
        {"an event without a record id", test_without_record},
        {"an event that is no process", test_data},
        {"the parts that make it", test_parts},
        {"parts don't run into each other", test_borders},
        CU_TEST_INFO_NULL,
    };
    return test_main("alert_id", tests);
}
