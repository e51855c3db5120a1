/* kql_columns: how kql_tables.c and kql_tables_process.c write down the columns of a table. */
#ifndef DETECT_KQL_KQL_COLUMNS_H
#define DETECT_KQL_KQL_COLUMNS_H

#include "detect/kql/kql_tables.h"

/* One column each: its name, and where its value comes from. */
#define COLUMN(name, type, origin, number, text)                                                                       \
    {                                                                                                                  \
        {#name, sizeof #name - 1}, VALUE_##type, KQL_FROM_##origin, number, text, NULL                                 \
    }
#define FIELD(name, field) COLUMN(name, STRING, FIELD, EVENT_##field, NULL)
#define SYSTEM(name, type, system) COLUMN(name, type, SYSTEM, COLUMN_##system, NULL)
#define DATA(name) COLUMN(name, STRING, DATA, 0, NULL)
#define DATA_INT(name) COLUMN(name, INT, DATA, 0, NULL)
#define TEXT(name, text) COLUMN(name, STRING, TEXT, 0, text)
#define KQL(name, type, text) COLUMN(name, type, KQL, 0, text)
#define KQL_4688(name, text, at_4688)                                                                                  \
    {                                                                                                                  \
        {#name, sizeof #name - 1}, VALUE_STRING, KQL_FROM_KQL, 0, text, at_4688                                        \
    }
#define NOTHING(name, type) COLUMN(name, type, NOWHERE, 0, NULL)

extern const struct kql_table kql_table_device, kql_table_asim;

#endif
