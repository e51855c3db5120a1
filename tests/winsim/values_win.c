#include "tests/winsim/values_win.h"

#include "tests/winsim/event_time.h"
#include "tests/winsim/scenario_win.h"
#include "tests/winsim/wtf8.h"
#include "tests/winsim/xpath_internal.h"

#include <sddl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* win:Pointer of a template; what it becomes is for the scenario to say. */
#define POINTER 0xFF

/* In the order of EVT_SYSTEM_PROPERTY_ID; types: learn.microsoft.com, EVT_SYSTEM_PROPERTY_ID. */
static const struct {
    const char *element, *attribute;
    EVT_VARIANT_TYPE type;
} system_values[EvtSystemPropertyIdEND] = {
    [EvtSystemProviderName] = {"Provider", "Name", EvtVarTypeString},
    [EvtSystemProviderGuid] = {"Provider", "Guid", EvtVarTypeGuid},
    [EvtSystemEventID] = {"EventID", NULL, EvtVarTypeUInt16},
    [EvtSystemQualifiers] = {"EventID", "Qualifiers", EvtVarTypeUInt16},
    [EvtSystemLevel] = {"Level", NULL, EvtVarTypeByte},
    [EvtSystemTask] = {"Task", NULL, EvtVarTypeUInt16},
    [EvtSystemOpcode] = {"Opcode", NULL, EvtVarTypeByte},
    [EvtSystemKeywords] = {"Keywords", NULL, EvtVarTypeUInt64},
    [EvtSystemTimeCreated] = {"TimeCreated", "SystemTime", EvtVarTypeFileTime},
    [EvtSystemEventRecordId] = {"EventRecordID", NULL, EvtVarTypeUInt64},
    [EvtSystemActivityID] = {"Correlation", "ActivityID", EvtVarTypeGuid},
    [EvtSystemRelatedActivityID] = {"Correlation", "RelatedActivityID", EvtVarTypeGuid},
    [EvtSystemProcessID] = {"Execution", "ProcessID", EvtVarTypeUInt32},
    [EvtSystemThreadID] = {"Execution", "ThreadID", EvtVarTypeUInt32},
    [EvtSystemChannel] = {"Channel", NULL, EvtVarTypeString},
    [EvtSystemComputer] = {"Computer", NULL, EvtVarTypeString},
    [EvtSystemUserID] = {"Security", "UserID", EvtVarTypeSid},
    [EvtSystemVersion] = {"Version", NULL, EvtVarTypeByte},
};

/* Data that are no strings: the templates of Security 4688 and Sysmon 1 in the providers' manifests. */
static const struct {
    const char *provider, *name;
    int type;
} data_types[] = {
    {"Microsoft-Windows-Security-Auditing", "SubjectUserSid", EvtVarTypeSid},
    {"Microsoft-Windows-Security-Auditing", "TargetUserSid", EvtVarTypeSid},
    {"Microsoft-Windows-Security-Auditing", "MandatoryLabel", EvtVarTypeSid},
    {"Microsoft-Windows-Security-Auditing", "SubjectLogonId", EvtVarTypeHexInt64},
    {"Microsoft-Windows-Security-Auditing", "TargetLogonId", EvtVarTypeHexInt64},
    {"Microsoft-Windows-Security-Auditing", "NewProcessId", POINTER},
    {"Microsoft-Windows-Security-Auditing", "ProcessId", POINTER},
    {"Microsoft-Windows-Sysmon", "ProcessGuid", EvtVarTypeGuid},
    {"Microsoft-Windows-Sysmon", "ParentProcessGuid", EvtVarTypeGuid},
    {"Microsoft-Windows-Sysmon", "LogonGuid", EvtVarTypeGuid},
    {"Microsoft-Windows-Sysmon", "ProcessId", EvtVarTypeUInt32},
    {"Microsoft-Windows-Sysmon", "ParentProcessId", EvtVarTypeUInt32},
    {"Microsoft-Windows-Sysmon", "TerminalSessionId", EvtVarTypeUInt32},
    {"Microsoft-Windows-Sysmon", "LogonId", EvtVarTypeHexInt64},
};

void context_free(void *context)
{
    struct context *c = context;
    for (size_t i = 0; i < c->count; i++)
        xpath_free(c->paths[i]);
    free(c->paths);
    free(c);
}

static bool is_child_of(const struct event_tree *tree, uint32_t node, const char *parent)
{
    uint32_t above = tree->nodes[node].parent;
    return above != TREE_NONE && strcmp(event_tree_name(tree, above), parent) == 0;
}

static int system_type(const struct event_tree *tree, const struct xpath_found *found)
{
    const char *element = event_tree_name(tree, found->node);
    for (size_t i = 0; i < EvtSystemPropertyIdEND; i++) {
        const char *attribute = system_values[i].attribute;
        if (strcmp(system_values[i].element, element) != 0 || (attribute == NULL) != (found->attribute == NULL))
            continue;
        if (attribute == NULL || strcmp(attribute, found->attribute) == 0)
            return (int)system_values[i].type;
    }
    return EvtVarTypeString;
}

/* A forwarded event has no template here: its data are texts. */
static int data_type(struct event *e, const struct event_tree *tree, uint32_t node)
{
    const char *name = event_tree_attribute(tree, node, "Name");
    uint32_t system = event_tree_child(tree, 0, "System");
    uint32_t provider = system == TREE_NONE ? TREE_NONE : event_tree_child(tree, system, "Provider");
    const char *provider_name = provider == TREE_NONE ? NULL : event_tree_attribute(tree, provider, "Name");
    if (name == NULL || provider_name == NULL || event_is_forwarded(e))
        return EvtVarTypeString;
    for (size_t i = 0; i < sizeof(data_types) / sizeof(data_types[0]); i++)
        if (strcmp(data_types[i].name, name) == 0 && strcmp(data_types[i].provider, provider_name) == 0)
            return data_types[i].type == POINTER ? scenario_now()->pointer_type : data_types[i].type;
    return EvtVarTypeString;
}

