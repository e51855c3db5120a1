/*
 * setting: one setting as a line of a table: how it is written, what it may be, and where its value is kept. Whoever
 * has settings has such a table beside the struct that they are kept in; the config is read, checked, compared and
 * documented by it (agent/config/config_internal.h).
 */
#ifndef DETECT_BASE_SETTING_H
#define DETECT_BASE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Windows' own limit for a path (learn.microsoft.com: Maximum Path Length Limitation), units of up to 3 bytes. */
#define SETTING_MAX_PATH (3u * 32767u)

enum setting_kind {
    SETTING_TEXT,     /* low..high bytes, without control characters */
    SETTING_NAME,     /* the same, of A-Z a-z 0-9 _ - */
    SETTING_TOKEN,    /* the same, of what a header's name may hold */
    SETTING_PATH,     /* text; a relative path is seen from the config file's directory */
    SETTING_FILE,     /* the same, of a PEM file that must be there; the struct of who uses it has the file's text */
    SETTING_URL,      /* https://host[:port][/path][?query] */
    SETTING_WORD,     /* one of words */
    SETTING_NUMBER,   /* low..high, as written */
    SETTING_DURATION, /* low..high seconds, written with s, m, h or d */
    SETTING_LOOKBACK, /* the same, or "all" or "none" */
    SETTING_AGE,      /* the same, or "none", which is 0 */
    SETTING_PIN       /* base64 of 32 bytes */
};

/* How a value is kept in its struct. */
enum setting_store {
    SETTING_CHARS, /* char *, allocated; NULL: not given */
    SETTING_BOOL,
    SETTING_ENUM, /* an enum of the words' indexes, as large as an unsigned */
    SETTING_UNSIGNED,
    SETTING_SIZE,
    SETTING_U64,
    SETTING_NOWHERE
};

struct setting {
    const char *name;
    enum setting_kind kind;
    enum setting_store store;
    size_t offset;       /* in its struct */
    const char *initial; /* the default, as one would write it; NULL: see absent */
    const char *absent;  /* what holds without it, in words, when there is no default text; NULL: it is required */
    bool is_secret;      /* its value stands in no message */
    bool is_own;         /* of one kind of output: its struct is config_output.own */
    uint64_t low, high;
    uint64_t scale;           /* what one as written (a second, for durations) is in the struct */
    const char *const *words; /* ends with NULL; a word's index is its value */
};

/* Lines of a table, for the member field of struct type. without: what holds without it, NULL: it is required. */
#define SETTING_AS_TEXT(setting, type, field, without, most)                                                           \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_TEXT, .store = SETTING_CHARS, .offset = offsetof(type, field),              \
        .absent = (without), .low = 1, .high = (most)                                                                  \
    }
#define SETTING_AS_SECRET(setting, type, field, without, most)                                                         \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_TEXT, .store = SETTING_CHARS, .offset = offsetof(type, field),              \
        .absent = (without), .is_secret = true, .low = 1, .high = (most)                                               \
    }
/* A text that has a default. */
#define SETTING_AS_INITIAL(setting, type, field, value, most)                                                          \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_TEXT, .store = SETTING_CHARS, .offset = offsetof(type, field),              \
        .initial = (value), .low = 1, .high = (most)                                                                   \
    }
#define SETTING_AS_PATH(setting, type, field, without)                                                                 \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_PATH, .store = SETTING_CHARS, .offset = offsetof(type, field),              \
        .absent = (without), .low = 1, .high = SETTING_MAX_PATH                                                        \
    }
#define SETTING_AS_FILE(setting, type, field, without)                                                                 \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_FILE, .store = SETTING_CHARS, .offset = offsetof(type, field),              \
        .absent = (without), .low = 1, .high = SETTING_MAX_PATH                                                        \
    }
#define SETTING_AS_URL(setting, type, field, value)                                                                    \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_URL, .store = SETTING_CHARS, .offset = offsetof(type, field),               \
        .initial = (value), .low = 9, .high = 2048                                                                     \
    }
#define SETTING_AS_WORD(setting, where, type, field, list, value)                                                      \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_WORD, .store = (where), .offset = offsetof(type, field),                    \
        .initial = (value), .words = (list)                                                                            \
    }
#define SETTING_AS_DURATION(setting, type, field, value, least, most, unit)                                            \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_DURATION, .store = SETTING_UNSIGNED, .offset = offsetof(type, field),       \
        .initial = (value), .low = (least), .high = (most), .scale = (unit)                                            \
    }
#define SETTING_AS_NUMBER(setting, where, type, field, value, least, most, unit)                                       \
    {                                                                                                                  \
        .name = (setting), .kind = SETTING_NUMBER, .store = (where), .offset = offsetof(type, field),                  \
        .initial = (value), .low = (least), .high = (most), .scale = (unit)                                            \
    }

#endif
