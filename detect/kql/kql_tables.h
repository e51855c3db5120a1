/*
 * kql_tables: the tables that a query may begin with, their columns, and where each column's value stands in an event
 * here.
 *
 * Sources: learn.microsoft.com/azure/azure-monitor/reference/tables (SecurityEvent, WindowsEvent, Event,
 * DeviceProcessEvents: names and types of columns),
 * learn.microsoft.com/azure/sentinel/normalization-schema-process-event (ASIM), docs/rule-semantics.md (fields of 4688,
 * Sysmon 1 and ETW). Names differ by letter case, as in Kusto.
 */
#ifndef DETECT_KQL_KQL_TABLES_H
#define DETECT_KQL_KQL_TABLES_H

#include "detect/expression/column.h"

enum kql_table_kind {
    KQL_SECURITY_EVENT, /* open: any event of the Security log, with its data under the documented columns */
    KQL_WINDOWS_EVENT,  /* open: any event, its data as members of EventData */
    KQL_EVENT,          /* open: any event, its data within the XML text EventData */
    KQL_DEVICE_PROCESS_EVENTS,
    KQL_ASIM_PROCESS,
};

/* Where a column's value comes from. */
enum kql_origin {
    KQL_FROM_NOWHERE, /* nothing here knows it: empty, or null */
    KQL_FROM_FIELD,   /* number: enum event_field */
    KQL_FROM_SYSTEM,  /* number: enum column_system */
    KQL_FROM_DATA,    /* the event's own data of the column's name */
    KQL_FROM_TEXT,    /* always `text` */
    KQL_FROM_KQL,     /* `text` is an expression over the table's columns and the fields that KQL_FIELD names name */
    KQL_FROM_BAG,     /* WindowsEvent's EventData */
    KQL_FROM_XML,     /* EventData as XML text */
};

struct kql_table_column {
    struct text name;
    enum value_type type;
    enum kql_origin origin;
    unsigned number;
    const char *text;
    const char *at_4688; /* KQL_FROM_KQL: the same for 4688 alone, where that is simpler; or NULL */
};

struct kql_table {
    struct text name; /* as documented; ASIM's parsers have many names */
    enum kql_table_kind kind;
    const struct kql_table_column *columns;
    size_t count;
};

/* The table of that name, or NULL. */
const struct kql_table *kql_table_find(struct text name);

/* Is it the name of a table of Sentinel or Defender that holds no Windows events that are read here? */
bool kql_table_is_elsewhere(struct text name);

/* The table here that word was probably meant to be, or an absent text. */
struct text kql_table_nearest(struct text word);

/* The column of that name, or NULL. */
const struct kql_table_column *kql_table_column(const struct kql_table *table, struct text name);

/* A canonical field by the name that KQL_FROM_KQL's texts give it ("$image"). */
bool kql_table_field(enum event_field *out, struct text name);

#endif
