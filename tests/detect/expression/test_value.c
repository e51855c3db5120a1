#include "detect/expression/value.h"
#include "tests/test.h"

#include <errno.h>
#include <math.h>

static const struct {
    const char *text;
    bool is_read;
    int64_t want;
} longs[] = {
    {"0", true, 0},
    {"-5", true, -5},
    {"+5", true, 5},
    {" 5\t", true, 5},
    {"9223372036854775807", true, INT64_MAX},
    {"9223372036854775808", false, 0},
    {"-9223372036854775808", true, INT64_MIN},
    {"-9223372036854775809", false, 0},
    {"0x10", true, 16},
    {"0XfF", true, 255},
    {"0xFFFFFFFFFFFFFFFF", true, -1},
    {"0x10000000000000000", false, 0},
    {"-0x10", false, 0},
    {"0x", false, 0},
    {"0xg", false, 0},
    {"1.5", false, 0},
    {"1e3", false, 0},
    {"", false, 0},
    {"-", false, 0},
    {"5 5", false, 0},
};

static void test_longs(void)
{
    for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
        int64_t is = 77;
        CU_ASSERT_EQUAL(value_read_long(&is, text_from(longs[i].text)), longs[i].is_read);
        CU_ASSERT_EQUAL(is, longs[i].is_read ? longs[i].want : 77);
    }
}

static void test_reals(void)
{
    static const struct {
        const char *text;
        bool is_read;
        double want;
    } reals[] = {
        {"1", true, 1},      {"-1.5", true, -1.5},      {".5", true, 0.5},
        {"5.", true, 5},     {"1e3", true, 1000},       {"1E-2", true, 0.01},
        {"0x10", true, 16},  {"inf", true, INFINITY},   {"-inf", true, -INFINITY},
        {"1e", false, 0},    {".", false, 0},           {"1.2.3", false, 0},
        {"1 2", false, 0},   {"infx", false, 0},        {"", false, 0},
        {"0x1p3", false, 0}, {"1e400", true, INFINITY},
    };
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        double is = 77;
        CU_ASSERT_EQUAL(value_read_real(&is, text_from(reals[i].text)), reals[i].is_read);
        CU_ASSERT_EQUAL(is, reals[i].is_read ? reals[i].want : 77);
    }
    double nan_read = 0;
    CU_ASSERT(value_read_real(&nan_read, text_from("NaN")) && nan_read != nan_read);
}

static void test_bools(void)
{
    bool is = false;
    CU_ASSERT(value_read_bool(&is, text_from("True")) && is);
    CU_ASSERT(value_read_bool(&is, text_from("FALSE")) && !is);
    CU_ASSERT(value_read_bool(&is, text_from("2")) && is);
    CU_ASSERT(value_read_bool(&is, text_from("0")) && !is);
    CU_ASSERT(!value_read_bool(&is, text_from("yes")));
    CU_ASSERT(!value_read_bool(&is, text_from("1.5")));
    CU_ASSERT(!value_read_bool(&is, text_from("")));
}

