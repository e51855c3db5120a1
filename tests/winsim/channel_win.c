#include "tests/winsim/channel_win.h"

#include "tests/winsim/query.h"
#include "tests/winsim/scenario_win.h"
#include "tests/winsim/wtf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (256u * 1024u)

static struct {
    struct channel **list;
    size_t count, room;
    uint64_t arrivals;
} channels;

bool channel_is_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < 256 && strcspn(name, "<>&\"'|\\:`?*") == size;
}

/* Reads up to want bytes at offset into the block. */
static void read_block(struct channel *ch, uint64_t offset, size_t want)
{
    OVERLAPPED at = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
    DWORD got = 0;
    if (ch->block_room < want) {
        ch->block = winsim_grow(ch->block, want);
        ch->block_room = want;
    }
    if (!ReadFile(ch->file, ch->block, (DWORD)want, &got, &at) && GetLastError() != ERROR_HANDLE_EOF)
        winsim_abort("winsim: reading %ls: error %lu", ch->path, GetLastError());
    ch->block_offset = offset;
    ch->block_size = got;
}

/* The text between two tags that a line in EvtRender's form has once; a stand-in for parsing, which takes longer. */
static const char *between(const char *line, size_t size, const char *tag, size_t *found_size)
{
    size_t tag_size = strlen(tag);
    for (const char *at = line, *end = line + size; (size_t)(end - at) > tag_size;) {
        at = memchr(at, '<', (size_t)(end - at) - tag_size);
        if (at == NULL)
            break;
        if (memcmp(at, tag, tag_size) == 0) {
            const char *text = at + tag_size;
            const char *stop = memchr(text, '<', (size_t)(end - text));
            *found_size = stop == NULL ? 0 : (size_t)(stop - text);
            return stop == NULL ? NULL : text;
        }
        at++;
    }
    return NULL;
}

static uint64_t first_id(const struct channel *ch)
{
    uint64_t id = 1;
    scenario_number(scenario_now(), SCENARIO_FIRST_RECORD, ch->name, &id);
    return id;
}

/* The record id of a line, as the header says. */
static uint64_t record_id(const struct channel *ch, const char *line, size_t size)
{
    uint64_t next = ch->count == 0 ? first_id(ch) : ch->records[ch->count - 1].id + 1, own = 0;
    size_t channel_size, id_size;
    const char *channel = between(line, size, "<Channel>", &channel_size);
    const char *id = between(line, size, "<EventRecordID>", &id_size);
    if (id == NULL || id_size == 0 || id_size > 19)
        return next;
    if (!ch->is_file &&
        (channel == NULL || channel_size != strlen(ch->name) || _strnicmp(channel, ch->name, channel_size) != 0))
        return next;
    for (size_t i = 0; i < id_size; i++) {
        if (id[i] < '0' || id[i] > '9')
            return next;
        own = own * 10 + (uint64_t)(id[i] - '0');
    }
    return own >= next || ch->count == 0 ? own : next;
}

static void add_line(struct channel *ch, uint64_t offset, const char *line, size_t size)
{
    ch->lines++;
    if (size > 0 && line[size - 1] == '\r')
        size--;
    if (size == 0)
        return;
    if (size < 7 || strncmp(line, "<Event", 6) != 0 || (line[6] != ' ' && line[6] != '>'))
        winsim_abort("winsim: %ls:%u: the line does not begin with <Event", ch->path, ch->lines);
    winsim_reserve((void **)&ch->records, ch->count, &ch->room, sizeof(*ch->records));
    struct record r = {.offset = offset,
                       .id = record_id(ch, line, size),
                       .arrival = channels.arrivals++,
                       .size = (uint32_t)size,
                       .line = ch->lines};
    ch->records[ch->count++] = r;
}

