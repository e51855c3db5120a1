/*
 * encode_sentinel: ECS document -> the rule's own row alone, flat, as a custom table of Log Analytics takes it. "Type"
 * is reserved there and is left out ("SourceTable" says the same); AlertId is ours (and FollowsAlertId and IsTest,
 * where they say something), for without it repeats could not be told
 * (learn.microsoft.com/azure/azure-monitor/logs/create-custom-table; config/sentinel.schema.json).
 */
#ifndef TRANSPORT_DOCUMENT_ENCODE_SENTINEL_H
#define TRANSPORT_DOCUMENT_ENCODE_SENTINEL_H

#include <jansson.h>

/* The caller releases it. NULL: no memory. */
json_t *encode_sentinel(const json_t *ecs);

#endif
