#include "collectors/evtx/evtx_value.h"

#include "detect/event/event.h"

#include <float.h>
#include <stdarg.h>
#include <stdio.h>

/* Units turned into UTF-8 at a time. */
#define BLOCK 512u

struct text evtx_value_units(char *to, const unsigned char *bytes, size_t count)
{
    uint16_t units[BLOCK];
    size_t length = 0;
    for (size_t at = 0; at < count;) {
        size_t some = count - at < BLOCK ? count - at : BLOCK;
        memcpy(units, bytes + 2 * at, 2 * some);
        if (at + some < count && units[some - 1] >= 0xD800 && units[some - 1] <= 0xDBFF && some > 1)
            some--; /* what follows may belong to it */
        length += text_from_utf16(to + length, units, some).len;
        at += some;
    }
    to[length] = '\0';
    return (struct text){to, length};
}

/* Characters of the machine's code page, which is not told: those beyond ASCII are read as Latin-1. */
static struct text ansi(char *to, const unsigned char *bytes, size_t size)
{
    size_t length = 0;
    while (size > 0 && bytes[size - 1] == 0)
        size--;
    for (size_t i = 0; i < size; i++)
        length += text_encode(to + length, bytes[i]);
    to[length] = '\0';
    return (struct text){to, length};
}

static struct text hexadecimal(char *to, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[bytes[i] >> 4];
        to[2 * i + 1] = digits[bytes[i] & 15];
    }
    to[2 * size] = '\0';
    return (struct text){to, 2 * size};
}

__attribute__((format(printf, 2, 3))) static struct text print(char *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to, EVTX_VALUE_MAX(0), format, arguments); /* all that is printed so is shorter */
    va_end(arguments);
    return (struct text){to, length < 0 ? 0 : (size_t)length};
}

static uint64_t number(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

/* Numbers by hand: they are what most values are, and printf takes ten times as long. Each returns the bytes written.
 */
static size_t put_decimal(char *to, uint64_t value)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    for (size_t i = 0; i < count; i++)
        to[i] = digits[count - 1 - i];
    return count;
}

/* count: as many digits, the least 1. */
static size_t put_hex(char *to, uint64_t value, size_t count, const char digits[16])
{
    for (size_t i = 0; i < count; i++)
        to[i] = digits[value >> 4 * (count - 1 - i) & 15];
    return count;
}

static struct text end_number(char *to, size_t length)
{
    to[length] = '\0';
    return (struct text){to, length};
}

static struct text unsigned_number(char *to, const unsigned char *bytes, size_t size)
{
    return end_number(to, put_decimal(to, number(bytes, size)));
}

static struct text hex_number(char *to, const unsigned char *bytes, size_t size)
{
    uint64_t value = number(bytes, size);
    size_t count = 1;
    while (count < 16 && value >> 4 * count > 0)
        count++;
    to[0] = '0';
    to[1] = 'x';
    return end_number(to, 2 + put_hex(to + 2, value, count, "0123456789abcdef"));
}

static struct text signed_number(char *to, const unsigned char *bytes, size_t size)
{
    unsigned unused = 64 - 8 * (unsigned)size;
    int64_t value = (int64_t)(number(bytes, size) << unused) >> unused;
    to[0] = '-';
    size_t sign = value < 0 ? 1 : 0;
    return end_number(to, sign + put_decimal(to + sign, value < 0 ? 0 - (uint64_t)value : (uint64_t)value));
}

static struct text real(char *to, double value, int digits)
{
    if (value != value) /* no number; the macros of math.h warn in one of the builds */
        return print(to, "-1.#IND");
    if (value > DBL_MAX || value < -DBL_MAX)
        return print(to, value > 0 ? "1.#INF" : "-1.#INF");
    return print(to, "%.*g", digits, value);
}

static struct text real_number(char *to, const unsigned char *bytes, size_t size)
{
    float narrow;
    double wide;
    if (size == sizeof(narrow)) {
        memcpy(&narrow, bytes, sizeof(narrow));
        return real(to, (double)narrow, 7);
    }
    memcpy(&wide, bytes, sizeof(wide));
    return real(to, wide, 15);
}

