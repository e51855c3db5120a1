#include "detect/event/event.h"

#include <string.h>
#include <time.h>

/* 100 ns from 1601-01-01 to 1970-01-01 (learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-filetime). */
#define TICKS_TO_1970 116444736000000000u
#define TICKS_PER_SECOND 10000000u
#define SECONDS_PER_DAY 86400u

static const char *const names[EVENT_FIELD_COUNT] = {
    [EVENT_PROVIDER] = "event.provider",
    [EVENT_CHANNEL] = "winlog.channel",
    [EVENT_COMPUTER] = "winlog.computer_name",
    [EVENT_VERSION] = "winlog.version",
    [EVENT_LEVEL] = "winlog.level",
    [EVENT_TASK] = "winlog.task",
    [EVENT_OPCODE] = "winlog.opcode",
    [EVENT_KEYWORDS] = "winlog.keywords",
    [EVENT_ACTIVITY_ID] = "winlog.activity_id",
    [EVENT_LOGGER_PID] = "winlog.process.pid",
    [EVENT_LOGGER_TID] = "winlog.process.thread.id",
    [EVENT_LOGGER_SID] = "winlog.user.identifier",
    [EVENT_COMMAND_LINE] = "process.command_line",
    [EVENT_IMAGE] = "process.executable",
    [EVENT_PROCESS_GUID] = "process.entity_id",
    [EVENT_PROCESS_ID_TEXT] = "process.pid",
    [EVENT_CURRENT_DIRECTORY] = "process.working_directory",
    [EVENT_INTEGRITY] = "process.integrity_level",
    [EVENT_MANDATORY_LABEL] = "process.mandatory_label",
    [EVENT_TOKEN_ELEVATION_TYPE] = "process.token.elevation_type",
    [EVENT_TERMINAL_SESSION] = "process.session_id",
    [EVENT_ORIGINAL_NAME] = "process.pe.original_file_name",
    [EVENT_COMPANY] = "process.pe.company",
    [EVENT_PRODUCT] = "process.pe.product",
    [EVENT_DESCRIPTION] = "process.pe.description",
    [EVENT_FILE_VERSION] = "process.pe.file_version",
    [EVENT_HASHES] = "process.hashes",
    [EVENT_SHA256] = "process.hash.sha256",
    [EVENT_SHA1] = "process.hash.sha1",
    [EVENT_MD5] = "process.hash.md5",
    [EVENT_IMPHASH] = "process.pe.imphash",
    [EVENT_USER] = "process.user",
    [EVENT_SUBJECT_SID] = "user.id",
    [EVENT_SUBJECT_NAME] = "user.name",
    [EVENT_SUBJECT_DOMAIN] = "user.domain",
    [EVENT_TARGET_SID] = "user.target.id",
    [EVENT_TARGET_NAME] = "user.target.name",
    [EVENT_TARGET_DOMAIN] = "user.target.domain",
    [EVENT_LOGON_ID] = "winlog.logon.id",
    [EVENT_TARGET_LOGON_ID] = "winlog.target_logon.id",
    [EVENT_LOGON_GUID] = "winlog.logon.guid",
    [EVENT_PARENT_IMAGE] = "process.parent.executable",
    [EVENT_PARENT_COMMAND_LINE] = "process.parent.command_line",
    [EVENT_PARENT_USER] = "process.parent.user",
    [EVENT_PARENT_GUID] = "process.parent.entity_id",
    [EVENT_PARENT_PROCESS_ID_TEXT] = "process.parent.pid",
    [EVENT_USER_SID] = "process.user.id",
    [EVENT_PARENT_USER_SID] = "process.parent.user.id",
    [EVENT_GRANDPARENT_IMAGE] = "process.parent.parent.executable",
    [EVENT_GRANDPARENT_COMMAND_LINE] = "process.parent.parent.command_line",
    [EVENT_CLAIMED_PARENT_IMAGE] = "tripline.claimed_parent.executable",
};

const char *event_field_name(enum event_field field)
{
    return names[field];
}

bool event_field_is_made(enum event_field field)
{
    return field == EVENT_INTEGRITY;
}

bool event_kind_is_process(enum event_kind kind)
{
    return kind < EVENT_OTHER;
}

struct text event_data(const struct event *event, struct text name)
{
    for (size_t i = 0; i < event->data_count; i++)
        if (text_equal(event->data[i].name, name))
            return event->data[i].value;
    return (struct text){NULL, 0};
}

/* Reads exactly digits decimal digits at *at. */
static bool number_at(unsigned *value, struct text text, size_t *at, size_t digits)
{
    unsigned sum = 0;
    if (text.len - *at < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = text.bytes[*at + i];
        if (c < '0' || c > '9')
            return false;
        sum = sum * 10 + (unsigned)(c - '0');
    }
    *at += digits;
    *value = sum;
    return true;
}

