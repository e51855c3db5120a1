#include "detect/powershell/powershell_line.h"

#include <errno.h>
#include <stdlib.h>

/* The six bits of a digit of base64; -1: none. */
static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes of base64 into to, which has room for 3 of each 4 digits. Returns how many, or -EINVAL. */
static long decode_bytes(unsigned char *to, struct text base64)
{
    unsigned long bits = 0;
    size_t digits = 0, padding = 0;
    long count = 0;
    for (size_t i = 0; i < base64.len; i++) {
        char c = base64.bytes[i];
        if (is_space(c))
            continue;
        int digit = base64_digit(c);
        if (c == '=' && padding < 2 && digits % 4 + padding >= 2) {
            padding++;
            continue;
        }
        if (digit < 0 || padding > 0)
            return -EINVAL;
        bits = bits << 6 | (unsigned)digit;
        if (++digits % 4 == 0) {
            to[count++] = (unsigned char)(bits >> 16);
            to[count++] = (unsigned char)(bits >> 8);
            to[count++] = (unsigned char)bits;
            bits = 0;
        }
    }
    if ((digits + padding) % 4 != 0 || digits == 0)
        return -EINVAL;
    if (digits % 4 == 3)
        to[count++] = (unsigned char)(bits >> 10);
    if (digits % 4 >= 2)
        to[count++] = (unsigned char)(digits % 4 == 3 ? bits >> 2 : bits >> 4);
    return count;
}