static struct text guid(char *to, const unsigned char *b)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t used = 0;
    to[used++] = '{';
    used += put_hex(to + used, evtx_u32(b), 8, digits);
    for (size_t i = 4; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            to[used++] = '-';
        unsigned byte = i >= 8 ? b[i] : b[i ^ 1]; /* the first numbers are little-endian */
        used += put_hex(to + used, byte, 2, digits);
    }
    to[used++] = '}';
    return end_number(to, used);
}

static struct text file_time(char *to, const unsigned char *bytes)
{
    event_time_format(to, evtx_u64(bytes));
    return text_from(to);
}

/* Year, month, day of the week, day, hour, minute, second, milliseconds (learn.microsoft.com, "SYSTEMTIME"). */
static struct text system_time(char *to, const unsigned char *b)
{
    return print(to, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", evtx_u16(b), evtx_u16(b + 2), evtx_u16(b + 6),
                 evtx_u16(b + 8), evtx_u16(b + 10), evtx_u16(b + 12), evtx_u16(b + 14));
}

/* Revision, count of parts, six bytes of authority, big-endian, then the parts (MS-DTYP section 2.4.2.2). */
static struct text sid(char *to, const unsigned char *bytes, size_t size)
{
    if (size < 8 || size != 8 + 4 * (size_t)bytes[1])
        return hexadecimal(to, bytes, size);
    uint64_t authority = 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | bytes[i];
    size_t used = 0;
    to[used++] = 'S';
    to[used++] = '-';
    used += put_decimal(to + used, bytes[0]);
    to[used++] = '-';
    used += put_decimal(to + used, authority);
    for (size_t at = 8; at < size; at += 4) {
        to[used++] = '-';
        used += put_decimal(to + used, evtx_u32(bytes + at));
    }
    return end_number(to, used);
}

/* Values of a fixed size; absent: of another type, or the size is not that of the type. */
static struct text fixed(char *to, unsigned type, const unsigned char *bytes, size_t size)
{
    switch (type << 8 | size) {
    case EVTX_INT8 << 8 | 1:
    case EVTX_INT16 << 8 | 2:
    case EVTX_INT32 << 8 | 4:
    case EVTX_INT64 << 8 | 8:
        return signed_number(to, bytes, size);
    case EVTX_UINT8 << 8 | 1:
    case EVTX_UINT16 << 8 | 2:
    case EVTX_UINT32 << 8 | 4:
    case EVTX_UINT64 << 8 | 8:
        return unsigned_number(to, bytes, size);
    case EVTX_REAL32 << 8 | 4:
    case EVTX_REAL64 << 8 | 8:
        return real_number(to, bytes, size);
    case EVTX_BOOL << 8 | 4:
        return print(to, evtx_u32(bytes) != 0 ? "true" : "false");
    case EVTX_GUID << 8 | 16:
        return guid(to, bytes);
    case EVTX_FILETIME << 8 | 8:
        return file_time(to, bytes);
    case EVTX_SYSTEMTIME << 8 | 16:
        return system_time(to, bytes);
    case EVTX_SIZE << 8 | 4:
    case EVTX_SIZE << 8 | 8:
    case EVTX_HEX32 << 8 | 4:
    case EVTX_HEX64 << 8 | 8:
        return hex_number(to, bytes, size);
    default:
        return (struct text){NULL, 0};
    }
}

/* The NULs at its end belong to no text: some providers (Sysmon 6 and 7) write them with each string. */
static struct text string(char *to, const unsigned char *bytes, size_t size)
{
    while (size >= 2 && bytes[size - 1] == 0 && bytes[size - 2] == 0)
        size -= 2;
    return evtx_value_units(to, bytes, size / 2);
}

struct text evtx_value_text(char *to, unsigned type, const unsigned char *bytes, size_t size)
{
    if (type == EVTX_STRING && size % 2 == 0)
        return string(to, bytes, size);
    if (type == EVTX_ANSI_STRING)
        return ansi(to, bytes, size);
    if (type == EVTX_SID)
        return sid(to, bytes, size);
    struct text text = size <= 16 ? fixed(to, type, bytes, size) : (struct text){NULL, 0};
    return text.bytes == NULL ? hexadecimal(to, bytes, size) : text;
}
