/*
 * encode_ocsf: ECS document -> OCSF 1.8.0 Detection Finding, class 2004 (github.com/ocsf/ocsf-schema, tag 1.8.0:
 * events/findings/detection_finding.json, objects; config/ocsf.schema.json). A renaming of the same facts; the rule's
 * own row and what only this agent says stand in "unmapped".
 */
#ifndef TRANSPORT_DOCUMENT_ENCODE_OCSF_H
#define TRANSPORT_DOCUMENT_ENCODE_OCSF_H

#include <jansson.h>

/* The caller releases it. NULL: no memory. */
json_t *encode_ocsf(const json_t *ecs);

#endif
