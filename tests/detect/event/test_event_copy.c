#include "detect/event/event_copy.h"
#include "tests/test.h"

/* A copy holds its own texts, absent and empty ones as they were, and all that is no text. */
static void test_copy(void)
{
    char name[] = "Name", value[] = "Value", host[] = "host";
    const struct event_datum data[] = {{text_from(name), text_from(value)},
                                       {{NULL, 0}, text_from(value)},
                                       {text_from("Large"), text_from("left out")},
                                       {text_from("Empty"), text_from("")}};
    struct event event = {.kind = EVENT_OTHER, .event_id = 9, .record_id = 7, .data = data, .data_count = 4};
    struct event_copy copy = {.size = 0};
    event.field[EVENT_COMPUTER] = text_from(host);
    event.field[EVENT_CHANNEL] = text_from("");
    CU_ASSERT_EQUAL_FATAL(event_copy_make(&copy, &event, text_from("Large")), 0);
    memset(name, 'x', sizeof(name) - 1);
    memset(value, 'x', sizeof(value) - 1);
    memset(host, 'x', sizeof(host) - 1);
    const struct event *e = &copy.event;
    CU_ASSERT(e->kind == EVENT_OTHER && e->event_id == 9 && e->record_id == 7 && e->data_count == 4);
    CU_ASSERT(text_equal(e->field[EVENT_COMPUTER], text_from("host")));
    CU_ASSERT(e->field[EVENT_CHANNEL].bytes != NULL && e->field[EVENT_PROVIDER].bytes == NULL);
    CU_ASSERT(text_equal(event_data(e, text_from("Name")), text_from("Value")));
    CU_ASSERT(e->data[1].name.bytes == NULL && text_equal(e->data[1].value, text_from("Value")));
    CU_ASSERT(event_data(e, text_from("Large")).bytes != NULL && event_data(e, text_from("Large")).len == 0);
    CU_ASSERT(event_data(e, text_from("Empty")).bytes != NULL);
    CU_ASSERT(copy.size > sizeof(copy));
    event_copy_clear(&copy);
    event_copy_clear(&copy); /* zeros */
    CU_ASSERT_EQUAL(copy.size, 0);
}

static void test_nothing(void)
{
    struct event event = {.kind = EVENT_OTHER};
    struct event_copy copy = {.size = 0};
    CU_ASSERT_EQUAL_FATAL(event_copy_make(&copy, &event, (struct text){NULL, 0}), 0);
    CU_ASSERT_EQUAL(copy.event.data_count, 0);
    event_copy_clear(&copy);
}

int main(void)
{
    static const CU_TestInfo tests[] = {{"copy", test_copy}, {"nothing", test_nothing}, CU_TEST_INFO_NULL};
    return test_main("event_copy", tests);
}