/* The code point that begins at unit *at, which moves past it. */
static uint32_t take_unit(const unsigned char *bytes, size_t units, size_t *at)
{
    uint32_t unit = bytes[2 * *at] | (uint32_t)bytes[2 * *at + 1] << 8;
    (*at)++;
    if (unit >= 0xD800 && unit < 0xDC00 && *at < units) {
        uint32_t low = bytes[2 * *at] | (uint32_t)bytes[2 * *at + 1] << 8;
        if (low >= 0xDC00 && low < 0xE000) {
            (*at)++;
            return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    return unit >= 0xD800 && unit < 0xE000 ? TEXT_REPLACEMENT : unit;
}

int powershell_line_decode(struct text *out, struct text base64)
{
    unsigned char *bytes = malloc(base64.len / 4 * 3 + 3);
    if (bytes == NULL)
        return -ENOMEM;
    long size = decode_bytes(bytes, base64);
    if (size < 0) {
        free(bytes);
        return -EINVAL;
    }
    size_t units = (size_t)size / 2, count = 0;
    char *text = malloc(3 * units + 4);
    for (size_t at = 0; text != NULL && at < units;)
        count += text_encode(text + count, take_unit(bytes, units, &at));
    free(bytes);
    if (text == NULL)
        return -ENOMEM;
    *out = (struct text){text, count};
    return 0;
}

/*
 * One argument as CommandLineToArgvW splits: backslashes before a quote are halved, "" within quotes is one. Appends it
 * to to; *at moves past it and the blanks that follow. Returns its bytes.
 */
static size_t take_argument(char *to, struct text line, size_t *at)
{
    bool is_quoted = false;
    size_t count = 0, i = *at;
    while (i < line.len && (is_quoted || (line.bytes[i] != ' ' && line.bytes[i] != '\t'))) {
        size_t slashes = 0;
        while (i + slashes < line.len && line.bytes[i + slashes] == '\\')
            slashes++;
        bool is_quote = i + slashes < line.len && line.bytes[i + slashes] == '"';
        size_t kept = is_quote ? slashes / 2 : slashes;
        memset(to + count, '\\', kept);
        count += kept;
        i += slashes;
        if (!is_quote) {
            if (slashes == 0)
                to[count++] = line.bytes[i++];
            continue;
        }
        if (slashes % 2 == 1)
            to[count++] = '"';
        else if (is_quoted && i + 1 < line.len && line.bytes[i + 1] == '"')
            to[count++] = line.bytes[i++];
        else
            is_quoted = !is_quoted;
        i++;
    }
    while (i < line.len && (line.bytes[i] == ' ' || line.bytes[i] == '\t'))
        i++;
    *at = i;
    return count;
}

/* The name of a switch in lower case, without its dash or slash. False: it is no switch, or a long one. */
static bool switch_name(char name[32], struct text argument)
{
    size_t at = 0, count = 0;
    if (argument.len == 0)
        return false;
    uint32_t c = text_decode(argument, &at);
    bool is_dash = c == '-' || (c >= 0x2013 && c <= 0x2015);
    if (!is_dash && c != '/')
        return false;
    size_t second = at;
    if (is_dash && at < argument.len) { /* it may stand there twice */
        c = text_decode(argument, &second);
        if (c == '-' || (c >= 0x2013 && c <= 0x2015))
            at = second;
    }
    for (; at < argument.len && count < 31; at++) {
        char letter = argument.bytes[at];
        name[count++] = (char)(letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter);
    }
    name[count] = '\0';
    return at == argument.len && count > 0;
}

static bool is_beginning(const char *name, const char *whole)
{
    return strncmp(name, whole, strlen(name)) == 0;
}

/* The arguments from at on, joined by blanks, appended to to. */
static size_t join_rest(char *to, struct text line, size_t at)
{
    size_t count = 0;
    for (size_t i = 0; at < line.len && i < POWERSHELL_LINE_MAX_ARGUMENTS; i++) {
        if (i > 0)
            to[count++] = ' ';
        count += take_argument(to + count, line, &at);
    }
    return count;
}

/* Switches whose next argument is their value; any beginning of the name. */
static bool takes_value(const char *name)
{
    static const char *const names[] = {"executionpolicy",
                                        "ep",
                                        "version",
                                        "psconsolefile",
                                        "windowstyle",
                                        "inputformat",
                                        "if",
                                        "outputformat",
                                        "of",
                                        "configurationname",
                                        "workingdirectory",
                                        "wd",
                                        "settingsfile",
                                        "custompipename",
                                        "encodedarguments",
                                        "ea"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is_beginning(name, names[i]))
            return true;
    return false;
}

/* Is it a PowerShell? The last part of the program's path, with or without ".exe". */
static bool is_powershell(struct text program)
{
    struct text name = text_after_last(text_after_last(program, '\\'), '/');
    static const char *const names[] = {"powershell", "powershell.exe", "pwsh", "pwsh.exe"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (text_equal_nocase(name, text_from(names[i])))
            return true;
    return false;
}

/* Finds the script among the arguments from *at on, in room. Returns 0, -EINVAL (not decodable) or -ENOMEM. */
static int find_script(struct powershell_script *out, char *room, struct text line, size_t at, bool is_shell)
{
    for (size_t i = 1; at < line.len && i < POWERSHELL_LINE_MAX_ARGUMENTS; i++) {
        char name[32];
        size_t begin = at, length = take_argument(room, line, &at);
        if (!switch_name(name, (struct text){room, length})) {
            if (is_shell) { /* the first argument that belongs to no switch is where a command begins */
                out->text = (struct text){room, join_rest(room, line, begin)};
                return 0;
            }
        } else if (is_beginning(name, "encodedcommand") || strcmp(name, "ec") == 0) {
            length = take_argument(room, line, &at);
            out->is_encoded = true;
            return powershell_line_decode(&out->text, (struct text){room, length});
        } else if (is_beginning(name, "command")) {
            out->text = (struct text){room, join_rest(room, line, at)};
            return 0;
        } else if (is_shell && is_beginning(name, "file")) {
            return 0; /* a script file and its arguments */
        } else if (is_shell && takes_value(name)) {
            (void)take_argument(room, line, &at);
        }
    }
    return 0;
}

int powershell_line_script(struct powershell_script *out, struct text command_line)
{
    struct powershell_script script = {.is_encoded = false};
    struct text line = command_line;
    if (line.len > POWERSHELL_LINE_MAX)
        line.len = POWERSHELL_LINE_MAX;
    char *room = malloc(line.len + 1); /* no argument is longer than what it is made of, nor are all, joined */
    if (room == NULL)
        return -ENOMEM;
    size_t at = 0, length = take_argument(room, line, &at);
    int rc = find_script(&script, room, line, at, is_powershell((struct text){room, length}));
    if (script.text.bytes != room)
        free(room);
    if (rc == -ENOMEM)
        return rc;
    *out = rc == 0 && script.text.bytes != NULL ? script : (struct powershell_script){.is_encoded = false};
    return 0;
}
