/* Dates and times as text. */
#include "detect/base/builder.h"
#include "detect/expression/expr_node.h"

/* Digits: the first count of the seven after the point; with trimmed without zeros at the end. */
static void put_fraction(struct builder *to, unsigned ticks, size_t count, bool is_trimmed)
{
    char digits[8];
    for (size_t i = 7; i > 0; i--, ticks /= 10)
        digits[i - 1] = (char)('0' + ticks % 10);
    count = count > 7 ? 7 : count;
    while (is_trimmed && count > 0 && digits[count - 1] == '0')
        count--;
    builder_text(to, (struct text){digits, count});
}

static void put_number(struct builder *to, uint64_t number, size_t width)
{
    char digits[TEXT_NUMBER_SIZE];
    struct text text = text_from_number(digits, number);
    for (size_t i = text.len; i < width; i++)
        builder_byte(to, '0');
    builder_text(to, text);
}

/* A run of count times letter, of format_datetime. False: the letter means nothing. */
static bool put_date_part(struct builder *to, const struct value_date *date, char letter, size_t count)
{
    unsigned half = date->hour % 12 == 0 ? 12 : date->hour % 12;
    switch (letter) {
    case 'd':
        put_number(to, date->day, count);
        return true;
    case 'f':
    case 'F':
        put_fraction(to, date->ticks, count, letter == 'F');
        return true;
    case 'h':
        put_number(to, half, count);
        return true;
    case 'H':
        put_number(to, date->hour, count);
        return true;
    case 'm':
        put_number(to, date->minute, count);
        return true;
    case 'M':
        put_number(to, date->month, count);
        return true;
    case 's':
        put_number(to, date->second, count);
        return true;
    case 't':
        builder_string(to, date->hour < 12 ? "AM" : "PM");
        return true;
    case 'y':
        put_number(to, (uint64_t)(count <= 2 ? date->year % 100 : date->year), count);
        return true;
    default:
        return false;
    }
}

/* The same of format_timespan: date holds what is within a day. */
static bool put_span_part(struct builder *to, const struct value_date *date, uint64_t days, char letter, size_t count)
{
    if (letter == 'd')
        put_number(to, days, count);
    else if (letter == 'h')
        put_number(to, date->hour, count);
    else
        return letter != 'y' && letter != 'M' && letter != 't' && put_date_part(to, date, letter, count);
    return true;
}

static struct value formatted(const struct function_call *call, const struct value_date *date, uint64_t days,
                              bool is_span)
{
    struct text format = call->args[1].text;
    struct builder to = builder_in(call->run->scratch);
    for (size_t i = 0; i < format.len;) {
        size_t count = 1;
        char letter = format.bytes[i];
        while (i + count < format.len && format.bytes[i + count] == letter)
            count++;
        bool is_put = is_span ? put_span_part(&to, date, days, letter, count) : put_date_part(&to, date, letter, count);
        if (!is_put)
            builder_text(&to, (struct text){format.bytes + i, count});
        i += count;
    }
    return function_text(builder_end(&to));
}

static struct value call_format_datetime(const struct function_call *call)
{
    struct value_date date = value_date(call->args[0].number);
    return formatted(call, &date, 0, false);
}

static struct value call_format_timespan(const struct function_call *call)
{
    int64_t ticks = call->args[0].number;
    uint64_t size = ticks < 0 ? 0 - (uint64_t)ticks : (uint64_t)ticks;
    struct value_date date = value_date((int64_t)(size % (uint64_t)VALUE_TICKS_DAY));
    return formatted(call, &date, size / (uint64_t)VALUE_TICKS_DAY, true);
}

const struct function function_format[] = {
    {"format_datetime", "(moment: datetime, format: string)", "as text: y M d h H m s f F tt", "ds!", 2, 2,
     VALUE_STRING, 0, 0, NULL, call_format_datetime, NULL, NULL},
    {"format_timespan", "(length: timespan, format: string)", "as text: d h H m s f F", "is!", 2, 2, VALUE_STRING, 0, 0,
     NULL, call_format_timespan, NULL, NULL},
    {0},
};
