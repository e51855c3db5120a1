#include "collectors/etw/etw_enabled.h"

#include <stdbool.h>
#include <string.h>

/* Sizes and places in the three structures, which are the same on all 64-bit Windows. */
enum {
    GUID_INFO_SIZE = 8,
    INSTANCE_SIZE = 16,
    INSTANCE_COUNT_AT = 4,
    ENABLE_SIZE = 32,
    ENABLE_LEVEL_AT = 4,
    ENABLE_LOGGER_AT = 6
};

static uint32_t number(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* One entry: is it our session's, and does it ask for enough? A level of 0 means all. */
static bool is_ours(const unsigned char *entry, uint16_t logger, uint8_t level)
{
    uint16_t id;
    memcpy(&id, entry + ENABLE_LOGGER_AT, sizeof(id));
    uint8_t given = entry[ENABLE_LEVEL_AT];
    return number(entry) != 0 && id == logger && (given == 0 || given >= level);
}

enum etw_enabled etw_enabled_judge(const unsigned char *info, size_t size, uint16_t logger, uint8_t level)
{
    if (size < GUID_INFO_SIZE || number(info) == 0)
        return ETW_ENABLED_UNKNOWN;
    bool is_enabled = false;
    size_t at = GUID_INFO_SIZE;
    for (uint32_t left = number(info); left > 0; left--) {
        if (size - at < INSTANCE_SIZE)
            return ETW_ENABLED_UNKNOWN;
        uint32_t next = number(info + at), count = number(info + at + INSTANCE_COUNT_AT);
        if (count > (size - at - INSTANCE_SIZE) / ENABLE_SIZE)
            return ETW_ENABLED_UNKNOWN;
        for (uint32_t i = 0; i < count; i++)
            is_enabled |= is_ours(info + at + INSTANCE_SIZE + i * ENABLE_SIZE, logger, level);
        if (next == 0)
            break; /* the last one */
        if (next < INSTANCE_SIZE || next > size - at)
            return ETW_ENABLED_UNKNOWN;
        at += next;
    }
    return is_enabled ? ETW_ENABLED : ETW_SWITCHED_OFF;
}