/* want: as value_text writes it; NULL: it is none. */
static const struct {
    const char *text, *want;
} datetimes[] = {
    {"2014-05-25T08:20:03.123456Z", "2014-05-25T08:20:03.1234560Z"},
    {"2014-05-25T08:20:03.1234567", "2014-05-25T08:20:03.1234567Z"},
    {"2014-05-25T08:20", "2014-05-25T08:20:00.0000000Z"},
    {"2014-11-08 15:55:55.123456Z", "2014-11-08T15:55:55.1234560Z"},
    {"2014-11-08 15:55:55", "2014-11-08T15:55:55.0000000Z"},
    {"2014-11-08 15:55", "2014-11-08T15:55:00.0000000Z"},
    {"2014-11-08", "2014-11-08T00:00:00.0000000Z"},
    {"2014-11-08T15:05:25 GMT", "2014-11-08T15:05:25.0000000Z"},
    {"2014-11-08T15:05:25+02:00", "2014-11-08T13:05:25.0000000Z"},
    {"2014-11-08T15:05:25-0130", "2014-11-08T16:35:25.0000000Z"},
    {"Sat, 8 Nov 14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"},
    {"Sat, 8 Nov 14 15:05", "2014-11-08T15:05:00.0000000Z"},
    {"8 Nov 14 15:05:02", "2014-11-08T15:05:02.0000000Z"},
    {"Saturday, 08-Nov-14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"},
    {"02/17/2016 08:40:01", "2016-02-17T08:40:01.0000000Z"},
    {"2016/02/17", "2016-02-17T00:00:00.0000000Z"},
    {"2016-02", "2016-02-01T00:00:00.0000000Z"},
    {"0001-01-01", "0001-01-01T00:00:00.0000000Z"},
    {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
    {"2016-02-29", "2016-02-29T00:00:00.0000000Z"},
    {"1900-02-29", NULL},
    {"2015-13-01", NULL},
    {"2015-00-01", NULL},
    {"2015-01-32", NULL},
    {"2015-01-01T24:00:00", NULL},
    {"2015-01-01T00:60:00", NULL},
    {"0001-01-01T00:00:00+01:00", NULL},
    {"2015-01-01junk", NULL},
    {"2015-01-01T", NULL},
    {"17/02/2016", NULL},
    {"yesterday", NULL},
    {"", NULL},
};

static const struct {
    const char *text, *want;
} timespans[] = {
    {"00:00:01", "00:00:01"},
    {"01:02:03.4", "01:02:03.4000000"},
    {"1.02:03:04", "1.02:03:04"},
    {"-1.00:00:00", "-1.00:00:00"},
    {"1:30", "01:30:00"},
    {"5", "5.00:00:00"},
    {"1d", "1.00:00:00"},
    {"1.5h", "01:30:00"},
    {"30m", "00:30:00"},
    {"10s", "00:00:10"},
    {"100ms", "00:00:00.1000000"},
    {"5microseconds", "00:00:00.0000050"},
    {"1tick", "00:00:00.0000001"},
    {"-2hours", "-02:00:00"},
    {"24:00:00", NULL},
    {"00:60", NULL},
    {"00:01:00 junk", NULL},
    {"1x", NULL},
    {"", NULL},
    {"-", NULL},
    {"99999999999999999d", NULL},
};

static void test_times(void)
{
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    for (size_t i = 0; i < sizeof(datetimes) / sizeof(datetimes[0]); i++) {
        int64_t ticks = 0;
        bool is_read = value_read_datetime(&ticks, text_from(datetimes[i].text));
        bool is_right = is_read == (datetimes[i].want != NULL);
        if (is_right && is_read)
            is_right = text_equal(value_text(value_datetime(ticks), arena), text_from(datetimes[i].want));
        if (!is_right)
            fprintf(stderr, "%s\n", datetimes[i].text);
        CU_ASSERT(is_right);
    }
    for (size_t i = 0; i < sizeof(timespans) / sizeof(timespans[0]); i++) {
        int64_t ticks = 0;
        bool is_read = value_read_timespan(&ticks, text_from(timespans[i].text));
        bool is_right = is_read == (timespans[i].want != NULL);
        if (is_right && is_read)
            is_right = text_equal(value_text(value_timespan(ticks), arena), text_from(timespans[i].want));
        if (!is_right)
            fprintf(stderr, "%s\n", timespans[i].text);
        CU_ASSERT(is_right);
    }
    /* Each day of 800 years has its own date, and comes back from it. */
    struct value_date before = value_date(0);
    CU_ASSERT(before.year == 1 && before.month == 1 && before.day == 1);
    for (int64_t day = 1; day < 800 * 365; day++) {
        struct value_date date = value_date(day * VALUE_TICKS_DAY);
        int64_t back;
        bool is_next = date.day == before.day + 1 ||
                       (date.day == 1 && before.day == value_days_of_month(before.year, before.month));
        if (!is_next || !value_from_date(&back, date) || back != day * VALUE_TICKS_DAY) {
            CU_FAIL("a day is not the next");
            break;
        }
        before = date;
    }
    arena_free(arena);
}

static void test_texts(void)
{
    static const struct {
        double real;
        const char *want;
    } reals[] = {
        {1, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e15, "1000000000000000.0"},
        {123456789012345680.0, "123456789012345680.0"},
        {1e21, "1e+21"},
        {0.000001, "0.000001"},
        {1e-7, "1e-07"},
        {1.0 / 3, "0.3333333333333333"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
        {NAN, "NaN"},
        {0, "0.0"},
        {2.5e-8, "2.5e-08"},
    };
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        struct text is = value_text(value_real(reals[i].real), arena);
        if (!text_equal(is, text_from(reals[i].want)))
            fprintf(stderr, "%.*s, want %s\n", (int)is.len, is.bytes, reals[i].want);
        CU_ASSERT(text_equal(is, text_from(reals[i].want)));
    }
    CU_ASSERT(text_equal(value_text(value_bool(true), arena), text_from("True")));
    CU_ASSERT(text_equal(value_text(value_long(INT64_MIN), arena), text_from("-9223372036854775808")));
    CU_ASSERT(text_equal(value_text(value_null(VALUE_LONG), arena), text_from("")));
    CU_ASSERT_PTR_NULL(value_text(value_error(), arena).bytes);
    CU_ASSERT(text_equal(value_json(value_string((struct text){"\"\\\b\n\x01\xFF\xC3\xA9", 8}), arena),
                         text_from("\"\\\"\\\\\\b\\n\\u0001\xEF\xBF\xBD\xC3\xA9\"")));
    CU_ASSERT(text_equal(value_json(value_real(NAN), arena), text_from("\"NaN\"")));
    CU_ASSERT_EQUAL(value_int(2147483648).number, INT32_MIN);
    arena_free(arena);
}

/* want: the JSON written again; NULL: it is none. */
static const struct {
    const char *json, *want;
} jsons[] = {
    {"1", "1"},
    {" [1, 2.50,\t-3e2]\n", "[1,2.5,-300.0]"},
    {"9223372036854775808", "9223372036854776000.0"},
    {"{\"a\":{\"b\":[]},\"c\":null}", "{\"a\":{\"b\":[]},\"c\":null}"},
    {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"}, /* the last one counts */
    {"{}", "{}"},
    {"\"\\u00e9\\ud83d\\ude00\\n\\/\"", "\"\xC3\xA9\xF0\x9F\x98\x80\\n/\""},
    {"\"\\ud83d\"", "\"\xEF\xBF\xBD\""}, /* half a pair is no UTF-8 when it is written */
    {"true", "true"},
    {"null", "null"},
    {"[1,2,3,4,5,6,7,8,9,10]", "[1,2,3,4,5,6,7,8,9,10]"},
    {"", NULL},
    {"[1,]", NULL},
    {"[1 2]", NULL},
    {"{\"a\"}", NULL},
    {"{a:1}", NULL},
    {"{\"a\":1,}", NULL},
    {"01", NULL},
    {"1.", NULL},
    {".5", NULL},
    {"1e", NULL},
    {"+1", NULL},
    {"nan", NULL},
    {"True", NULL},
    {"\"a", NULL},
    {"\"\n\"", NULL},
    {"\"\\x\"", NULL},
    {"\"\\u12\"", NULL},
    {"[", NULL},
    {"1 1", NULL},
    {"'a'", NULL},
};

static void test_json(void)
{
    struct arena *arena;
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    for (size_t i = 0; i < sizeof(jsons) / sizeof(jsons[0]); i++) {
        struct value value;
        int rc = value_from_json(&value, arena, text_from(jsons[i].json));
        bool is_right = rc == (jsons[i].want == NULL ? -EINVAL : 0);
        if (is_right && rc == 0)
            is_right = text_equal(value_json(value, arena), text_from(jsons[i].want));
        if (!is_right)
            fprintf(stderr, "%s: %d\n", jsons[i].json, rc);
        CU_ASSERT(is_right);
    }
    char deep[2 * VALUE_MAX_DEPTH + 4];
    for (int extra = 0; extra < 2; extra++) {
        size_t depth = (size_t)VALUE_MAX_DEPTH + (size_t)extra;
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        struct value value;
        CU_ASSERT_EQUAL(value_from_json(&value, arena, (struct text){deep, 2 * depth}), extra == 0 ? 0 : -EINVAL);
    }
    arena_free(arena);
}

static void test_dynamic(void)
{
    struct arena *arena, *small;
    struct value value, copy;
    char json[] = "{\"a\":[1,\"x\"],\"b\":{\"c\":true}}";
    CU_ASSERT_EQUAL_FATAL(arena_new(&arena, (size_t)1 << 20), 0);
    CU_ASSERT_EQUAL_FATAL(value_from_json(&value, arena, text_from(json)), 0);
    const struct dynamic *a = value_member(value.dynamic, text_from("a"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_PTR_NULL(value_member(value.dynamic, text_from("A")));
    CU_ASSERT_PTR_NULL(value_member(a, text_from("a")));
    CU_ASSERT(value_item(a, 0)->number == 1 && value_item(a, -1)->kind == DYNAMIC_STRING);
    CU_ASSERT(value_item(a, 2) == NULL && value_item(a, -3) == NULL && value_item(value.dynamic, 0) == NULL);
    copy = value_copy(value, arena);
    memset(json, '?', sizeof(json) - 1);
    CU_ASSERT(text_equal(value_json(copy, arena), text_from("{\"a\":[1,\"x\"],\"b\":{\"c\":true}}")));
    CU_ASSERT_EQUAL_FATAL(arena_new(&small, 64), 0);
    CU_ASSERT_EQUAL(value_copy(copy, small).type, VALUE_ERROR);
    CU_ASSERT_EQUAL(value_from_json(&value, small, text_from("[1,2,3]")), -ENOMEM);
    CU_ASSERT_PTR_NULL(value_text(copy, small).bytes);
    arena_free(small);
    arena_free(arena);
    enum value_type type;
    CU_ASSERT(value_type_from_name(&type, text_from("double")) && type == VALUE_REAL);
    CU_ASSERT(!value_type_from_name(&type, text_from("error")) && !value_type_from_name(&type, text_from("Long")));
    CU_ASSERT_STRING_EQUAL(value_type_name(VALUE_DATETIME), "datetime");
}

int main(void)
{
    static const CU_TestInfo tests[] = {
        {"whole numbers", test_longs}, {"reals", test_reals}, {"bools", test_bools},     {"times", test_times},
        {"as text", test_texts},       {"JSON", test_json},   {"dynamic", test_dynamic}, CU_TEST_INFO_NULL,
    };
    return test_main("value", tests);
}