static bool char_at(struct text text, size_t *at, char c)
{
    if (*at >= text.len || text.bytes[*at] != c)
        return false;
    *at += 1;
    return true;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days before month (1 to 13) of year. */
static unsigned days_before_month(unsigned year, unsigned month)
{
    static const unsigned short before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return before[month - 1] + (month > 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1601-01-01 to the first of year; 1601 begins a 400-year cycle. */
static unsigned days_before_year(unsigned year)
{
    unsigned years = year - 1601;
    return years * 365 + years / 4 - years / 100 + years / 400;
}

/* 0 to 9 fraction digits after a dot, as 100 ns. */
static bool fraction_at(unsigned *ticks, struct text text, size_t *at)
{
    *ticks = 0;
    if (!char_at(text, at, '.'))
        return true;
    unsigned digits = 0;
    for (; *at < text.len && text.bytes[*at] >= '0' && text.bytes[*at] <= '9' && digits < 9; digits++, ++*at)
        if (digits < 7)
            *ticks = *ticks * 10 + (unsigned)(text.bytes[*at] - '0');
    for (; digits < 7; digits++)
        *ticks *= 10;
    return true;
}

/* What follows the seconds: Z, " UTC", an offset such as +02:00 or -0530 (of *offset seconds from UTC), or nothing
 * (Sysmon's UtcTime). */
static bool zone_at(int64_t *offset, struct text text, size_t *at)
{
    unsigned hours, minutes;
    if (char_at(text, at, 'Z') || *at == text.len)
        return true;
    if (text_equal((struct text){text.bytes + *at, text.len - *at}, text_from(" UTC"))) {
        *at = text.len;
        return true;
    }
    bool is_west = text.bytes[*at] == '-';
    if (!is_west && text.bytes[*at] != '+')
        return false;
    ++*at;
    if (!number_at(&hours, text, at, 2))
        return false;
    (void)char_at(text, at, ':'); /* ISO 8601 has both */
    if (!number_at(&minutes, text, at, 2) || hours > 23 || minutes > 59)
        return false;
    *offset = (int64_t)(hours * 3600u + minutes * 60u) * (is_west ? -1 : 1);
    return true;
}

bool event_time_parse(uint64_t *time, struct text text)
{
    unsigned year, month, day, hour, minute, second, ticks;
    size_t at = 0;
    if (!number_at(&year, text, &at, 4) || !char_at(text, &at, '-') || !number_at(&month, text, &at, 2) ||
        !char_at(text, &at, '-') || !number_at(&day, text, &at, 2))
        return false;
    if (!char_at(text, &at, 'T') && !char_at(text, &at, ' '))
        return false;
    if (!number_at(&hour, text, &at, 2) || !char_at(text, &at, ':') || !number_at(&minute, text, &at, 2) ||
        !char_at(text, &at, ':') || !number_at(&second, text, &at, 2) || !fraction_at(&ticks, text, &at))
        return false;
    int64_t offset = 0;
    if (!zone_at(&offset, text, &at) || at != text.len || year < 1601 || month < 1 || month > 12 || day < 1 ||
        hour > 23 || minute > 59 || second > 59 ||
        day > days_before_month(year, month + 1) - days_before_month(year, month))
        return false;
    uint64_t days = days_before_year(year) + days_before_month(year, month) + day - 1;
    int64_t seconds = (int64_t)(days * SECONDS_PER_DAY + hour * 3600u + minute * 60u + second) - offset;
    if (seconds < 0)
        return false;
    *time = (uint64_t)seconds * TICKS_PER_SECOND + ticks;
    return true;
}

/* The last digits of number, as many as digits says, and after. Returns the end. */
static char *put_number(char *to, unsigned number, unsigned digits, char after)
{
    for (unsigned i = digits; i > 0; i--, number /= 10)
        to[i - 1] = (char)('0' + number % 10);
    to[digits] = after;
    return to + digits + 1;
}

void event_time_format(char to[EVENT_TIME_SIZE], uint64_t time)
{
    uint64_t seconds = time / TICKS_PER_SECOND;
    unsigned in_day = (unsigned)(seconds % SECONDS_PER_DAY);
    uint64_t days = seconds / SECONDS_PER_DAY;
    unsigned year = 1601 + (unsigned)(days / 366), month = 1;
    while (year < 9999 && days_before_year(year + 1) <= days)
        year++;
    if (days_before_year(year) + days_before_month(year, 13) <= days) { /* beyond 9999: the last moment that fits */
        days = days_before_year(9999) + 364u;
        year = 9999;
    }
    unsigned in_year = (unsigned)(days - days_before_year(year));
    while (month < 12 && days_before_month(year, month + 1) <= in_year)
        month++;
    to = put_number(to, year, 4, '-');
    to = put_number(to, month, 2, '-');
    to = put_number(to, in_year - days_before_month(year, month) + 1, 2, 'T');
    to = put_number(to, in_day / 3600, 2, ':');
    to = put_number(to, in_day / 60 % 60, 2, ':');
    to = put_number(to, in_day % 60, 2, '.');
    to = put_number(to, (unsigned)(time % TICKS_PER_SECOND), 7, 'Z');
    *to = '\0';
}

bool event_pid_parse(uint32_t *pid, struct text text)
{
    unsigned base = 10;
    if (text.len > 2 && text.bytes[0] == '0' && (text.bytes[1] == 'x' || text.bytes[1] == 'X')) {
        base = 16;
        text.bytes += 2;
        text.len -= 2;
    }
    if (text.len == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = text.bytes[i] >= 'A' && text.bytes[i] <= 'F' ? (char)(text.bytes[i] + ('a' - 'A')) : text.bytes[i];
        const char *digit = c == '\0' ? NULL : strchr(digits, c);
        if (digit == NULL || digit - digits >= (long)base)
            return false;
        value = value * base + (uint64_t)(digit - digits);
        if (value > UINT32_MAX)
            return false;
    }
    *pid = (uint32_t)value;
    return true;
}

uint64_t event_time_now(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    return TICKS_TO_1970 + (uint64_t)now.tv_sec * TICKS_PER_SECOND + (uint64_t)now.tv_nsec / 100;
}
