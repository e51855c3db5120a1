#include "transport/document/encode_sentinel.h"

#include "tests/test.h"
#include "tests/transport/document/sample.h"
#include "transport/document/document.h"
#include "transport/document/encode_ecs.h"
#include <stdlib.h>
#include <string.h>

/* Of the next documents: the alert that they add to; NULL: none. */
static const char *follows;

/* sample's ECS document; ends the program if it can't be made. */
static json_t *document_of(struct sample *sample)
{
    char *text = NULL;
    size_t size = 0;
    struct encode_agent agent = {"0.1.0", "11111111-2222-4333-8444-555555555555"};
    sample_alert(sample);
    sample->alert.follows = follows;
    sample->alert.action = "witness-added";
    struct encode_ecs_kept kept = {0};
    if (encode_ecs(&text, &size, &kept, &sample->alert, sample->id, &agent) < 0)
        exit(1);
    encode_ecs_clear(&kept);
    alert_clear(&sample->alert);
    json_t *ecs = document_parse(text, size);
    free(text);
    if (ecs == NULL)
        exit(1);
    return ecs;
}

/* sample in the other encoding, also written down for the schema; the caller releases it. */
static json_t *make(struct sample *sample, const char *name)
{
    char path[512];
    json_t *ecs = document_of(sample), *before = json_deep_copy(ecs);
    json_t *made = encode_sentinel(ecs);
    CU_ASSERT_PTR_NOT_NULL_FATAL(made);
    CU_ASSERT(json_equal(ecs, before)); /* it is read only */
    snprintf(path, sizeof(path), "%s/%s.json", TEST_DOCUMENTS, name);
    CU_ASSERT_EQUAL(json_dump_file(made, path, JSON_COMPACT), 0);
    json_decref(before);
    json_decref(ecs);
    return made;
}

static void test_every_row(void)
{
    struct sample sample;
    sample_4688(&sample);
    json_decref(make(&sample, "security_4688"));
    sample_sysmon(&sample);
    json_decref(make(&sample, "sysmon_1"));
    sample_device_process(&sample);
    json_decref(make(&sample, "device_process"));
    sample_4688(&sample);
    sample.event.field[EVENT_COMMAND_LINE] = (struct text){"a\0\x01\xED\xA0\x80z", 7};
    sample.event.field[EVENT_SUBJECT_NAME] = sample.event.field[EVENT_SUBJECT_SID] = text_from("");
    json_decref(make(&sample, "odd"));
}

/* The rule's columns, AlertId, and no Type. */
static void test_values(void)
{
    struct sample sample;
    sample_4688(&sample);
    json_t *made = make(&sample, "values");
    CU_ASSERT_EQUAL(json_object_size(made), 26); /* the rule's 25 columns less Type, SourceTable, AlertId */
    CU_ASSERT_PTR_NULL(json_object_get(made, "Type"));
    CU_ASSERT_STRING_EQUAL(document_text(made, "SourceTable"), "SecurityEvent");
    CU_ASSERT_STRING_EQUAL(document_text(made, "HostEntity"), "EXCH01.corp.example.com");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(made, "DomainIndex")), 6);
    CU_ASSERT_EQUAL(strlen(document_text(made, "AlertId")), 64);
    json_decref(made);
}

/* How many more allocations of Jansson succeed. */
static long allocations_left;

static void *limited_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Whichever allocation fails: NULL, and nothing leaks (AddressSanitizer looks). */
static void test_out_of_memory(void)
{
    struct sample sample;
    sample_sysmon(&sample);
    json_t *ecs = document_of(&sample), *made = NULL;
    long needed = 0;
    json_set_alloc_funcs(limited_malloc, free);
    for (; made == NULL && needed < 100000; needed++) {
        allocations_left = needed;
        made = encode_sentinel(ecs);
    }
    json_set_alloc_funcs(malloc, free);
    CU_ASSERT_PTR_NOT_NULL(made);
    CU_ASSERT(needed > 2);
    json_decref(made);
    json_decref(ecs);
}

/* What adds to an alert names it. */
static void test_follow_up(void)
{
    static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct sample sample;
    sample_sysmon(&sample);
    follows = id;
    json_t *made = make(&sample, "sentinel_follow_up");
    follows = NULL;
    CU_ASSERT_STRING_EQUAL(document_text(made, "FollowsAlertId"), id);
    CU_ASSERT_STRING_NOT_EQUAL(document_text(made, "AlertId"), id);
    json_decref(made);
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"every row", test_every_row},   {"values", test_values}, {"out of memory", test_out_of_memory},
        {"a follow-up", test_follow_up}, CU_TEST_INFO_NULL,
    };
    return test_main("encode_sentinel", tests);
}
