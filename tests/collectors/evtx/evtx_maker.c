#include "tests/collectors/evtx/evtx_maker.h"

#include <assert.h>

#define CHUNK_HEADER 512u

/* 2024-05-06T03:08:09Z */
#define WRITTEN 133594384890000000u

static void put(struct evtx_maker *m, const void *bytes, size_t size)
{
    assert(size <= sizeof(m->bytes) - m->size);
    if (size > 0)
        memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void put_number(struct evtx_maker *m, uint64_t value, size_t size)
{
    put(m, &value, size);
}

static void set_number(struct evtx_maker *m, size_t at, uint64_t value, size_t size)
{
    memcpy(m->bytes + at, &value, size);
}

static uint64_t here(const struct evtx_maker *m)
{
    return m->size - m->chunk;
}

static void put_ascii(struct evtx_maker *m, const char *text)
{
    for (; *text != '\0'; text++)
        put_number(m, (unsigned char)*text, 2);
}

/* A name where it stands first. */
static void put_name(struct evtx_maker *m, const char *name)
{
    put_number(m, here(m) + 4, 4);
    put_number(m, 0, 6);
    put_number(m, strlen(name), 2);
    put_ascii(m, name);
    put_number(m, 0, 2);
}

static void put_text(struct evtx_maker *m, const char *text)
{
    put_number(m, EVTX_TOKEN_TEXT, 1);
    put_number(m, EVTX_STRING, 1);
    put_number(m, strlen(text), 2);
    put_ascii(m, text);
}

static void put_substitution(struct evtx_maker *m, bool is_optional, unsigned number, unsigned type)
{
    put_number(m, is_optional ? EVTX_TOKEN_OPTIONAL : EVTX_TOKEN_SUBSTITUTION, 1);
    put_number(m, number, 2);
    put_number(m, type, 1);
}

static void begin_element(struct evtx_maker *m, bool is_template, bool has_attributes, const char *name)
{
    put_number(m, EVTX_TOKEN_ELEMENT | (has_attributes ? EVTX_TOKEN_MORE : 0), 1);
    if (is_template)
        put_number(m, EVTX_NO_NUMBER, 2);
    put_number(m, 0, 4);
    put_name(m, name);
    if (has_attributes)
        put_number(m, 0, 4);
}

static void put_attribute(struct evtx_maker *m, const char *name)
{
    put_number(m, EVTX_TOKEN_ATTRIBUTE, 1);
    put_name(m, name);
}

static void put_token(struct evtx_maker *m, enum evtx_token token)
{
    put_number(m, token, 1);
}

static void put_fragment(struct evtx_maker *m)
{
    put_number(m, 0x0001010F, 4);
}

void evtx_maker_start(struct evtx_maker *m)
{
    memset(m, 0, sizeof(*m));
    put(m, EVTX_FILE_SIGNATURE, EVTX_SIGNATURE_SIZE);
    set_number(m, 32, 0x80, 4);
    set_number(m, 36, 0x00030001, 4);
    set_number(m, 40, 4096, 2);
    m->size = m->chunk = EVTX_FILE_HEADER_SIZE;
}

static void end_chunk(struct evtx_maker *m)
{
    if (m->size == m->chunk)
        return;
    assert(here(m) <= EVTX_CHUNK_SIZE);
    set_number(m, m->chunk + 48, here(m), 4);
    m->size = m->chunk = m->chunk + EVTX_CHUNK_SIZE;
    m->template = 0;
}

void evtx_maker_chunk(struct evtx_maker *m)
{
    end_chunk(m);
    put(m, EVTX_CHUNK_SIGNATURE, EVTX_SIGNATURE_SIZE);
    set_number(m, m->chunk + 40, 0x80, 4);
    m->size = m->chunk + CHUNK_HEADER;
}

void evtx_maker_end(struct evtx_maker *m)
{
    end_chunk(m);
    set_number(m, 42, (m->size - EVTX_FILE_HEADER_SIZE) / EVTX_CHUNK_SIZE, 2);
}

static void begin_record(struct evtx_maker *m, uint64_t id)
{
    m->record = m->size;
    put(m, "**\0\0\0\0\0\0", 8);
    put_number(m, id, 8);
    put_number(m, WRITTEN + id, 8);
    put_fragment(m);
}

static void end_record(struct evtx_maker *m)
{
    put_token(m, EVTX_TOKEN_END);
    while ((m->size - m->record) % 8 != 4)
        put_number(m, 0, 1);
    put_number(m, m->size - m->record + 4, 4);
    set_number(m, m->record + 4, m->size - m->record, 4);
}

static void put_data(struct evtx_maker *m, const char *name, unsigned number, unsigned type)
{
    begin_element(m, true, true, "Data");
    put_attribute(m, "Name");
    put_text(m, name);
    put_token(m, EVTX_TOKEN_CONTENT);
    put_substitution(m, false, number, type);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
}

static void put_simple(struct evtx_maker *m, const char *name, unsigned number, unsigned type)
{
    begin_element(m, true, false, name);
    put_token(m, EVTX_TOKEN_CONTENT);
    put_substitution(m, true, number, type);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
}

static void put_system(struct evtx_maker *m)
{
    begin_element(m, true, false, "System");
    put_token(m, EVTX_TOKEN_CONTENT);
    begin_element(m, true, true, "Provider");
    put_attribute(m, "Name");
    put_text(m, "Microsoft-Windows-Sysmon");
    put_attribute(m, "Guid");
    put_substitution(m, true, 3, EVTX_GUID);
    put_token(m, EVTX_TOKEN_EMPTY);
    put_simple(m, "EventID", 0, EVTX_UINT16);
    begin_element(m, true, true, "TimeCreated");
    put_attribute(m, "SystemTime");
    put_substitution(m, true, 1, EVTX_FILETIME);
    put_token(m, EVTX_TOKEN_EMPTY);
    put_simple(m, "EventRecordID", 2, EVTX_UINT64);
    begin_element(m, true, false, "Channel");
    put_token(m, EVTX_TOKEN_CONTENT);
    put_text(m, "Microsoft-Windows-Sysmon/Operational");
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    begin_element(m, true, false, "Computer");
    put_token(m, EVTX_TOKEN_CONTENT);
    put_text(m, "host.example");
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
}

/* Begins the definition of a template; returns where its size stands. */
static size_t begin_definition(struct evtx_maker *m, uint32_t id)
{
    put_number(m, 0, 4);
    put_number(m, id, 8);
    put_number(m, 0, 8);
    put_number(m, 0, 4);
    put_fragment(m);
    return m->size - 8;
}

static void end_definition(struct evtx_maker *m, size_t size_at)
{
    put_token(m, EVTX_TOKEN_END);
    set_number(m, size_at, m->size - size_at - 4, 4);
}

/* An instance of the template at offset; 0: its definition follows, which the caller writes. */
static void begin_instance(struct evtx_maker *m, uint32_t id, size_t offset)
{
    put_token(m, EVTX_TOKEN_INSTANCE);
    put_number(m, 1, 1);
    put_number(m, id, 4);
    put_number(m, offset > 0 ? offset : here(m) + 4, 4);
}

static void put_values(struct evtx_maker *m, const struct evtx_maker_value *values, size_t count)
{
    put_number(m, count, 4);
    for (size_t i = 0; i < count; i++) {
        put_number(m, values[i].size, 2);
        put_number(m, values[i].type, 2);
    }
    for (size_t i = 0; i < count; i++)
        put(m, values[i].bytes, values[i].size);
}

void evtx_maker_process(struct evtx_maker *m, uint64_t id, const uint16_t *command, size_t units)
{
    uint64_t time = WRITTEN + id;
    uint16_t event_id = 1;
    uint32_t pid = 4321;
    const struct evtx_maker_value values[] = {{EVTX_UINT16, &event_id, 2},
                                              {EVTX_FILETIME, &time, 8},
                                              {EVTX_UINT64, &id, 8},
                                              {EVTX_NULL, NULL, 0},
                                              {EVTX_STRING, u"C:\\a.exe", 16},
                                              {EVTX_UINT32, &pid, 4},
                                              {EVTX_STRING, command, 2 * units}};
    begin_record(m, id);
    begin_instance(m, 0x1234, m->template);
    if (m->template == 0) {
        m->template = here(m);
        size_t size_at = begin_definition(m, 0x1234);
        begin_element(m, true, true, "Event");
        put_attribute(m, "xmlns");
        put_text(m, "http://schemas.microsoft.com/win/2004/08/events/event");
        put_token(m, EVTX_TOKEN_CONTENT);
        put_system(m);
        begin_element(m, true, false, "EventData");
        put_token(m, EVTX_TOKEN_CONTENT);
        put_data(m, "Image", 4, EVTX_STRING);
        put_data(m, "ProcessId", 5, EVTX_UINT32);
        put_data(m, "CommandLine", 6, EVTX_STRING);
        put_token(m, EVTX_TOKEN_ELEMENT_END);
        put_token(m, EVTX_TOKEN_ELEMENT_END);
        end_definition(m, size_at);
    }
    put_values(m, values, sizeof(values) / sizeof(values[0]));
    end_record(m);
}

void evtx_maker_ascii(struct evtx_maker *m, uint64_t id, const char *command)
{
    uint16_t units[1024];
    size_t count = 0;
    for (; command[count] != '\0'; count++)
        units[count] = (unsigned char)command[count];
    evtx_maker_process(m, id, units, count);
}

void evtx_maker_forwarded(struct evtx_maker *m, uint64_t id, const char *text)
{
    begin_record(m, id);
    begin_element(m, false, false, "Event");
    put_token(m, EVTX_TOKEN_CONTENT);
    begin_element(m, false, false, "EventData");
    put_token(m, EVTX_TOKEN_CONTENT);
    for (int i = 0; i < 2; i++) {
        begin_element(m, false, false, "Data");
        put_token(m, EVTX_TOKEN_CONTENT);
        put_text(m, text);
        put_token(m, EVTX_TOKEN_ELEMENT_END);
    }
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    begin_element(m, false, false, "RenderingInfo");
    put_token(m, EVTX_TOKEN_EMPTY);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    end_record(m);
}

void evtx_maker_empty(struct evtx_maker *m, uint64_t id, size_t count)
{
    begin_record(m, id);
    begin_element(m, false, false, "Event");
    put_token(m, EVTX_TOKEN_CONTENT);
    begin_element(m, false, false, "System");
    put_token(m, EVTX_TOKEN_CONTENT);
    begin_element(m, false, true, "Provider");
    put_attribute(m, "Name");
    put_text(m, "Microsoft-Windows-Sysmon");
    put_token(m, EVTX_TOKEN_EMPTY);
    begin_element(m, false, false, "EventID");
    put_token(m, EVTX_TOKEN_CONTENT);
    put_text(m, "1");
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    begin_element(m, false, false, "EventData");
    put_token(m, EVTX_TOKEN_CONTENT);
    for (size_t i = 0; i < count; i++) {
        begin_element(m, false, false, "Data");
        put_token(m, EVTX_TOKEN_EMPTY);
    }
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    end_record(m);
}

void evtx_maker_value(struct evtx_maker *m, uint64_t id, const struct evtx_maker_value *value)
{
    begin_record(m, id);
    begin_instance(m, 0x99, 0);
    size_t size_at = begin_definition(m, 0x99);
    begin_element(m, true, false, "Event");
    put_token(m, EVTX_TOKEN_CONTENT);
    begin_element(m, true, false, "EventData");
    put_token(m, EVTX_TOKEN_CONTENT);
    put_data(m, "x", 0, value->type);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    put_token(m, EVTX_TOKEN_ELEMENT_END);
    end_definition(m, size_at);
    put_values(m, value, 1);
    end_record(m);
}
