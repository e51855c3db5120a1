#include "detect/event/event.h"
#include "tests/test.h"

#include <string.h>

static void test_time(void)
{
    static const struct {
        const char *text, *want; /* want NULL: refused */
    } cases[] = {
        {"2022-08-10T12:27:14.872672600Z", "2022-08-10T12:27:14.8726726Z"},
        {"2022-08-10T12:27:14.8726726Z", "2022-08-10T12:27:14.8726726Z"},
        {"2022-09-23 00:00:46.275", "2022-09-23T00:00:46.2750000Z"},
        {"2022-08-10T12:27:14Z", "2022-08-10T12:27:14.0000000Z"},
        {"2022-08-10T12:27:14.Z", "2022-08-10T12:27:14.0000000Z"},
        {"2022-08-10T12:27:14.123456789Z", "2022-08-10T12:27:14.1234567Z"},
        {"2022-08-10T12:27:14.1234567890Z", NULL}, /* ten digits */
        {"1601-01-01T00:00:00Z", "1601-01-01T00:00:00.0000000Z"},
        {"1600-12-31T23:59:59Z", NULL},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.0000000Z"},
        {"2000-02-29T23:59:59.9999999Z", "2000-02-29T23:59:59.9999999Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000Z"},
        {"2100-02-29T00:00:00Z", NULL}, /* no leap year */
        {"2023-02-29T00:00:00Z", NULL},
        {"2024-12-31T23:59:59Z", "2024-12-31T23:59:59.0000000Z"},
        {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
        {"2024-13-01T00:00:00Z", NULL},
        {"2024-00-01T00:00:00Z", NULL},
        {"2024-01-00T00:00:00Z", NULL},
        {"2024-01-32T00:00:00Z", NULL},
        {"2024-01-01T24:00:00Z", NULL},
        {"2024-01-01T00:60:00Z", NULL},
        {"2024-01-01T00:00:60Z", NULL},
        {"2024-01-01T00:00:00Zx", NULL},
        {"2024-01-01X00:00:00Z", NULL},
        {"2024-1-01T00:00:00Z", NULL},
        {"2019-03-05 14:23:11.123456+00:00", "2019-03-05T14:23:11.1234560Z"},
        {"2019-03-05 14:23:11.123456 UTC", "2019-03-05T14:23:11.1234560Z"},
        {"2019-03-05T01:23:11+02:00", "2019-03-04T23:23:11.0000000Z"},
        {"2019-03-05T23:23:11-0530", "2019-03-06T04:53:11.0000000Z"},
        {"2019-03-05T01:23:11+24:00", NULL},
        {"2019-03-05T01:23:11+02:60", NULL},
        {"2019-03-05T01:23:11+02", NULL},
        {"2019-03-05T01:23:11 CET", NULL},
        {"1601-01-01T00:00:00+00:01", NULL},
        {"", NULL},
        {"2024", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t time = 42;
        bool ok = event_time_parse(&time, text_from(cases[i].text));
        CU_ASSERT(ok == (cases[i].want != NULL));
        if (!ok) {
            CU_ASSERT(time == 42);
            continue;
        }
        char text[EVENT_TIME_SIZE];
        event_time_format(text, time);
        CU_ASSERT_STRING_EQUAL(text, cases[i].want);
    }
}

/* Known points: 1970 in FILETIME's documentation; one day is 864,000,000,000 ticks. */
static void test_ticks(void)
{
    uint64_t time = 0;
    CU_ASSERT(event_time_parse(&time, text_from("1970-01-01T00:00:00Z")) && time == 116444736000000000u);
    CU_ASSERT(event_time_parse(&time, text_from("1601-01-02T00:00:00.0000001Z")) && time == 864000000001u);
    char text[EVENT_TIME_SIZE];
    for (uint64_t day = 0; day < 3067671; day++) { /* each day up to the year 9999 */
        uint64_t back = 0;
        event_time_format(text, day * 864000000000u);
        if (!event_time_parse(&back, text_from(text)) || back != day * 864000000000u)
            CU_FAIL_FATAL("a day does not come back");
    }
    event_time_format(text, UINT64_MAX); /* beyond what it can say: still text of that shape */
    CU_ASSERT(strlen(text) == 28 && strncmp(text, "9999-12-31T", 11) == 0);
}

static void test_now(void)
{
    uint64_t year_2020 = 0, year_2200 = 0, now = event_time_now();
    CU_ASSERT(event_time_parse(&year_2020, text_from("2020-01-01T00:00:00Z")));
    CU_ASSERT(event_time_parse(&year_2200, text_from("2200-01-01T00:00:00Z")));
    CU_ASSERT(now > year_2020 && now < year_2200);
}

static void test_pid(void)
{
    uint32_t pid = 7;
    CU_ASSERT(event_pid_parse(&pid, text_from("4321")) && pid == 4321);
    CU_ASSERT(event_pid_parse(&pid, text_from("0x2bc")) && pid == 0x2bc);
    CU_ASSERT(event_pid_parse(&pid, text_from("0X00000000000002BC")) && pid == 0x2bc);
    CU_ASSERT(event_pid_parse(&pid, text_from("4294967295")) && pid == 4294967295u);
    pid = 7;
    CU_ASSERT(!event_pid_parse(&pid, text_from("4294967296")));
    CU_ASSERT(!event_pid_parse(&pid, text_from("0x100000000")));
    CU_ASSERT(!event_pid_parse(&pid, text_from("")));
    CU_ASSERT(!event_pid_parse(&pid, text_from("0x")));
    CU_ASSERT(!event_pid_parse(&pid, text_from("12a")));
    CU_ASSERT(!event_pid_parse(&pid, text_from("0x1g")));
    CU_ASSERT(!event_pid_parse(&pid, text_from(" 1")));
    CU_ASSERT(!event_pid_parse(&pid, (struct text){"1\0", 2}));
    CU_ASSERT(pid == 7);
}

static void test_names(void)
{
    for (int i = 0; i < EVENT_FIELD_COUNT; i++) {
        CU_ASSERT_FATAL(event_field_name((enum event_field)i) != NULL);
        for (int k = 0; k < i; k++)
            CU_ASSERT(strcmp(event_field_name((enum event_field)i), event_field_name((enum event_field)k)) != 0);
    }
    CU_ASSERT_STRING_EQUAL(event_field_name(EVENT_COMMAND_LINE), "process.command_line");
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"time", test_time}, {"ticks", test_ticks}, {"now", test_now},
        {"pid", test_pid},   {"names", test_names}, CU_TEST_INFO_NULL,
    };
    return test_main("event", tests);
}