static bool parse_guid(GUID *out, const char *text)
{
    unsigned long first;
    unsigned short second, third;
    unsigned char last[8];
    int used = 0;
    int fields = sscanf(text, "{%8lx-%4hx-%4hx-%2hhx%2hhx-%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx}%n", &first, &second, &third,
                        &last[0], &last[1], &last[2], &last[3], &last[4], &last[5], &last[6], &last[7], &used);
    if (fields != 11 || used != 38 || text[used] != 0)
        return false;
    out->Data1 = first;
    out->Data2 = second;
    out->Data3 = third;
    memcpy(out->Data4, last, sizeof(last));
    return true;
}

static bool pack_sid(struct pack *p, size_t i, const char *text)
{
    PSID sid;
    wchar_t *units = wtf8_new_utf16(text);
    bool is_sid = strncmp(text, "S-1-", 4) == 0 && ConvertStringSidToSidW(units, &sid);
    free(units);
    if (!is_sid)
        return false;
    pack_bytes(p, i, EvtVarTypeSid, sid, GetLengthSid(sid));
    LocalFree(sid);
    return true;
}

static bool is_number_type(int type)
{
    return type != EvtVarTypeString && type != EvtVarTypeSid && type != EvtVarTypeGuid && type != EvtVarTypeFileTime;
}

/* A text that is no value of its type, such as "-" or an account's name for a SID, stays a text. */
static void pack_value(struct pack *p, size_t i, int type, const char *text)
{
    GUID guid;
    uint64_t number;
    if (type == EvtVarTypeSid && pack_sid(p, i, text))
        return;
    if (type == EvtVarTypeGuid && parse_guid(&guid, text))
        pack_bytes(p, i, EvtVarTypeGuid, &guid, sizeof(guid));
    else if (type == EvtVarTypeFileTime && event_time_parse(&number, text))
        pack_number(p, i, EvtVarTypeFileTime, number);
    else if (is_number_type(type) && xpath_number(&number, text))
        pack_number(p, i, (EVT_VARIANT_TYPE)type, number);
    else
        pack_string(p, i, text);
}

static void pack_found(struct pack *p, size_t i, struct event *e, const struct xpath_found *found)
{
    const struct event_tree *tree = event_tree_of(e);
    int type = EvtVarTypeString;
    if (found->attribute == NULL && tree->nodes[found->node].is_null)
        return;
    if (is_child_of(tree, found->node, "System"))
        type = system_type(tree, found);
    else if (found->attribute == NULL && is_child_of(tree, found->node, "EventData"))
        type = data_type(e, tree, found->node);
    pack_value(p, i, type, found->value);
}

static size_t pack_paths(struct pack *p, struct event *e, const struct context *c)
{
    pack_begin(p, c->count);
    for (size_t i = 0; i < c->count; i++) {
        struct xpath_found found;
        if (xpath_find(&found, c->paths[i], event_tree_of(e)))
            pack_found(p, i, e, &found);
    }
    return c->count;
}

static size_t pack_system(struct pack *p, struct event *e)
{
    const struct event_tree *tree = event_tree_of(e);
    uint32_t system = event_tree_child(tree, 0, "System");
    size_t count = EvtSystemPropertyIdEND + scenario_now()->extra_properties;
    pack_begin(p, count);
    for (size_t i = 0; i < EvtSystemPropertyIdEND && system != TREE_NONE; i++) {
        uint32_t node = event_tree_child(tree, system, system_values[i].element);
        if (node == TREE_NONE || (system_values[i].attribute == NULL && tree->nodes[node].is_null))
            continue;
        const char *text = system_values[i].attribute == NULL
                               ? event_tree_text(tree, node)
                               : event_tree_attribute(tree, node, system_values[i].attribute);
        if (text != NULL)
            pack_value(p, i, (int)system_values[i].type, text);
    }
    return count;
}

/* The leaves of EventData or UserData in their order. */
static size_t pack_user(struct pack *p, struct event *e)
{
    const struct event_tree *tree = event_tree_of(e);
    uint32_t data = event_tree_child(tree, 0, "EventData");
    if (data == TREE_NONE)
        data = event_tree_child(tree, 0, "UserData");
    size_t count = 0, i = 0;
    uint32_t end =
        data == TREE_NONE || tree->nodes[data].next == TREE_NONE ? (uint32_t)tree->node_count : tree->nodes[data].next;
    for (uint32_t n = data; data != TREE_NONE && n < end; n++)
        count += n != data && tree->nodes[n].first_child == TREE_NONE ? 1 : 0;
    pack_begin(p, count);
    for (uint32_t n = data; data != TREE_NONE && n < end; n++) {
        struct xpath_found found = {n, NULL, event_tree_text(tree, n)};
        if (n != data && tree->nodes[n].first_child == TREE_NONE)
            pack_found(p, i++, e, &found);
    }
    return count;
}

size_t values_pack(struct pack *p, struct event *e, const struct context *c)
{
    if (c->flags == EvtRenderContextSystem)
        return pack_system(p, e);
    return c->flags == EvtRenderContextUser ? pack_user(p, e) : pack_paths(p, e, c);
}