/* Takes the complete lines of the block. Returns whether there was one. */
static bool take_lines(struct channel *ch)
{
    const char *line = ch->block, *end = ch->block + ch->block_size, *stop;
    while (line < end && (stop = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        add_line(ch, ch->block_offset + (uint64_t)(line - ch->block), line, (size_t)(stop - line));
        line = stop + 1;
    }
    ch->read_to = ch->block_offset + (uint64_t)(line - ch->block);
    return line > ch->block;
}

/* Finds which records are gone: cleared, or below the oldest that the scenario names. */
static void drop_old(struct channel *ch)
{
    uint64_t oldest = 0, cleared = 0;
    scenario_number(scenario_now(), SCENARIO_OLDEST, ch->name, &oldest);
    scenario_number(scenario_now(), SCENARIO_CLEARED_LINES, ch->name, &cleared);
    if (cleared > ch->cleared) {
        ch->cleared = cleared;
        ch->clearings++;
    }
    while (ch->first < ch->count && (ch->records[ch->first].id < oldest || ch->records[ch->first].line <= ch->cleared))
        ch->first++;
}

bool channel_refresh(struct channel *ch)
{
    LARGE_INTEGER size;
    size_t before = ch->count, want = BLOCK_SIZE;
    if (!GetFileSizeEx(ch->file, &size))
        winsim_abort("winsim: size of %ls: error %lu", ch->path, GetLastError());
    if ((uint64_t)size.QuadPart < ch->read_to)
        winsim_abort("winsim: %ls has become shorter: lines may only be appended", ch->path);
    while ((uint64_t)size.QuadPart > ch->read_to) {
        read_block(ch, ch->read_to, want);
        if (take_lines(ch)) {
            want = BLOCK_SIZE;
            continue;
        }
        if (ch->block_size < want)
            break; /* the last line is not complete yet */
        if (want > WINSIM_MAX_LINE)
            winsim_abort("winsim: %ls:%u: the line is longer than %u bytes", ch->path, ch->lines + 1, WINSIM_MAX_LINE);
        want *= 2;
    }
    drop_old(ch);
    return ch->count > before;
}

static struct channel *open_channel(const char *name, const wchar_t *path, bool is_file)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    struct channel *ch = winsim_alloc(sizeof(*ch));
    ch->name = winsim_copy(name, strlen(name));
    ch->file = file;
    ch->is_file = is_file;
    wcscpy_s(ch->path, MAX_PATH, path);
    winsim_reserve((void **)&channels.list, channels.count, &channels.room, sizeof(*channels.list));
    channels.list[channels.count++] = ch;
    channel_refresh(ch);
    ch->clearings = 0;
    return ch;
}

static struct channel *known(const char *name)
{
    for (size_t i = 0; i < channels.count; i++) {
        if (channel_name_equal(channels.list[i]->name, name)) {
            channel_refresh(channels.list[i]);
            return channels.list[i];
        }
    }
    return NULL;
}

struct channel *channel_get(const char *name)
{
    char file[3 * 256 + 5]; /* the longest name, each character of it a slash */
    size_t used = 0;
    wchar_t path[MAX_PATH];
    if (scenario_number(scenario_now(), SCENARIO_MISSING, name, NULL) || !channel_is_name(name))
        return NULL;
    struct channel *ch = known(name);
    if (ch != NULL)
        return ch;
    for (const char *c = name; *c != 0; c++) {
        if (*c == '/')
            file[used++] = '%';
        file[used++] = *c == '/' ? '4' : *c;
    }
    memcpy(file + used, ".xml", 5);
    uint16_t *units = wtf8_new_utf16(file);
    winsim_path(path, units);
    free(units);
    return open_channel(name, path, false);
}

struct channel *channel_get_file(const char *path)
{
    struct channel *ch = known(path);
    if (ch != NULL)
        return ch;
    uint16_t *units = wtf8_new_utf16(path);
    if (wcslen(units) < MAX_PATH)
        ch = open_channel(path, units, true);
    free(units);
    return ch;
}

const char *channel_read(struct channel *ch, size_t index)
{
    const struct record *r = &ch->records[index];
    bool is_there = r->offset >= ch->block_offset && r->offset + r->size <= ch->block_offset + ch->block_size;
    if (!is_there)
        read_block(ch, r->offset, r->size > BLOCK_SIZE ? r->size : BLOCK_SIZE);
    if (ch->block_size < r->size)
        winsim_abort("winsim: %ls:%u: the line is gone", ch->path, r->line);
    return ch->block + (r->offset - ch->block_offset);
}

size_t channel_find(const struct channel *ch, uint64_t id)
{
    size_t low = ch->first, high = ch->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ch->records[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
